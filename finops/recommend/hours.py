"""The hours of the bill that are complete, and what usage that a commitment can cover cost in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from finops.catalog import Problem
from finops.engines.duckdb import literal
from finops.errors import UsageError
from finops.models import model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from finops.catalog import Delivery
    from finops.usage import Usage

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

SCOPES = Path(__file__).with_name("scopes.csv")
ON_DEMAND, BY_PLAN, BY_RESERVATION = 0, 1, 2
_HOUR = timedelta(hours=1)
# AWS adds lines to the hours of an open month for about a day.
_SETTLING = timedelta(hours=24)


class Item(NamedTuple):
    """One kind of usage that a kind of commitment (`scope`) covers, over all accounts."""

    scope: str
    service: str
    region: str
    usage_type: str
    operation: str

    @property
    def usage(self) -> tuple[str, str, str, str]:
        """What a price is looked up by."""
        return self.service, self.region, self.usage_type, self.operation


@dataclass(frozen=True)
class Span:
    """The hours that are loaded and complete: from `start` up to `end`, less the months between that are not loaded.

    `loaded` says for each hour from `start` on whether it is.
    """

    start: datetime
    end: datetime
    loaded: npt.NDArray[np.bool_]

    def window(self, days: int | None, before: int = 0) -> Whole | None:
        """The last hours, `before` of them left out: of so many days, all where None; None where some are missing."""
        import numpy as np

        last = len(self.loaded) - before
        first = 0 if days is None else last - days * 24
        if last <= 0 or first < 0:
            return None
        hours = np.arange(first, last)
        if days is None:
            return hours[self.loaded[:last]]
        return hours if self.loaded[first:last].all() else None


@dataclass(frozen=True)
class Facts:
    """Hourly cost as arrays of one length: which item, in which hour of `span`, covered how and by which commitment.

    `on_demand` is USD without a commitment, `covered` at the commitment's rate, `quantity` in the unit of the item.
    `commitment` is a place in `commitments`, -1 on demand.
    """

    span: Span
    items: Sequence[Item]
    commitments: Sequence[str]
    item: Whole
    hour: Whole
    how: Whole
    commitment: Whole
    on_demand: Floats
    covered: Floats
    quantity: Floats


def complete_span(deliveries: Sequence[Delivery]) -> Span:
    """The complete hours of the deliveries: a month that is over has all of its own, an open one all but its last 24.

    Raises UsageError when there is none.
    """
    import numpy as np

    spans = sorted((_month_start(one.period), _complete_end(one)) for one in deliveries)
    start, end = spans[0][0], max(end for _, end in spans)
    if end <= start:
        raise UsageError("no hour of the bill is complete yet", deliveries[0].period, "load an earlier month as well")
    loaded = np.zeros(_index(start, end), bool)
    for first, last in spans:
        loaded[_index(start, first) : max(_index(start, last), 0)] = True
    return Span(start, end, loaded)


def _complete_end(one: Delivery) -> datetime:
    month_end = (_month_start(one.period) + timedelta(days=32)).replace(day=1)
    if one.last_charge is None:
        return _month_start(one.period)
    last = one.last_charge.replace(tzinfo=UTC, minute=0, second=0, microsecond=0)
    # some exports end the last hour a second early
    if one.last_charge.replace(tzinfo=UTC) >= month_end - timedelta(minutes=1):
        return month_end
    return last - _SETTLING


def _month_start(period: str) -> datetime:
    return datetime.fromisoformat(f"{period}-01T00:00:00+00:00")


def _index(start: datetime, at: datetime) -> int:
    return int((at - start) / _HOUR)


def hourly_facts(usage: Usage) -> tuple[Facts, list[Problem]]:
    """What can be covered, hour by hour, over the complete hours.

    Raises UsageError when the export is daily or monthly: peaks are averaged away in a day, so that any commitment
    made from it would be too high. Single usage types without hours are left out, and said so.
    """
    connection, span = usage.connection, complete_span(usage.deliveries)
    connection.execute(
        "create or replace temp table commitment_scopes as "
        f"select * from read_csv({literal(str(SCOPES))}, header = true, all_varchar = true, quote = '')"
    )
    connection.execute(f"create or replace temp table hourly_usage as {model('cur_hourly_usage').sql}")
    problems = [*_without_hours(usage), *_discounted(usage)]
    connection.execute(_ITEMS)
    items = [Item(*row) for row in connection.execute(_LIST_ITEMS).fetchall()]
    connection.execute(_COMMITMENTS)
    commitments = [row[0] for row in connection.execute("select arn from commitment_ids order by id").fetchall()]
    columns = connection.execute(_FACTS, [span.start, span.start, span.end]).fetchnumpy()
    return _facts(span, items, commitments, columns), problems


def _without_hours(usage: Usage) -> list[Problem]:
    rows = usage.connection.execute(_LONG).fetchall()
    if not rows:
        return []
    (hourly,) = usage.connection.execute(_ANY_HOURLY).fetchone() or (False,)
    if not hourly:
        raise UsageError(
            "the export has no hours: commitments are matched hour by hour, and a day hides its peaks",
            ", ".join(sorted({one.export for one in usage.deliveries})),
            "have AWS deliver an export with hourly granularity",
        )
    cost = sum((row[1] for row in rows), Decimal(0))
    text = f"{len(rows)} usage types have no hours ({cost:,.2f} {usage.currency}): no commitment is sized for them"
    return [Problem("usage_without_hours", text, ", ".join(row[0] for row in rows[:3]))]


def _discounted(usage: Usage) -> list[Problem]:
    (found,) = usage.connection.execute(_NEGOTIATED).fetchone() or (False,)
    if not found:
        return []
    text = "the figures are before negotiated discounts, which lower on-demand cost and commitments alike"
    return [Problem("before_discounts", text)]


def _facts(span: Span, items: Sequence[Item], commitments: Sequence[str], columns: dict[str, Any]) -> Facts:
    import numpy as np

    item, hour, how, commitment = (
        np.asarray(columns[name], np.int64) for name in ("item", "hour", "how", "commitment")
    )
    on_demand, covered, quantity = (np.asarray(columns[name], float) for name in ("on_demand", "covered", "quantity"))
    return Facts(span, items, commitments, item, hour, how, commitment, on_demand, covered, quantity)


# A minute of grace: some exports end an hour a second late.
_LONG = """
select x_usage_type, sum(on_demand_cost)
from hourly_usage
group by x_usage_type, x_operation, x_service_code
having max(longest_hours) > 1.02
order by 2 desc, 1
"""
_ANY_HOURLY = "select coalesce(min(longest_hours) <= 1.02, false) from hourly_usage"
_NEGOTIATED = """
select count(*) > 0 from cur where x_line_item_type in ('EdpDiscount', 'PrivateRateDiscount', 'SppDiscount')
"""
_ITEMS = """
create or replace temp table coverable_items as
select row_number() over (order by scope, x_service_code, region_id, x_usage_type, x_operation) - 1 as id, *
from (
    select scope, x_service_code, coalesce(region_id, '') as region_id, x_usage_type,
        coalesce(x_operation, '') as x_operation
    from hourly_usage
    group by all
    having max(longest_hours) <= 1.02
)
"""
_LIST_ITEMS = "select scope, x_service_code, region_id, x_usage_type, x_operation from coverable_items order by id"
_COMMITMENTS = """
create or replace temp table commitment_ids as
select row_number() over (order by arn) - 1 as id, arn
from (select distinct commitment_discount_id as arn from hourly_usage where commitment_discount_id is not null)
"""
_FACTS = f"""
select
    coverable_items.id as item,
    date_diff('hour', cast(? as timestamp), charge_period_start) as hour,
    case x_line_item_type when 'Usage' then {ON_DEMAND} when 'SavingsPlanCoveredUsage' then {BY_PLAN}
        else {BY_RESERVATION} end as how,
    coalesce(commitment_ids.id, -1) as commitment,
    cast(sum(on_demand_cost) as double) as on_demand,
    cast(sum(covered_cost) as double) as covered,
    cast(sum(quantity) as double) as quantity
from hourly_usage
join coverable_items
    on coverable_items.scope = hourly_usage.scope
    and coverable_items.x_service_code = hourly_usage.x_service_code
    and coverable_items.region_id = coalesce(hourly_usage.region_id, '')
    and coverable_items.x_usage_type = hourly_usage.x_usage_type
    and coverable_items.x_operation = coalesce(hourly_usage.x_operation, '')
left join commitment_ids on commitment_ids.arn = hourly_usage.commitment_discount_id
where charge_period_start >= ? and charge_period_start < ?
group by 1, 2, 3, 4
"""
