"""What the bill's own rates, or dated prices of its regions, say of a saving that a document claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.prices.lookup import Price, price_of, sku_keys
from finops.recommend.claims import Subject
from finops.recommend.waste_fit import fit

if TYPE_CHECKING:
    from finops.prices import PriceBook
    from finops.recommend.waste_facts import Used
    from finops.usage import Usage

_SCALE = Decimal("0.0001")


@dataclass(frozen=True)
class Found:
    """What was found: `middle` over all of it, `low` and `high` over its parts. `why` stands where there is nothing."""

    low: Decimal | None = None
    middle: Decimal | None = None
    high: Decimal | None = None
    basis: str = "unknown"
    why: str = ""


@dataclass(frozen=True)
class Bill:
    """The bill that claims are held against: open rows, prices, and what every resource ran."""

    usage: Usage
    book: PriceBook
    facts: Sequence[Used]


@dataclass(frozen=True)
class _Part:
    """One usage type: what it costs without the saving, and with it."""

    full: Decimal
    reduced: Decimal
    basis: str

    @property
    def percent(self) -> Decimal:
        return 100 * (1 - self.reduced / self.full)


def found_for(subject: Subject, bill: Bill) -> Found:
    """The measure of the subject; where neither bill nor list knows it, the reason."""
    return _MEASURES[subject.measure](subject, bill)


def _of(parts: Sequence[_Part], why: str) -> Found:
    if not parts:
        return Found(why=why)
    full, reduced = (sum((getattr(one, name) for one in parts), Decimal(0)) for name in ("full", "reduced"))
    shares = [one.percent for one in parts]
    basis = " and ".join(sorted({word for one in parts for word in one.basis.split(" and ")}))
    low, middle, high = (one.quantize(_SCALE) for one in (min(shares), 100 * (1 - reduced / full), max(shares)))
    text = f"{full:,.2f} on demand, {reduced:,.2f} so; {len(parts)} usage type{'' if len(parts) == 1 else 's'}"
    return Found(low, middle, high, basis, text)


def _spot(subject: Subject, bill: Bill) -> Found:
    """Spot usage of the bill against the on-demand price of the same type in the same region."""
    parts = []
    for service, region, usage_type, operation, quantity, cost in bill.usage.connection.execute(_SPOT).fetchall():
        if ("Fargate" in usage_type) != (subject.key == "Fargate"):
            continue
        same = usage_type.replace("SpotUsage-", "").replace("SpotUsage", "BoxUsage")
        price = price_of(bill.book, (service, region, same, operation.partition(":SV")[0]))
        if price is not None:
            parts.append(_Part(price.price * quantity, cost, _both(price)))
    return _of(parts, f"the bill has no {subject.name} of a type whose on-demand price is known")


def _both(price: Price) -> str:
    return price.basis if price.basis == "own rate" else f"own rate and {price.basis}"


def _commitment(subject: Subject, bill: Bill) -> Found:
    """What held commitments charge for what they cover, against its on-demand cost."""
    rows = bill.usage.connection.execute(_COVERED, [subject.key]).fetchall()
    parts = [_Part(full, reduced, "own rate") for full, reduced in rows]
    return _of(parts, f"nothing on the bill is covered by {subject.name}")


def _graviton(_: Subject, bill: Bill) -> Found:
    """The same sizes on arm64, at the ratio of two prices of the same region."""
    rows = [row for row in fit(bill.facts, bill.book) if row.kind == "graviton" and row.saving is not None]
    parts = [
        _Part(row.open_cost, row.open_cost - row.saving, row.basis)
        for row in rows
        if row.open_cost and row.saving is not None
    ]
    return _of(parts, "nothing on the bill has a successor on arm64 whose price in its region is known")


def _price(subject: Subject, bill: Bill) -> Found:
    """A price of the bill's own regions: own rates first, else lists of these regions."""
    own = [rate for usage, rate in bill.book.own.items() if sku_keys(usage[2], "")[1] == subject.key]
    times = subject.times or Decimal(1)
    if own:
        rates = [one.rate for one in own]
        cost, quantity = (sum((getattr(one, name) for one in own), Decimal(0)) for name in ("cost", "quantity"))
        return _times(times, min(rates), cost / quantity, max(rates), "own rate", own[0].unit)
    regions = {usage[1] for usage in bill.book.own}
    rows = [
        row
        for (_, region, kind, key), row in bill.book.listed.items()
        if _is_asked(region, kind, key, subject, regions)
    ]
    if not rows:
        return Found(why=f"neither the bill nor a price list of its regions has {subject.key}")
    prices = sorted(row.price for row in rows)
    basis = f"price list {min(row.as_of for row in rows)}"
    return _times(times, prices[0], sum(prices, Decimal(0)) / len(prices), prices[-1], basis, rows[0].unit)


def _is_asked(region: str, kind: str, key: str, subject: Subject, regions: set[str]) -> bool:
    return kind == "on_demand" and region in regions and key.partition("|")[0] == subject.key


def _times(times: Decimal, low: Decimal, middle: Decimal, high: Decimal, basis: str, unit: str) -> Found:
    text = f"{middle.normalize():f}{f' per {unit}' if unit else ''}{f' x {times:f} hours' if times != 1 else ''}"
    low, middle, high = ((one * times).quantize(_SCALE) for one in (low, middle, high))
    return Found(low, middle, high, basis, text)


_MEASURES: dict[str, Callable[[Subject, Bill], Found]] = {
    "spot": _spot,
    "commitment": _commitment,
    "graviton": _graviton,
    "price": _price,
}
_SPOT = """
select x_service_code, coalesce(region_id, ''), x_usage_type, coalesce(x_operation, ''),
    cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)), cast(sum(unblended) as decimal(38, 10))
from cur
where x_line_item_type = 'Usage' and regexp_matches(x_usage_type, '^(.+-)?SpotUsage([:-]|$)') and pricing_quantity > 0
group by 1, 2, 3, 4
order by 1, 2, 3, 4
"""
_COVERED = """
select full_cost, reduced_cost
from (
    select
        cast(sum(case x_line_item_type when 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end)
            as decimal(38, 10)) as full_cost,
        cast(sum(case x_line_item_type when 'DiscountedUsage' then coalesce(reservation_effective, 0)
            else coalesce(savings_plan_effective, 0) end) as decimal(38, 10)) as reduced_cost
    from cur
    where x_line_item_type = ?
    group by x_service_code, region_id, x_usage_type, x_operation
)
where full_cost > 0 and reduced_cost > 0
order by full_cost desc, reduced_cost
"""
