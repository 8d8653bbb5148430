"""Where the Standard storage of a bucket belongs, from the bill: colder classes for what nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from finops.config.settings import Settings
from finops.recommend.lifecycle_classes import STANDARD, Target, Tiering, targets, tiering
from finops.recommend.lifecycle_inventory import Sizes
from finops.recommend.lifecycle_moves import (
    KIB_PER_GB,
    break_even_kib,
    break_even_reads,
    object_saving,
    tiering_break_even_kib,
)
from finops.recommend.lifecycle_prices import StoragePrices
from finops.recommend.lifecycle_rows import facts_of, more_of, row_of, with_saving
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Class, Recommendation

KIND = "s3_storage_class"
# Below this a rule is not worth anybody's time; GB and USD a month.
LEAST_GB, LEAST_COST = 50, 5
# What was not read for so long is cold.
UNREAD_DAYS = 90
# A move that takes longer to pay back is not advised.
MOST_MONTHS = 12
# S3 Lifecycle leaves smaller objects where they are, unless a rule says otherwise.
_FLOOR_KIB = Decimal(128)
_TIERED = "INTELLIGENT_TIERING"
_NONE = Decimal(0)


@dataclass(frozen=True)
class Asked:
    """What advice is made with: prices, settings, and sizes by bucket where a file gave them."""

    prices: StoragePrices
    settings: Settings
    sizes: Mapping[str, Sizes]


@dataclass(frozen=True)
class Verdict:
    """What was found of one bucket in a few words, and the advice if there is any."""

    words: str
    advice: Recommendation | None = None


@dataclass(frozen=True)
class _Plan:
    """A move worked out: what moves at once, its saving a month, also if all is read once a year, its cost once."""

    target: Target
    gb: Decimal
    objects: Decimal
    kib: Decimal
    saving: Decimal
    if_read: Decimal
    one_off: Decimal


def storage_class_of(bucket: Holder, asked: Asked) -> Verdict:
    """Whether the Standard storage of a bucket belongs elsewhere."""
    if veto := _veto(bucket):
        return Verdict(veto)
    sizes = asked.sizes.get(bucket.name)
    if _is_read(bucket):
        tiers = tiering(bucket, asked.prices)
        return _tiered(bucket, tiers, sizes, asked) if tiers else _unpriced(bucket, "Intelligent-Tiering", asked)
    known = list(targets(bucket, asked.prices))
    if not known:
        return _unpriced(bucket, "Standard-IA", asked)
    return _moved(bucket, known, sizes, asked) if sizes else _unsized(bucket, known, asked)


def _veto(bucket: Holder) -> str:
    gb = bucket.gb(STANDARD)
    if not gb:
        return "nothing in Standard"
    if not bucket.is_alive:
        return "gone by the last days"
    if gb < LEAST_GB or bucket.storage_cost(STANDARD) < LEAST_COST:
        return f"Standard is below {LEAST_GB} GB or {LEAST_COST} a month"
    return "has transitions already" if bucket.last_day("transitions") else ""


def _is_read(bucket: Holder) -> bool:
    last = bucket.last_day("reads")
    return last is not None and last >= bucket.window.end - timedelta(days=UNREAD_DAYS)


def _unpriced(bucket: Holder, name: str, asked: Asked) -> Verdict:
    """No figure: a price of another region is none of this one."""
    action = f"{bucket.name}: prices of {name} in {bucket.region} are not known; finops prices refresh"
    facts = f"{facts_of(bucket)}; neither the bill nor a price list of the region has them"
    return Verdict(f"no price of {name}", _row(bucket, asked, action, facts, "unknown"))


def _unsized(bucket: Holder, known: list[Target], asked: Asked) -> Verdict:
    """No figure, but the size of object from which a move pays."""
    best = max(known, key=lambda one: one.move.price_from - one.move.price_to)
    least = _least(best)
    if least is None:
        return Verdict("no class is cheaper")
    name = best.storage_class.name
    action = (
        f"how large are the objects of {bucket.name}? {name} pays back within {MOST_MONTHS} months "
        f"from {least:,.0f} KiB on average"
    )
    facts = f"{facts_of(bucket)}; --inventory FILE tells sizes; {_limits(best)}; {best.words}"
    more = more_of(best.storage_class.id, least)
    return Verdict("object size unknown", _row(bucket, asked, action, facts, best.basis, "needs data", more))


def _least(to: Target) -> Decimal | None:
    size = break_even_kib(to.move, MOST_MONTHS)
    return None if size is None else max(size, _FLOOR_KIB)


def _limits(to: Target) -> str:
    reads = break_even_reads(to.move)
    often = f"loses if all is read more than {reads:.2f} times a month" if reads is not None else "reading it is free"
    return f"{often}, or if objects live there for less than {to.storage_class.min_days} days"


def _moved(bucket: Holder, known: list[Target], sizes: Sizes, asked: Asked) -> Verdict:
    """The class that saves most in the first year, its transitions paid."""
    if not sizes.movable_objects:
        return Verdict("objects are below 128 KiB, which S3 Lifecycle does not move")
    plan = max((_plan(bucket, one, sizes) for one in known), key=lambda one: 12 * one.saving - one.one_off)
    if plan.saving <= 0:
        return Verdict("no class saves with objects of this size and turnover")
    if plan.one_off > plan.saving * MOST_MONTHS:
        return Verdict(f"would pay back after {plan.one_off / plan.saving:.1f} months only")
    return Verdict(f"to {plan.target.storage_class.name}", _planned(bucket, plan, sizes, asked))


def _plan(bucket: Holder, to: Target, sizes: Sizes) -> _Plan:
    """Objects of the last 30 days stay; each month as many grow old as are written, and pay their transition.

    Written are at least as many as the bucket grows by: some services write without a request on the bill.
    """
    objects, kib = _movable(bucket, sizes)
    grown = objects * max(bucket.growth or _NONE, _NONE) / bucket.gb()
    young = min(objects, max(grown, bucket.written * sizes.movable_objects / sizes.objects))
    moved, fees = objects - young, young * to.move.fee
    if_read = moved * object_saving(to.move, kib, Decimal(1) / 12) - fees
    saving = moved * object_saving(to.move, kib) - fees
    return _Plan(to, moved * kib / KIB_PER_GB, moved, kib, saving, if_read, moved * to.move.fee)


def _movable(bucket: Holder, sizes: Sizes) -> tuple[Decimal, Decimal]:
    """How many objects may move and their mean size in KiB: the share is the file's, the GB are the bill's."""
    kib = Decimal(sizes.movable_bytes) / sizes.movable_objects / 1024
    return bucket.gb(STANDARD) * sizes.movable_bytes / sizes.bytes * KIB_PER_GB / kib, kib


def _planned(bucket: Holder, plan: _Plan, sizes: Sizes, asked: Asked) -> Recommendation:
    to = plan.target.storage_class
    certainty: Class = "measured" if sizes.exact and bucket.window.history >= UNREAD_DAYS else "upper bound"
    action = (
        f"move {bucket.name} to {to.name} at 30 days: {plan.one_off:,.2f} once, "
        f"pays back in {plan.one_off / plan.saving:.1f} months"
    )
    how = "sizes of each object" if sizes.exact else "mean size only: smaller ones do not move, so at most"
    facts = (
        f"{facts_of(bucket)}; {plan.gb:,.1f} GB in {plan.objects:,.0f} objects of {plan.kib:,.0f} KiB move ({how}); "
        f"{_limits(plan.target)}; low: all of it read once a year; {plan.target.words}"
    )
    more = more_of(to.id, _least(plan.target), plan.gb, plan.one_off)
    row = _row(bucket, asked, action, facts, plan.target.basis, certainty, more)
    return with_saving(row, plan.saving, plan.if_read, plan.one_off)


def _tiered(bucket: Holder, tiers: Tiering, sizes: Sizes | None, asked: Asked) -> Verdict:
    """Reads are seen, but not of which objects: only Intelligent-Tiering has no retrieval to pay."""
    size = tiering_break_even_kib(tiers.monitoring, tiers.price_from, tiers.infrequent)
    if size is None:
        return Verdict("read, and Intelligent-Tiering is no cheaper")
    least = max(size, _FLOOR_KIB)
    facts = f"{facts_of(bucket)}; {bucket.monthly('reads'):,.0f} objects read a month; {tiers.words}"
    if sizes is None:
        action = (
            f"how large are the objects of {bucket.name}? as it is read, only Intelligent-Tiering can pay, "
            f"from {least:,.0f} KiB on average"
        )
        facts += "; --inventory FILE tells sizes"
        more = more_of(_TIERED, least)
        return Verdict("read, object size unknown", _row(bucket, asked, action, facts, tiers.basis, more=more))
    if not sizes.movable_objects or _movable(bucket, sizes)[1] < least:
        return Verdict(f"read, and its objects are below {least:,.0f} KiB on average")
    return Verdict("to Intelligent-Tiering", _tier_plan(bucket, tiers, sizes, facts, asked, least))


def _tier_plan(
    bucket: Holder, tiers: Tiering, sizes: Sizes, facts: str, asked: Asked, least: Decimal
) -> Recommendation:
    """At most all of it sinks into the infrequent tier, at least nothing does and monitoring is paid for it."""
    objects, kib = _movable(bucket, sizes)
    gb, watched, one_off = objects * kib / KIB_PER_GB, objects * tiers.monitoring, objects * tiers.fee
    saving = gb * (tiers.price_from - tiers.infrequent) - watched
    action = f"move {bucket.name} to Intelligent-Tiering: {one_off:,.2f} once; saves if it is not all read every month"
    facts += (
        f"; high: all of it goes unread for 30 days, low: nothing does, and monitoring costs {watched:,.2f} a month"
    )
    row = _row(bucket, asked, action, facts, tiers.basis, "upper bound", more_of(_TIERED, least, gb, one_off))
    return with_saving(row, saving, -watched, one_off)


def _row(
    bucket: Holder,
    asked: Asked,
    action: str,
    facts: str,
    basis: str,
    certainty: Class = "needs data",
    more: Mapping[str, object] | None = None,
) -> Recommendation:
    cost = bucket.storage_cost(STANDARD)
    return row_of(bucket, asked.settings, KIND, cost, action, facts, basis, certainty, more)
