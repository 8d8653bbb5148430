"""The answer of `finops recommend lifecycle`: what to move, expire or keep for less, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.config.settings import Settings
from finops.document import Basis, Column, Document, Rows
from finops.recommend.lifecycle_classes import S3, STANDARD
from finops.recommend.lifecycle_ebs import EC2, GP2, not_judged, to_gp3
from finops.recommend.lifecycle_inventory import Sizes, read_inventory
from finops.recommend.lifecycle_others import kept, log_groups, snapshots
from finops.recommend.lifecycle_prices import StoragePrices
from finops.recommend.lifecycle_rows import MORE
from finops.recommend.lifecycle_s3 import UNREAD_DAYS, Asked, Verdict, storage_class_of
from finops.recommend.lifecycle_s3_kept import kept_too_dear
from finops.recommend.lifecycle_standards import Held, broken, held_standards
from finops.recommend.lifecycle_usage import Holder, Window, of_service, stored_usage
from finops.recommend.row import BY_CLASS, Recommendation, document
from finops.recommend.sequence import by_class, settled

if TYPE_CHECKING:
    from finops.usage import Usage

_CLASSES = (
    Column("storage_class"),
    Column("buckets", "count"),
    Column("gb", "money"),
    Column("storage_cost", "money"),
)
_VERDICTS = (
    Column("verdict"),
    Column("buckets", "count"),
    Column("standard_gb", "money"),
    Column("storage_cost", "money"),
)
_STANDARDS = (
    Column("resource"),
    Column("account", shown="never"),
    Column("region", shown="never"),
    Column("standard"),
    Column("rule"),
    Column("state"),
    Column("why"),
)
_BUCKETS = (
    Column("bucket"),
    Column("account"),
    Column("region"),
    Column("storage_classes"),
    Column("gb"),
    Column("standard_gb"),
    Column("storage_cost", "money"),
    Column("growth_gb"),
    Column("reads"),
    Column("writes"),
    Column("retrieved_gb"),
    Column("early_delete_cost", "money"),
    Column("verdict"),
)
_EXACT = Decimal("1e-10")
# A file that differs from the bill by more than this share of its GB is of another day or of a part of the bucket.
_DIFFERS = Decimal("0.1")
# The action names the resource and its class.
_HIDDEN = {"account", "region", "owner"}


@dataclass(frozen=True)
class KeptAndStored:
    """Advice on what is stored, settled in sequence, with what it was made from; `problems` are its own."""

    rows: Sequence[Recommendation]
    holders: Sequence[Holder]
    buckets: Sequence[tuple[Holder, Verdict]]
    standards: Sequence[Held]
    window: Window
    problems: Sequence[Problem]


def lifecycle(usage: Usage, prices: StoragePrices, settings: Settings, inventory: Path | None = None) -> Document:
    """The document. Raises UsageError or DataError where the inventory cannot be read."""
    found = kept_and_stored(usage, prices, settings, inventory)
    window = found.window
    made = document(
        "recommend lifecycle",
        Basis(window.start, window.end, None, usage.currency, usage.final, None, usage.described),
        found.rows,
        MORE,
        totals={
            "by_class": Rows.of(BY_CLASS, by_class(found.rows)),
            **_totals(found.buckets),
            "standards": Rows.of(_STANDARDS, [_stated(one) for one in found.standards]),
        },
        problems=[*usage.problems, *found.problems],
        hidden=_HIDDEN,
    )
    return replace(made, folded=frozenset({"buckets"}))


def kept_and_stored(
    usage: Usage, prices: StoragePrices, settings: Settings, inventory: Path | None = None
) -> KeptAndStored:
    """The advice on all that is stored. Raises UsageError or DataError where the inventory cannot be read."""
    sizes = read_inventory(inventory) if inventory else {}
    asked = Asked(prices, settings, sizes)
    holders, window, problems = stored_usage(usage)
    buckets = [(one, storage_class_of(one, asked)) for one in of_service(holders, S3)]
    rows = [verdict.advice for _, verdict in buckets if verdict.advice is not None]
    rows += [row for one, _ in buckets for row in kept_too_dear(one, asked)]
    volumes = [one for one in of_service(holders, EC2) if one.gb(GP2)]
    rows += to_gp3(volumes, prices, settings)
    rows += [*log_groups(holders, prices, settings), *snapshots(holders, settings), *kept(holders, settings)]
    standards = held_standards(holders, settings)
    rows += broken(standards, settings)
    problems += [*_short(window.history), *_differing(buckets, sizes), *not_judged(volumes)]
    return KeptAndStored(sorted(settled(rows), key=_order), holders, buckets, standards, window, problems)


def _order(row: Recommendation) -> tuple[Any, ...]:
    """What has a figure first, the largest saving; then what costs most."""
    return row.saving is None, -(row.saving or 0), -(row.current_cost or 0), row.kind, row.where


def _totals(found: Sequence[tuple[Holder, Verdict]]) -> dict[str, Any]:
    """The mix of classes, what was found of how many buckets, and each bucket for itself."""
    classes = sorted({name for one, _ in found for name in one.classes})
    verdicts = dict.fromkeys(verdict.words for _, verdict in found)
    return {
        "storage_classes": Rows.of(_CLASSES, [_mix(name, [one for one, _ in found]) for name in classes]),
        "verdicts": Rows.of(
            _VERDICTS, [_counted(words, [one for one, said in found if said.words == words]) for words in verdicts]
        ),
        "buckets": Rows.of(_BUCKETS, [_told(one, verdict) for one, verdict in found]),
    }


def _stated(one: Held) -> tuple[str, ...]:
    return one.name, one.holder.account, one.holder.region, one.standard, one.rule, one.state, one.why


def _mix(name: str, buckets: Sequence[Holder]) -> tuple[Any, ...]:
    having = [one for one in buckets if name in one.classes]
    return name, len(having), _sum(one.gb(name) for one in having), _sum(one.storage_cost(name) for one in having)


def _counted(words: str, buckets: Sequence[Holder]) -> tuple[Any, ...]:
    gb, cost = _sum(one.gb(STANDARD) for one in buckets), _sum(one.storage_cost() for one in buckets)
    return words, len(buckets), gb, cost


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0)).quantize(_EXACT)


def _told(bucket: Holder, verdict: Verdict) -> tuple[Any, ...]:
    values = (
        bucket.gb(),
        bucket.gb(STANDARD),
        bucket.storage_cost(),
        bucket.growth,
        bucket.monthly("reads"),
        bucket.written,
        bucket.monthly("retrieved"),
        bucket.monthly_cost("deleted early"),
    )
    exact = (None if value is None else value.quantize(_EXACT) for value in values)
    return (bucket.name, bucket.account, bucket.region, ", ".join(bucket.classes), *exact, verdict.words)


def _short(days: int) -> list[Problem]:
    if days >= UNREAD_DAYS:
        return []
    text = f"{days} days are loaded: what is read less often than that looks as if nobody read it"
    return [Problem("short_lifecycle_history", text)]


def _differing(found: Sequence[tuple[Holder, Verdict]], sizes: Mapping[str, Sizes]) -> list[Problem]:
    names = []
    for bucket, _ in found:
        if bucket.name in sizes:
            by_bill, by_file = bucket.gb(STANDARD), Decimal(sizes[bucket.name].bytes) / 2**30
            if abs(by_bill - by_file) > by_bill * _DIFFERS:
                names.append(f"{bucket.name} ({by_file:,.1f} GB, in the bill {by_bill:,.1f})")
    if not names:
        return []
    text = "current objects in Standard by the inventory differ from the bill: sizes are the file's, GB the bill's"
    return [Problem("inventory_differs", text, ", ".join(names[:3]))]
