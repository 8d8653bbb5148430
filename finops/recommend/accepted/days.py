"""What the bill shows of accepted advice, day by day: complete days only, usage at what it costs under commitments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.recommend.accepted.entry import Line
from finops.recommend.accepted.kinds import Kind
from finops.recommend.hours import Span

if TYPE_CHECKING:
    from finops.usage import Usage

_HOURS = 24
# A day of daylight saving has 25 hours in some exports.
_LONGEST_DAY = 25.02
_EXACT = Decimal("1e-10")
LONG = "its lines on the bill are longer than a day"
NO_PRICE = "the bill has no on-demand price of usage that a reservation covers"


@dataclass(frozen=True)
class Place:
    """Whose lines: an account, a region, a resource where the advice is about one; of one operation, or all (None)."""

    account: str
    region: str
    service: str
    resource_id: str
    operation: str | None = None


@dataclass(frozen=True)
class Daily:
    """Lines by day, of days that have any; `why` says why they tell nothing, and is blank where they do."""

    lines: Mapping[date, Sequence[Line]]
    why: str = ""


def complete_days(span: Span) -> list[date]:
    """The days of which every hour is loaded and complete."""
    first = span.start.date()
    whole = len(span.loaded) // _HOURS
    return [first + timedelta(days=at) for at in range(whole) if span.loaded[at * _HOURS : (at + 1) * _HOURS].all()]


def daily_lines(usage: Usage, kind: Kind, place: Place, days: Sequence[date]) -> Daily:
    """The lines of the days that are about the advice."""
    if not days:
        return Daily({})
    asked = [days[0], days[-1], place.account, place.region]
    if kind.scope == "tasks":
        rows = usage.connection.execute(_TASKS, [*asked, f":task/{place.resource_id}/"]).fetchall()
    elif kind.scope == "resource":
        limits = [*asked, place.resource_id, place.operation, place.operation]
        rows = usage.connection.execute(_RESOURCE, limits).fetchall()
    else:
        rows = usage.connection.execute(_PLACE, [*asked, place.service]).fetchall()
    wanted, found, why = set(days), defaultdict(list), ""
    for day, usage_type, cost, on_demand, quantity, hours, is_priced in rows:
        if kind.counts(usage_type) and day in wanted:
            found[day].append(Line(usage_type, cost, on_demand, quantity))
            why = why or ("" if is_priced else NO_PRICE) or (LONG if hours > _LONGEST_DAY else "")
    return Daily(dict(found), why)


def mean_day(daily: Daily, days: int) -> tuple[Line, ...]:
    """The lines of a mean day over so many days; a day without any counts as nothing used."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    on_demand: dict[str, Decimal] = defaultdict(Decimal)
    quantities: dict[str, list[Decimal | None]] = defaultdict(list)
    for line in (one for lines in daily.lines.values() for one in lines):
        costs[line.usage_type] += line.cost
        on_demand[line.usage_type] += line.on_demand
        quantities[line.usage_type].append(line.quantity)
    return tuple(
        Line(
            name,
            (costs[name] / days).quantize(_EXACT),
            (on_demand[name] / days).quantize(_EXACT),
            _mean(quantities[name], days),
        )
        for name in sorted(costs)
    )


def _mean(values: Iterable[Decimal | None], days: int) -> Decimal | None:
    known = list(values)
    if any(one is None for one in known):
        return None
    return (sum((one for one in known if one is not None), Decimal(0)) / days).quantize(_EXACT)


_LINES = """
select cast(charge_period_start as date) as day, coalesce(x_usage_type, ''),
    cast(sum(case x_line_item_type when 'Usage' then unblended
        when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
        else coalesce(reservation_effective, 0) end) as decimal(38, 10)),
    cast(sum(case x_line_item_type when 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end)
        as decimal(38, 10)),
    case when count(pricing_quantity) = count(*)
        then cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)) end,
    max(date_diff('second', charge_period_start, charge_period_end)) / 3600.0,
    not bool_or(x_line_item_type = 'DiscountedUsage' and coalesce(reservation_effective, 0) > 0
        and coalesce(public_on_demand, 0) = 0)
from cur
where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
    and cast(charge_period_start as date) between ? and ?
    and sub_account_id = ? and coalesce(region_id, '') = ? and {}
group by 1, 2
order by 1, 2
"""
_RESOURCE = _LINES.format("resource_id = ? and (cast(? as varchar) is null or coalesce(x_operation, '') = ?)")
_TASKS = _LINES.format("contains(coalesce(resource_id, ''), ?)")
_PLACE = _LINES.format("x_service_code = ?")
