"""The answer of `finops recommend spot`: what could move, what is left of the saving, what must not, what did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.prices.lookup import price_of
from finops.recommend.hours import ON_DEMAND, Facts
from finops.recommend.hours_left import HoursLeft, hours_left
from finops.recommend.row import Recommendation, document, monthly
from finops.recommend.spot_groups import is_whole, veto_of, vetoes
from finops.recommend.spot_hours import Found, Moved, Part, groups, moved_of, parts_of, take_advice
from finops.recommend.spot_prices import SpotBook, SpotPrice, spot_price
from finops.recommend.spot_rerun import Pool, at, freed_covers, joined, scaled, without
from finops.recommend.waste import wasted

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.recommend.hours import Floats
    from finops.usage import Usage

KIND = "spot"
_HOURS = Decimal(730)
_EXACT = Decimal("1e-10")
# A re-run is done in floating point: what differs by less is the same.
_NOISE = Decimal("1e-6")
_NAMES = {
    "auto_scaling": "Auto Scaling group", "kubernetes": "Kubernetes nodes", "emr_task": "EMR task nodes",
    "batch": "Batch compute environment", "ci_runner": "CI runners", "fargate": "Fargate tasks of cluster",
    "short_lived": "short-lived instances",
}  # fmt: skip
_HOW = {
    "auto_scaling": "price-capacity-optimized over 10 or more instance types in all zones, Capacity Rebalancing on",
    "kubernetes": "a Spot node pool over 10 or more instance types in all zones, PodDisruptionBudgets",
    "emr_task": "instance fleets of 10 or more types, price-capacity-optimized",
    "batch": "a Spot compute environment, SPOT_PRICE_CAPACITY_OPTIMIZED, retries for jobs that are interrupted",
    "ci_runner": "one-time Spot runners of 10 or more types, jobs that are interrupted run again",
    "short_lived": "one-time Spot requests over 10 or more instance types, work that is interrupted done again",
    "fargate": "capacity provider strategy FARGATE_SPOT beside a base of FARGATE",
}
_VETOED = (
    Column("veto"),
    Column("reason"),
    Column("groups", "count"),
    Column("current_cost", "money"),
)
_HELD = (
    Column("account"),
    Column("region"),
    Column("usage_type"),
    Column("hours", "rate"),
    Column("cost", "money"),
    Column("rate", "rate"),
    Column("on_demand_rate", "rate"),
    Column("saved", "money"),
    Column("basis"),
    Column("list_spot_rate", "rate"),
    Column("list_spot_basis"),
)


@dataclass(frozen=True)
class Candidate:
    """A group that could move, the Spot prices of its parts (None: not known) and its hours."""

    found: Found
    prices: tuple[SpotPrice | None, ...]
    hours: Moved
    share: Decimal

    @property
    def known(self) -> list[tuple[Part, SpotPrice]]:
        """The parts with a price."""
        return [(part, price) for part, price in zip(self.found.parts, self.prices, strict=True) if price]


@dataclass(frozen=True)
class OnSpot:
    """Advice on Spot in sequence, what each group was judged, and the hours: after waste, and after Spot as well."""

    rows: Sequence[Recommendation]
    judged: Sequence[tuple[Found, str]]
    left: HoursLeft
    facts: Facts
    problems: Sequence[Problem]


def spot(usage: Usage, settings: Settings, pool: Pool, book: SpotBook, problems: Sequence[Problem]) -> Document:
    """The document: a row for each group that could move, the dearest saving first."""
    found = on_spot(usage, settings, pool, book)
    span = pool.facts.span
    hours = int(span.loaded.sum())
    return document(
        "recommend spot",
        Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        found.rows,
        totals={
            "vetoed": Rows.of(_VETOED, _vetoed(usage, found.judged, hours, span.start, span.end)),
            "spot_held": Rows.of(_HELD, list(_held(usage, book, span.start, span.end))),
        },
        problems=[*usage.problems, *problems, *found.problems],
        hidden={"class", "account"},
    )


def on_spot(
    usage: Usage, settings: Settings, pool: Pool, book: SpotBook, before: Sequence[Recommendation] | None = None
) -> OnSpot:
    """The advice for each group that could move, after the advice on waste `before` it.

    Without `before` waste is looked for only where something could move; the hours that are left are not known else.
    """
    judged = [(one, veto_of(one.group, one.seen, settings.spot)) for one in groups(usage, settings, pool.facts)]
    parts = parts_of(usage, [one.number for one, veto in judged if not veto])
    judged = [(one if veto else replace(one, parts=parts[one.number]), veto) for one, veto in judged]
    moving = [one for one, veto in judged if not veto]
    advised = _candidates(usage, moving, settings, book)
    rows = [_row(one, settings, pool) for one in advised]
    if before is None:
        before = wasted(usage, settings, book.book).rows if any(row.saving for row in rows) else []
    left = hours_left(usage, pool, before, settings.waste)
    after = _after_waste(usage, moving, settings, book, left) if left.changed else advised
    settled, taken = _in_sequence(rows, after, settings, left.pool)
    facts = without(left.pool, _moving(taken, left.pool, settings))[0] if taken else left.pool.facts
    return OnSpot(settled, judged, left, facts, list(_notes(advised, settings)))


def _after_waste(
    usage: Usage, moving: Sequence[Found], settings: Settings, book: SpotBook, left: HoursLeft
) -> list[Candidate]:
    """The candidates with what advice on waste leaves of their hours."""
    take_advice(usage, settings.waste)
    parts = parts_of(usage, [one.number for one in moving])
    found = _candidates(usage, [replace(one, parts=parts[one.number]) for one in moving], settings, book)
    return found if left.uncovered is None else [_less_covered(one, left.pool.facts, left.uncovered) for one in found]


def _less_covered(one: Candidate, facts: Facts, uncovered: Floats) -> Candidate:
    """The candidate without what commitments cover that waste has freed: moving that would save nothing."""
    import numpy as np

    hours = one.hours
    rest = np.where(hours.how == ON_DEMAND, uncovered[at(hours, len(facts.span.loaded))], 1.0)
    left = replace(hours, on_demand=hours.on_demand * rest, quantity=hours.quantity * rest)
    before, after = (np.bincount(of.priced_as, of.on_demand, len(facts.items)) for of in (hours, left))
    shares = {facts.items[int(place)].usage: after[place] / before[place] for place in np.flatnonzero(before)}
    parts = tuple(_shrunk(part, Decimal(shares.get(part.usage, 1.0))) for part in one.found.parts)
    return replace(one, found=replace(one.found, parts=parts), hours=left)


def _shrunk(part: Part, share: Decimal) -> Part:
    """The part with so much of its cost left; what is gone was on demand."""
    gone = (part.uncovered + part.covered) * (1 - share)
    quantity = (part.quantity * share).quantize(_EXACT)
    return replace(part, uncovered=max(part.uncovered - gone, Decimal(0)).quantize(_EXACT), quantity=quantity)


def _candidates(usage: Usage, moving: Sequence[Found], settings: Settings, book: SpotBook) -> list[Candidate]:
    hours = moved_of(usage, [one.number for one in moving])
    return [_candidate(one, hours[one.number], settings, book) for one in moving]


def _candidate(found: Found, hours: Moved, settings: Settings, book: SpotBook) -> Candidate:
    share = Decimal(100) if is_whole(found.group.kind) else settings.spot.share
    prices = tuple(spot_price(book, part.usage) for part in found.parts)
    return Candidate(found, prices, hours, share / 100)


def _row(one: Candidate, settings: Settings, pool: Pool) -> Recommendation:
    group, hours = one.found.group, _loaded(pool.facts)
    cost = sum((part.uncovered + part.effective for part in one.found.parts), Decimal(0))
    base = Recommendation(
        kind=KIND,
        where=group.key,
        account=group.account,
        region=group.region,
        service=group.service,
        resource_id=group.name,
        owner=group.owner,
        current_cost=monthly(cost, hours),
        pay_back_months=Decimal(0),
        basis="unknown",
        certainty="needs data",
        action=_ask(one),
        evidence=_evidence(one, pool),
    )
    if not one.known:
        return base
    freed = _freed(pool, [one], settings)
    low, middle, high = (_saving(one, settings, freed, which) for which in ("high", "base", "low"))
    return replace(
        base,
        saving=monthly(middle, hours),
        saving_low=monthly(low, hours),
        saving_high=monthly(high, hours),
        basis=" and ".join(sorted({price.basis for _, price in one.known})),
        certainty="measured",
        action=_action(one, settings, pool, middle),
    )


def _ask(one: Candidate) -> str:
    if one.found.group.kind == "fargate":
        return f"run one of the {_named(one)} on FARGATE_SPOT: its rate is known once the bill shows it"
    return f"finops prices refresh, for the Spot prices of {_named(one)}"


def _saving(one: Candidate, settings: Settings, freed: Decimal, which: str) -> Decimal:
    """What it saves over all hours, for the price named: `base`, `low` or `high`.

    The sum over what is eligible of on demand less (spot * (1 + rework) + fallback * (on demand - spot)). Usage under
    a commitment saves nothing itself, because that is paid on; `freed` is what its commitment covers instead.
    """
    policy = settings.spot
    runs = one.share * (1 - policy.fallback / 100)
    total = freed
    for part, price in one.known:
        paid = getattr(price, which) * part.quantity
        rework = price.interrupted * policy.lost_minutes / 60 / _HOURS
        total += runs * part.uncovered - runs * paid - one.share * paid * rework
    return total


def _freed(pool: Pool, group: Sequence[Candidate], settings: Settings) -> Decimal:
    """What the commitments of all these cover instead, once what runs on Spot of them has left."""
    return Decimal(freed_covers(pool, _moving(group, pool, settings))).quantize(_EXACT) if group else Decimal(0)


def _moving(group: Sequence[Candidate], pool: Pool, settings: Settings) -> Moved:
    """What runs on Spot of all these."""
    stays = 1 - settings.spot.fallback / 100
    return joined([scaled(_priced(one, pool.facts), float(one.share * stays)) for one in group])


def _priced(one: Candidate, facts: Facts) -> Moved:
    """The hours of the parts whose Spot price is known: no other ones move."""
    import numpy as np

    known = {part.usage for part, _ in one.known}
    priced = np.array([item.usage in known for item in facts.items], bool)
    return one.hours.only(priced[one.hours.priced_as])


def _in_sequence(
    rows: Sequence[Recommendation], advised: Sequence[Candidate], settings: Settings, pool: Pool
) -> tuple[list[Recommendation], list[Candidate]]:
    """The rows, the best first, and what moves.

    Each that pays tells what it saves after those before it have left the commitments, 0 where that is nothing.
    """
    ordered = sorted(zip(rows, advised, strict=True), key=lambda pair: (-(pair[0].saving or 0), pair[0].where))
    result: list[Recommendation] = []
    taken: list[Candidate] = []
    before = Decimal(0)
    for row, one in ordered:
        if row.saving is None or row.saving <= 0:
            result.append(row)
            continue
        after = _freed(pool, [*taken, one], settings)
        saving = monthly(_saving(one, settings, after - before, "base"), _loaded(pool.facts))
        if saving > 0:
            taken, before = [*taken, one], after
        result.append(replace(row, saving_in_sequence=max(saving, Decimal(0))))
    return result, taken


def _action(one: Candidate, settings: Settings, pool: Pool, saving: Decimal) -> str:
    group, what = one.found.group, _named(one)
    later = _later(one, settings, pool, saving)
    if saving <= 0:
        idle = (one.hours.commitment >= 0).any()
        why = "what moves leaves a commitment idle that is paid all the same" if idle else "Spot costs no less here"
        return f"leave {what} where it is: {why}{later}"
    share = f"{(one.share * 100).normalize():f} %"
    return f"run {share} of {what} on Spot: {_HOW[group.kind]}{later}"


def _later(one: Candidate, settings: Settings, pool: Pool, now: Decimal) -> str:
    """What it is worth once the commitments that cover it have ended, where they cover it."""
    facts = pool.facts
    arns = {facts.commitments[int(place)] for place in set(one.hours.commitment) if place >= 0}
    if not arns:
        return ""
    all_open = sum((part.covered for part, _ in one.known), Decimal(0)) * one.share * (1 - settings.spot.fallback / 100)
    then = _saving(one, settings, all_open, "base")
    if then <= now + _NOISE:
        return ""
    worth = monthly(then, _loaded(facts))
    ends = max((held.end for held in pool.held if held.arn in arns and held.end), default=None)
    when = f"after {ends:%Y-%m-%d}" if ends else "without its commitment"
    return f"; {when} this becomes worth {worth:,.2f} a month"


def _named(one: Candidate) -> str:
    return f"{_NAMES[one.found.group.kind]} {one.found.group.name}"


def _evidence(one: Candidate, pool: Pool) -> str:
    seen, group = one.found.seen, one.found.group
    what = ("task" if group.kind == "fargate" else "instance") + ("" if seen.members == 1 else "s")
    parts = [
        f"{seen.members:,} {what}, at most {seen.most:,} at once, {seen.replaced:,} came or went",
        f"environment {group.environment or 'not known'}",
    ]
    covered = sum((part.covered for part in one.found.parts), Decimal(0))
    total = covered + sum((part.uncovered for part in one.found.parts), Decimal(0))
    if covered:
        parts.append(f"{covered / total * 100:.1f} % under commitments, {_loaded(pool.facts):,} hours run again")
    for part, price in one.known:
        band = f", interrupted {price.band} a month" if price.band else ""
        parts.append(f"{part.usage[2]} Spot {', '.join(price.known)}{band}")
    missing = [part.usage[2] for part, price in zip(one.found.parts, one.prices, strict=True) if price is None]
    return "; ".join([*parts, *([f"no Spot price known of {', '.join(missing)}"] if missing else [])])


def _loaded(facts: Facts) -> int:
    return int(facts.span.loaded.sum())


def _vetoed(
    usage: Usage, judged: Sequence[tuple[Found, str]], hours: int, start: datetime, end: datetime
) -> list[tuple[Any, ...]]:
    """How much of the bill each veto keeps from Spot, a month, in the order of the vetoes."""
    counts: dict[str, int] = defaultdict(int)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for one, veto in judged:
        counts[veto] += 1
        costs[veto] += one.cost
    managed = usage.connection.execute(_MANAGED, [start, end]).fetchone()
    if managed and managed[0]:
        counts["managed_database"], costs["managed_database"] = managed
    return [(veto, why, counts[veto], monthly(costs[veto], hours)) for veto, why in vetoes().items() if counts[veto]]


def _held(usage: Usage, book: SpotBook, start: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    """What runs on Spot already: its own rate, and what the same hours cost on demand by bill or price table."""
    for account, service, region, usage_type, operation, quantity, cost in usage.connection.execute(
        _SPOT, [start, end]
    ).fetchall():
        on_demand = (service, region or "", usage_type.replace("SpotUsage-", "").replace("SpotUsage", "BoxUsage"))
        price = price_of(book.book, (*on_demand, _operation(operation)))
        listed = price_of(book.book, (service, region or "", usage_type, operation or ""), "spot")
        saved = (price.price * quantity - cost).quantize(_EXACT) if price else None
        rates = (cost / quantity).quantize(_EXACT), price.price if price else None
        basis = price.basis if price else "unknown"
        told = (listed.price, listed.basis) if listed else (None, "unknown")
        yield (account, region, usage_type, quantity.normalize(), cost, *rates, saved, basis, *told)


def _operation(operation: str | None) -> str:
    return (operation or "").partition(":SV")[0]


def _notes(advised: Sequence[Candidate], settings: Settings) -> Iterator[Problem]:
    if advised:
        policy = settings.spot
        text = (
            f"{policy.share} % of a group moves (Batch, EMR task nodes: all), {policy.fallback} % of that falls back "
            f"to on demand, an interruption loses {policy.lost_minutes} minutes: [spot] in the settings"
        )
        yield Problem("spot_assumptions", text)


_MANAGED = """
select count(distinct coalesce(nullif(resource_id, ''), x_usage_type)),
    cast(coalesce(sum(unblended), 0) as decimal(38, 10))
from cur
where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
    and x_service_code in ('AmazonRDS', 'AmazonElastiCache', 'AmazonES', 'AmazonRedshift', 'AmazonDocDB', 'AmazonMSK',
        'AmazonNeptune', 'AmazonMemoryDB')
    and regexp_matches(x_usage_type, 'Usage:|Instance:|Node:|Serverless|Broker')
    and charge_period_start >= ? and charge_period_start < ?
"""
_SPOT = """
select sub_account_id, x_service_code, region_id, x_usage_type,
    regexp_replace(coalesce(x_operation, ''), ':SV[0-9]+$', ''),
    cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)), cast(sum(unblended) as decimal(38, 10))
from cur
where x_line_item_type = 'Usage' and regexp_matches(x_usage_type, '^(.+-)?SpotUsage([:-]|$)') and pricing_quantity > 0
    and charge_period_start >= ? and charge_period_start < ?
group by 1, 2, 3, 4, 5
order by 7 desc, 1, 3, 4, 5
"""
