"""What each resource of the bill ran and cost over the complete hours, for what the bill alone proves of waste."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from finops.recommend.hours import Span
from finops.recommend.row import Class, Recommendation, monthly
from finops.recommend.tagged import tag_rows

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.usage import Usage

# A resource without a line in the last two days of the data is gone.
_STILL_HOURS = 48


class Used(NamedTuple):
    """One usage type of a resource. `open_cost` is what no commitment covers, `cost` all, covered usage at its rate.

    `hours` are the loaded hours from its first line to the end of the data, `running` those of its lines, which
    may be a day long.
    """

    account: str
    region: str
    service: str
    resource_id: str
    usage_type: str
    operation: str
    quantity: Decimal
    open_cost: Decimal
    cost: Decimal
    running: int
    hours: int
    still: bool
    environment: str
    owner: str

    @property
    def resource(self) -> tuple[str, str]:
        """What tells the resource from others."""
        return self.account, self.resource_id

    @property
    def name(self) -> str:
        """What a person calls it: an ARN without what comes before the name, and of a load balancer behind it."""
        parts = re.split(r"[:/]", self.resource_id)
        return (parts[-2] if "loadbalancer" in parts[:-2] else parts[-1]) or f"usage of {self.usage_type}"


def used(usage: Usage, settings: Settings, span: Span) -> list[Used]:
    """Every usage type of every resource within the complete hours; makes the view `tagged_cur` and `places`."""
    tag_rows(usage, settings)
    rows = usage.connection.execute(*used_query(span.start, span.end)).fetchall()
    behind = [max(int(hours), 1) for hours in span.loaded[::-1].cumsum()[::-1]]
    recent = len(behind) - _STILL_HOURS
    return [_used(row, behind, recent) for row in rows]


def _used(row: Sequence[Any], behind: Sequence[int], recent: int) -> Used:
    """A row of the query; `behind` are the loaded hours from each hour on, the last two days begin at hour `recent`."""
    *what, first, last, environment, owner = row
    return Used._make((*what, behind[first], last >= recent, environment, owner))


def used_query(start: datetime, end: datetime) -> tuple[str, list[Any]]:
    """The query of `used` from the first hour to the end of the last one, and its parameters."""
    return _USED, [start, start, end, int((end - start).total_seconds() // 3600)]


def advice(one: Used, kind: str, certainty: Class, basis: str, action: str, evidence: str) -> Recommendation:
    """A row about a resource with what it costs now, and no saving yet."""
    return Recommendation(
        kind=kind,
        where=(one.account, one.region, one.service, one.resource_id, one.usage_type),
        account=one.account,
        region=one.region,
        service=one.service,
        resource_id=one.resource_id,
        owner=one.owner,
        current_cost=monthly(one.cost, one.hours),
        basis=basis,
        certainty=certainty,
        pay_back_months=Decimal(0),
        cost_of=(*one.resource, one.usage_type, one.operation),
        open_cost=monthly(one.open_cost, one.hours),
        action=action,
        evidence=evidence,
    )


def saving(row: Recommendation, one: Used, low: Decimal, high: Decimal) -> Recommendation:
    """The row with what it saves: `high`, and `low` at least; both over all hours of the resource."""
    most = monthly(high, one.hours)
    return replace(row, saving=most, saving_low=monthly(low, one.hours), saving_high=most)


_USED = """
with hourly as (
    select *, cast(date_diff('hour', cast(? as timestamp), charge_period_start) as integer) as hour
    from tagged_cur
    where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
        and charge_period_start >= ? and charge_period_start < ?
),
use as (
    select
        sub_account_id, coalesce(region_id, '') as region, x_service_code, coalesce(resource_id, '') as resource_id,
        x_usage_type, coalesce(x_operation, '') as operation,
        cast(coalesce(sum(cast(pricing_quantity as decimal(38, 10))), 0) as decimal(38, 10)) as quantity,
        cast(coalesce(sum(unblended) filter (where x_line_item_type = 'Usage'), 0) as decimal(38, 10)) as open_cost,
        cast(sum(case x_line_item_type when 'Usage' then unblended
            when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
            else coalesce(reservation_effective, 0) end) as decimal(38, 10)) as cost,
        cast(bit_count(bitstring_agg(hour, 0, ?))
            * greatest(1, round(min(date_diff('second', charge_period_start, charge_period_end)) / 3600)) as bigint
        ) as running,
        min(hour) as first, max(hour) as last,
        arg_max(delivery_id, charge_period_start) as delivery_id,
        arg_max(coalesce(tag_set_id, 0), charge_period_start) as tag_set_id
    from hourly
    group by 1, 2, 3, 4, 5, 6
)
select use.sub_account_id, use.region, use.x_service_code, use.resource_id, use.x_usage_type, use.operation,
    use.quantity, use.open_cost, use.cost, use.running, use.first, use.last,
    coalesce(places.environment, '') as environment, coalesce(places.owner, '') as owner
from use
left join places
    on places.delivery_id = use.delivery_id and coalesce(places.tag_set_id, 0) = use.tag_set_id
    and places.sub_account_id = use.sub_account_id and coalesce(places.region_id, '') = use.region
order by 1, 2, 3, 4, 5, 6
"""
