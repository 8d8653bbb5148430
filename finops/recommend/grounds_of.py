"""The grounds of each kind of advice: which lines of the bill, which prices, and how they make the figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.recommend.advice import KIND as COMMITMENT
from finops.recommend.everything import Everything
from finops.recommend.grounds import Grounds, Lines, Quote, quoted
from finops.recommend.kinds import kind_of
from finops.recommend.lifecycle_classes import storage_classes
from finops.recommend.lifecycle_usage import Holder, Stored
from finops.recommend.offers import Offer
from finops.recommend.row import HOURS_PER_MONTH, Recommendation
from finops.recommend.spot_prices import KINDS, spot_key, spot_price, spot_usage

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.prices.lookup import Usage as Priced
    from finops.recommend.candidates import Group
    from finops.recommend.hours import Item
    from finops.recommend.spot_hours import Found
    from finops.recommend.waste_facts import Used
    from finops.usage import Usage

_ALL_USAGE = ("Usage", "SavingsPlanCoveredUsage", "DiscountedUsage")


def grounds_of(row: Recommendation, found: Everything, usage: Usage, settings: Settings, book: PriceBook) -> Grounds:
    """What the row rests on."""
    if row.kind in ("unused_savings_plan", "unused_reservation"):
        return _idle_commitment(row, found)
    if row.kind == COMMITMENT:
        return _commitment(row, found, book)
    step = kind_of(row.kind).step
    if step == "spot":
        return _spot(row, found, usage, settings, book)
    if step == "lifecycle":
        return _stored(row, found, book)
    if step == "commit":
        return Grounds(steps=[("allocation", row.evidence)])
    return _waste(row, found, settings, book)


def _waste(row: Recommendation, found: Everything, settings: Settings, book: PriceBook) -> Grounds:
    place = (row.region, row.service)
    (used,) = [
        one
        for one in found.waste.facts
        if (*one.resource, one.usage_type, one.operation) == row.cost_of and (one.region, one.service) == place
    ]
    lines = [_used_lines(used, found, "on demand", ("Usage",))]
    if used.cost != used.open_cost:
        lines.append(_used_lines(used, found, "under commitments", _ALL_USAGE[1:]))
    steps = [_a_month("on demand", used.open_cost, used.hours)]
    quotes: list[Quote] = []
    if row.kind == "schedule":
        office = (settings.waste.office_start, settings.waste.office_end)
        lines.append(_used_lines(used, found, "outside of office hours", ("Usage",), office))
    successor = row.more.get("successor")
    if successor:
        now = (used.service, used.region, used.usage_type, used.operation)
        quotes = [quoted(book, "now", now), quoted(book, "then", (*now[:2], successor, now[3]))]
        prices = [_price(one) for one in quotes]
        if row.saving is not None and all(prices):
            text = f"{row.open_cost:,.4f} x (1 - {prices[1]:f} / {prices[0]:f}) = {row.saving:,.4f} a month"
            steps.append(("saving", text))
    return Grounds(lines, quotes, steps)


def _price(one: Quote) -> Decimal | None:
    if one.own is not None:
        return one.own.rate
    return one.listed.price if one.listed is not None else None


def _used_lines(
    used: Used, found: Everything, name: str, types: tuple[str, ...], office: tuple[int, int] | None = None
) -> Lines:
    where = {
        "sub_account_id": (used.account,),
        "resource_id": (used.resource_id,),
        "x_service_code": (used.service,),
        "x_usage_type": (used.usage_type,),
        "x_operation": (used.operation,),
        "x_line_item_type": types,
    }
    return Lines(name, where, found.waste.span.start, found.waste.span.end, office=office)


def _a_month(name: str, cost: Decimal, hours: int) -> tuple[str, str]:
    month = cost * HOURS_PER_MONTH / hours
    return name, f"{cost:,.4f} over {hours:,} hours x {HOURS_PER_MONTH} = {month:,.4f} a month"


def _spot(row: Recommendation, found: Everything, usage: Usage, settings: Settings, book: PriceBook) -> Grounds:
    if found.hourly is None:
        return Grounds()
    (group,) = [one for one, _ in found.hourly.moved.judged if one.group.key == row.where]
    names = _members(usage, group)
    span, policy = found.waste.span, settings.spot
    where = {
        "sub_account_id": (row.account,),
        "resource_id": names,
        "x_usage_type": tuple(sorted({part.usage[2] for part in group.parts})),
    }
    lines = [
        Lines("on demand", {**where, "x_line_item_type": ("Usage",)}, span.start, span.end),
        Lines("under commitments", {**where, "x_line_item_type": _ALL_USAGE[1:]}, span.start, span.end),
    ]
    for part in group.parts:
        lines += _own_spot(usage, part.usage, found)
    prices = {part.usage: spot_price(found.hourly.spot_book, part.usage) for part in group.parts}
    hours = int(span.loaded.sum())
    cost = sum((part.uncovered for part in group.parts), Decimal(0))
    steps = [
        _a_month("on demand", cost, hours),
        (
            "what moves",
            f"{policy.share} % of a group (all of Batch and EMR task nodes), of it {policy.fallback} % stays",
        ),
        ("formula", "moved x (on demand - Spot x (1 + rework)) + what the commitments it leaves cover instead"),
        *((f"Spot of {of[2]}", ", ".join(price.known)) for of, price in prices.items() if price),
    ]
    return Grounds(lines, [one for part in group.parts for one in _spot_quotes(book, part.usage)], steps)


def _spot_quotes(book: PriceBook, usage: Priced) -> Iterator[Quote]:
    yield quoted(book, f"{usage[2]} on demand", usage)
    for kind in KINDS:
        one = quoted(book, f"{spot_usage(usage)} {kind}", (*usage[:2], spot_usage(usage), usage[3]), kind)
        if one.listed is not None:
            yield one


def _own_spot(usage: Usage, of: Priced, found: Everything) -> Iterator[Lines]:
    """The lines that the bill's own Spot rate of a usage type is made of: cost over quantity."""
    rows = usage.connection.execute(_SPOT_USAGE, [of[0], of[1]]).fetchall()
    wanted = spot_key(spot_usage(of), of[3])
    same = [(kind, operation) for kind, operation in rows if spot_key(kind, operation) == wanted]
    if same:
        where = {
            "x_service_code": (of[0],),
            "x_usage_type": tuple(sorted({kind for kind, _ in same})),
            "x_operation": tuple(sorted({operation for _, operation in same})),
            "x_line_item_type": ("Usage",),
        }
        yield Lines(f"own Spot rate of {of[2]}", where, *found.loaded)


def _members(usage: Usage, group: Found) -> tuple[str, ...]:
    return tuple(name for (name,) in usage.connection.execute(_MEMBERS, [group.number]).fetchall())


def _commitment(row: Recommendation, found: Everything, book: PriceBook) -> Grounds:
    """The usage it would cover; each rate under the offer is that of the bill itself or of a list."""
    if found.hourly is None:
        return Grounds()
    items = found.hourly.committed.left.items
    plan_type, term, payment = (str(row.more[name]) for name in ("plan_type", "term", "payment_option"))
    groups = [one.candidate.group for one in found.hourly.committed.found.all]
    groups += [group for group, _ in found.hourly.committed.found.unknown]
    (group, *_) = [one for one in groups if one.key == row.where[:4]]
    kind = Offer("RI" if group.is_reservation else plan_type, term, payment).price_kind
    quotes = []
    for one in (items[at] for at in group.items):
        listed = quoted(book, f"{one.usage_type} {kind}", one.usage, kind)
        quotes += [quoted(book, f"{one.usage_type} on demand", one.usage), *([listed] if listed.listed else [])]
    lines = [_of_items("on demand", group, items, found, "Usage")]
    held = _RESERVED if group.is_reservation else _PLANNED
    lines += [_of_items(name, group, items, found, held[0], amount) for name, amount in held[1]]
    steps = []
    if row.saving is not None:
        hourly = row.more["hourly_commitment"]
        text = f"on-demand cost it covers less {hourly} an hour, used or not = {row.saving:,.4f} a month"
        steps.append(("saving", text))
        steps.append(
            ("used", f"{row.more['utilisation']} % of it; it pays from {row.more['break_even_utilisation']} %")
        )
    return Grounds(lines, quotes, steps)


# What is held already covers: no demand while it runs, and the bill's own rates of such a commitment.
_RESERVED = (
    "DiscountedUsage",
    (("reserved already, at on-demand prices", "public_on_demand"), ("the same at own rates", "reservation_effective")),
)
_PLANNED = (
    "SavingsPlanCoveredUsage",
    (("under plans already, at on-demand prices", "unblended"), ("the same at own rates", "savings_plan_effective")),
)


def _of_items(
    name: str, group: Group, items: Sequence[Item], found: Everything, line_type: str, amount: str = "unblended"
) -> Lines:
    of = [items[at] for at in group.items]
    where = {
        "x_service_code": tuple(sorted({one.service for one in of})),
        "x_usage_type": tuple(sorted({one.usage_type for one in of})),
        "x_operation": tuple(sorted({one.operation for one in of})),
        "x_line_item_type": (line_type,),
    }
    return Lines(name, where, *found.loaded, amount)


def _idle_commitment(row: Recommendation, found: Everything) -> Grounds:
    span = found.waste.span
    start = datetime(span.start.year, span.start.month, 1, tzinfo=UTC)
    end = datetime(span.end.year + span.end.month // 12, span.end.month % 12 + 1, 1, tzinfo=UTC)
    if row.kind == "unused_savings_plan":
        where = {"x_savings_plan_arn": (row.resource_id,), "x_line_item_type": ("SavingsPlanRecurringFee",)}
        amounts = {"committed": "savings_plan_commitment", "of it used": "savings_plan_used"}
    else:
        where = {"x_reservation_arn": (row.resource_id,), "x_line_item_type": ("RIFee",)}
        amounts = {
            "recurring fee unused": "reservation_unused_recurring",
            "upfront fee unused": "reservation_unused_upfront",
        }
    lines = [Lines(name, where, start, end, column) for name, column in amounts.items()]
    return Grounds(lines)


def _stored(row: Recommendation, found: Everything, book: PriceBook) -> Grounds:
    key = (row.service, row.account, row.region)
    of = [one for one in found.stored.holders if (one.service, one.account, one.region) == key]
    named = [one for one in of if one.name == row.resource_id] if row.resource_id else of
    kinds: dict[str, list[Stored]] = {}
    for one in (stored for holder in named for stored in holder.rows):
        if row.resource_id or one.measure == "stored":
            kinds.setdefault(one.usage_type, []).append(one)
    window = found.stored.window
    start, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (window.first, window.end))
    lines = [Lines(usage_type, _stored_where(row, usage_type, named), start, end) for usage_type in sorted(kinds)]
    steps = [
        (one.usage_type, f"{sum((x.cost for x in rows), Decimal(0)):,.4f} in {window.days} days")
        for rows in kinds.values()
        for one in rows[:1]
    ]
    return Grounds(lines, list(_storage_quotes(row, book)), steps)


def _stored_where(row: Recommendation, usage_type: str, named: Sequence[Holder]) -> dict[str, tuple[str, ...]]:
    names = {"resource_id": (row.resource_id,)} if row.resource_id else {}
    return {
        "sub_account_id": (row.account,),
        **names,
        "x_service_code": (row.service,),
        "x_usage_type": (usage_type,),
        "x_line_item_type": ("Usage",),
    }


def _storage_quotes(row: Recommendation, book: PriceBook) -> Iterator[Quote]:
    for name, sku_key, kind in _STORAGE_PRICES.get(row.kind, lambda _: ())(row):
        one = quoted(book, name, (row.service, row.region, sku_key, ""), kind)
        if one.listed is not None or one.own is not None:
            yield one


def _class_prices(row: Recommendation) -> Iterator[tuple[str, str, str]]:
    if row.more.get("storage_class") == "INTELLIGENT_TIERING":
        yield "its infrequent tier", "TimedStorage-INT-IA-ByteHrs", "on_demand"
        yield "monitoring an object", "Monitoring-Automation-INT", "on_demand"
        yield "a transition", "INTELLIGENT_TIERING", "transition"
    for one in storage_classes():
        if one.id == row.more.get("storage_class"):
            yield one.name, one.storage_key, "on_demand"
            yield "a GB read", one.retrieval_key, "on_demand"
            yield "a transition", one.transition_key, "on_demand"
            yield "a transition", one.id, "transition"


def _gp3_prices(_: Recommendation) -> Iterator[tuple[str, str, str]]:
    for name, key in (("gp3", "VolumeUsage"), ("an IOPS", "VolumeP-IOPS"), ("throughput", "VolumeP-Throughput")):
        yield name, f"EBS:{key}.gp3", "on_demand"


_STORAGE_PRICES: dict[str, Callable[[Recommendation], Iterator[tuple[str, str, str]]]] = {
    "s3_storage_class": _class_prices,
    "s3_retrieval": lambda _: iter([("Standard", "TimedStorage-ByteHrs", "on_demand")]),
    "gp2_to_gp3": _gp3_prices,
    "logs_class": lambda _: iter([("Infrequent Access", "DataProcessingIA-Bytes", "on_demand")]),
}
_MEMBERS = """
select distinct resource_id from spot_groups join spot_resources using (resource) where number = ? order by resource_id
"""
_SPOT_USAGE = """
select distinct x_usage_type, coalesce(x_operation, '') from cur
where x_service_code = ? and coalesce(region_id, '') = ? and contains(x_usage_type, 'SpotUsage')
    and x_line_item_type = 'Usage'
order by 1, 2
"""
