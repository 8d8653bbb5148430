"""What could be Spot, hour by hour: the groups, what they did, and their usage by kind and commitment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.prices.lookup import Usage as Priced
from finops.recommend.hours import BY_PLAN, BY_RESERVATION, ON_DEMAND, Facts
from finops.recommend.spot_groups import NAMES, OWN_WORD, Group, Resource, Seen, grouped
from finops.recommend.tagged import tag_rows
from finops.recommend.waste_schedule import OUTSIDE_OFFICE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from finops.config.settings import Settings
    from finops.config.waste import WastePolicy
    from finops.usage import Usage

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """One usage type of a group over the hours: on-demand cost of what nothing covered and of what was, and quantity.

    `effective` is what the covered part cost at the rates of its commitments.
    """

    usage: Priced
    quantity: Decimal
    uncovered: Decimal
    covered: Decimal
    effective: Decimal


@dataclass(frozen=True)
class Moved:
    """Usage of a group in arrays of one length, as in Facts: what leaves the pool that commitments are applied to.

    `priced_as` is the item whose Spot price counts: what ran before its family was changed.
    """

    item: Whole
    hour: Whole
    how: Whole
    commitment: Whole
    on_demand: Floats
    covered: Floats
    quantity: Floats
    priced_as: Whole

    def only(self, mask: npt.NDArray[np.bool_]) -> Moved:
        """The rows of a mask."""
        return Moved(*(getattr(self, one.name)[mask] for one in fields(self)))

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> Moved:
        """From columns as they are fetched, named as the fields are."""
        import numpy as np

        kinds = {"on_demand": float, "covered": float, "quantity": float}
        return cls(*(np.asarray(columns[one.name], kinds.get(one.name, np.int64)) for one in fields(cls)))


@dataclass(frozen=True)
class Found:
    """A group with what it did and used."""

    number: int
    group: Group
    seen: Seen
    parts: tuple[Part, ...]


def groups(usage: Usage, settings: Settings, facts: Facts) -> list[Found]:
    """Every group of EC2 instances and Fargate tasks. Needs the tables that `hourly_facts` makes."""
    tag_rows(usage, settings)
    connection, span = usage.connection, facts.span
    connection.execute(_ROWS, [span.start, span.start, span.end])
    resources = [_resource(*row) for row in connection.execute(_RESOURCES).fetchall()]
    by_group = grouped(resources)
    _number(usage, by_group)
    hours = int(span.loaded.sum())
    done = {row[0]: row[1:] for row in connection.execute(_SEEN).fetchall()}
    parts = parts_of(usage)
    return [
        Found(number, group, _seen(members, hours, *done[number]), tuple(parts[number]))
        for number, (group, members) in enumerate(by_group)
    ]


def _resource(*row: Any) -> Resource:
    account, region, service, resource_id, kinds, lifetime, environment, owner, tags = row
    place = account, region, service, resource_id
    return Resource(*place, tuple(kinds), environment or "", owner or "", tags or {}, lifetime)


def _number(usage: Usage, grouped: Any) -> None:
    rows = [
        (one.account, one.region, one.service, one.resource_id, at)
        for at, (_, members) in enumerate(grouped)
        for one in members
    ]
    usage.connection.execute(_GROUPS, [[row[at] for row in rows] for at in range(5)])


def _seen(members: Sequence[Resource], hours: int, most: int, busy: int, replaced: int, zones: int) -> Seen:
    texts = {one.tags[key] for one in members for key in NAMES if key in one.tags}
    said = {(key, one.tags[key]) for one in members for key in OWN_WORD if key in one.tags}
    kinds = {kind for one in members for kind in one.usage_types}
    return Seen(
        len(members), most, replaced, zones, busy / hours, tuple(sorted(texts)), tuple(sorted(kinds)),
        tuple(sorted(said)),
    )  # fmt: skip


def parts_of(usage: Usage) -> dict[int, list[Part]]:
    """What each group used, by usage type."""
    found: dict[int, list[Part]] = {}
    for number, service, region, usage_type, operation, *sums in usage.connection.execute(_PARTS).fetchall():
        found.setdefault(number, []).append(Part((service, region, usage_type, operation), *sums))
    return found


def take_advice(usage: Usage, policy: WastePolicy) -> None:
    """Leave of the rows what advice on waste leaves (see `hours_left`): nothing of what stops, less of what changes.

    What changes family counts as so much less of the type it is now: Spot is as much cheaper for one as for the other.
    """
    usage.connection.execute(_LEFT, [policy.office_start, policy.office_end])


def moved(usage: Usage, number: int) -> Moved:
    """The usage of a group, hour by hour."""
    return Moved.of(usage.connection.execute(_MOVED, [number]).fetchnumpy())


_ROWS = f"""
create or replace temp table spot_rows as
select
    sub_account_id as account,
    coalesce(region_id, '') as region,
    x_service_code as service,
    coalesce(resource_id, '') as resource_id,
    x_usage_type as usage_type,
    x_usage_type as runs_as,
    coalesce(x_operation, '') as operation,
    nullif(availability_zone, '') as zone,
    charge_period_start,
    charge_period_end,
    date_diff('hour', cast(? as timestamp), charge_period_start) as hour,
    case x_line_item_type when 'Usage' then {ON_DEMAND} when 'SavingsPlanCoveredUsage' then {BY_PLAN}
        else {BY_RESERVATION} end as how,
    case x_line_item_type when 'SavingsPlanCoveredUsage' then x_savings_plan_arn
        when 'DiscountedUsage' then x_reservation_arn end as arn,
    cast(pricing_quantity as decimal(38, 10)) as quantity,
    case when x_line_item_type = 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end as on_demand,
    case x_line_item_type when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
        when 'DiscountedUsage' then coalesce(reservation_effective, 0) else 0 end as effective,
    delivery_id,
    tag_set_id
from tagged_cur
where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
    and charge_period_start >= ? and charge_period_start < ?
    and pricing_quantity > 0
    and (
        (x_service_code = 'AmazonEC2' and regexp_matches(x_usage_type, '^(.+-)?(Box|Dedicated|Host)Usage:'))
        or (x_service_code in ('AmazonECS', 'AmazonEKS')
            and regexp_matches(x_usage_type, '^([A-Z]+[0-9]*-)?Fargate-(ARM-)?(vCPU|GB)-Hours'))
    )
"""
_LEFT = f"""
create or replace temp table spot_rows as
with stopped as (select distinct account, resource_id from taken_advice where stops)
select
    spot_rows.* replace (
        cast(quantity * case how when {ON_DEMAND} then coalesce(rate, 1) else 1 end as decimal(38, 10)) as quantity,
        cast(on_demand * case how when {ON_DEMAND} then coalesce(rate, 1) else 1 end as decimal(38, 10)) as on_demand,
        case when how = {ON_DEMAND} then coalesce(nullif(successor, ''), usage_type) else usage_type end as runs_as
    )
from spot_rows
left join taken_advice using (account, resource_id, usage_type, operation)
where not exists (
        select 1 from stopped
        where stopped.account = spot_rows.account and stopped.resource_id = spot_rows.resource_id
    )
    and not (coalesce(taken_advice.sleeps, false) and {OUTSIDE_OFFICE})
"""
_RESOURCES = """
with newest as (
    select
        account, region, service, resource_id, list(distinct usage_type order by usage_type) as kinds,
        max(hour) - min(hour) + 1 as lifetime,
        arg_max(delivery_id, charge_period_start) as delivery_id,
        arg_max(coalesce(tag_set_id, 0), charge_period_start) as tag_set_id
    from spot_rows
    group by account, region, service, resource_id
)
select newest.account, newest.region, newest.service, newest.resource_id, newest.kinds, newest.lifetime,
    places.environment, places.owner, places.tags
from newest
left join places
    on places.delivery_id = newest.delivery_id and coalesce(places.tag_set_id, 0) = newest.tag_set_id
    and places.sub_account_id = newest.account and coalesce(places.region_id, '') = newest.region
order by newest.account, newest.region, newest.service, newest.resource_id
"""
_GROUPS = """
create or replace temp table spot_groups as
select unnest(cast(? as varchar[])) as account, unnest(cast(? as varchar[])) as region,
    unnest(cast(? as varchar[])) as service, unnest(cast(? as varchar[])) as resource_id,
    unnest(cast(? as integer[])) as number
"""
# A member that came after the first hour of its group, or went before the last, was replaced or scaled.
_SEEN = """
with held as (
    select number, spot_rows.* from spot_rows join spot_groups using (account, region, service, resource_id)
),
together as (
    select number, charge_period_start, count(distinct resource_id) as members
    from held group by number, charge_period_start
),
most as (select number, max(members) as most, count(*) as busy from together group by number),
ends as (
    select number, resource_id, min(charge_period_start) as first, max(charge_period_start) as last
    from held group by number, resource_id
),
bounds as (select number, min(first) as first, max(last) as last from ends group by number),
replaced as (
    select ends.number, count(*) filter (where ends.first > bounds.first or ends.last < bounds.last) as replaced
    from ends join bounds using (number) group by ends.number
),
zones as (select number, count(distinct zone) as zones from held group by number)
select number, most, busy, replaced, zones
from most join replaced using (number) join zones using (number)
"""
_PARTS = f"""
select number, service, region, usage_type, operation,
    cast(sum(quantity) as decimal(38, 10)),
    cast(coalesce(sum(on_demand) filter (where how = {ON_DEMAND}), 0) as decimal(38, 10)),
    cast(coalesce(sum(on_demand) filter (where how <> {ON_DEMAND}), 0) as decimal(38, 10)),
    cast(sum(effective) as decimal(38, 10))
from spot_rows join spot_groups using (account, region, service, resource_id)
group by number, service, region, usage_type, operation
order by number, service, region, usage_type, operation
"""
_MOVED = """
select
    coverable_items.id as item, spot_rows.hour, spot_rows.how, coalesce(commitment_ids.id, -1) as commitment,
    cast(sum(spot_rows.on_demand) as double) as on_demand,
    cast(sum(spot_rows.effective) as double) as covered,
    cast(sum(spot_rows.quantity) as double) as quantity,
    any_value(priced_items.id) as priced_as
from spot_rows
join spot_groups using (account, region, service, resource_id)
join coverable_items
    on coverable_items.scope = 'compute'
    and coverable_items.x_service_code = spot_rows.service
    and coverable_items.region_id = spot_rows.region
    and coverable_items.x_usage_type = spot_rows.runs_as
    and coverable_items.x_operation = spot_rows.operation
join coverable_items as priced_items
    on priced_items.scope = 'compute'
    and priced_items.x_service_code = spot_rows.service
    and priced_items.region_id = spot_rows.region
    and priced_items.x_usage_type = spot_rows.usage_type
    and priced_items.x_operation = spot_rows.operation
left join commitment_ids on commitment_ids.arn = spot_rows.arn
where number = ?
group by coverable_items.id, priced_items.id, spot_rows.hour, spot_rows.how, commitment_ids.id
"""
