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

    def part(self, start: int, end: int) -> Moved:
        """The rows from one place up to another."""
        return Moved(*(getattr(self, one.name)[start:end] for one in fields(self)))

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> Moved:
        """From columns as they are fetched, named as the fields are."""
        import numpy as np

        kinds = {"on_demand": float, "covered": float, "quantity": float}
        return cls(*(np.asarray(columns[one.name], kinds.get(one.name, np.int64)) for one in fields(cls)))


@dataclass(frozen=True)
class Found:
    """A group with what it did and cost over the hours, covered usage at its rate.

    `parts` is what it used, of groups that could move.
    """

    number: int
    group: Group
    seen: Seen
    cost: Decimal
    parts: tuple[Part, ...] = ()


def groups(usage: Usage, settings: Settings, facts: Facts) -> list[Found]:
    """Every group of EC2 instances and Fargate tasks. Needs the tables that `hourly_facts` makes.

    There may be hundreds of thousands, most of them of one resource: what they did is joined by numbers, not by names.
    """
    tag_rows(usage, settings)
    connection, span = usage.connection, facts.span
    connection.execute(_ROWS, [span.start, span.start, span.end])
    for statement in (_RESOURCES, _ROWS_NUMBERED, _PLACES):
        connection.execute(statement)
    resources = _resources(usage)
    by_group = grouped(resources)
    _number(usage, by_group, len(resources))
    hours = int(span.loaded.sum())
    done = {row[0]: row[1:] for row in connection.execute(_SEEN).fetchall()}
    return [_found(number, group, members, hours, *done[number]) for number, (group, members) in enumerate(by_group)]


def _resources(usage: Usage) -> list[Resource]:
    """Every resource in the order of its number; those whose tags say the same share one mapping of them."""
    places: dict[int | None, tuple[str, str, Mapping[str, str]]] = {
        number: (environment or "", owner or "", tags or {})
        for number, environment, owner, tags in usage.connection.execute(_LIST_PLACES).fetchall()
    }
    nowhere: tuple[str, str, Mapping[str, str]] = ("", "", {})
    kinds, found = _Kinds(), []
    rows = usage.connection.execute(_LIST_RESOURCES).fetchall()
    for number, account, region, service, name, used, lifetime, place in rows:
        environment, owner, tags = places.get(place, nowhere)
        types = kinds[tuple(used)]
        found.append(Resource(account, region, service, name, types, environment, owner, tags, lifetime, number))
    return found


class _Kinds(dict[tuple[str, ...], tuple[str, ...]]):
    """Usage types in their order; many resources have the same ones."""

    def __missing__(self, used: tuple[str, ...]) -> tuple[str, ...]:
        return self.setdefault(used, tuple(sorted(used)))


def _number(usage: Usage, grouped: Sequence[tuple[Group, Sequence[Resource]]], resources: int) -> None:
    """The table of the group of each resource."""
    numbers = [0] * resources
    for at, (_, members) in enumerate(grouped):
        for one in members:
            numbers[one.number] = at
    usage.connection.execute(_GROUPS, [numbers])


def _found(
    number: int, group: Group, members: Sequence[Resource], hours: int,
    most: int, busy: int, replaced: int, zones: int, cost: Decimal,
) -> Found:  # fmt: skip
    tags = {id(one.tags): one.tags for one in members}.values()
    texts = {one[key] for one in tags for key in NAMES if key in one}
    said = {(key, one[key]) for one in tags for key in OWN_WORD if key in one}
    kinds = {kind for one in {one.usage_types for one in members} for kind in one}
    seen = Seen(
        len(members), most, replaced, zones, busy / hours, tuple(sorted(texts)), tuple(sorted(kinds)),
        tuple(sorted(said)),
    )  # fmt: skip
    return Found(number, group, seen, cost)


def parts_of(usage: Usage, numbers: Sequence[int]) -> dict[int, tuple[Part, ...]]:
    """What each of these groups used, by usage type."""
    found: dict[int, list[Part]] = {number: [] for number in numbers}
    rows = usage.connection.execute(_PARTS, [list(numbers)]).fetchall()
    for number, service, region, usage_type, operation, *sums in rows:
        found[number].append(Part((service, region, usage_type, operation), *sums))
    return {number: tuple(parts) for number, parts in found.items()}


def take_advice(usage: Usage, policy: WastePolicy) -> None:
    """Leave of the rows what advice on waste leaves (see `hours_left`): nothing of what stops, less of what changes.

    What changes family counts as so much less of the type it is now: Spot is as much cheaper for one as for the other.
    """
    usage.connection.execute(_LEFT, [policy.office_start, policy.office_end])


def moved_of(usage: Usage, numbers: Sequence[int]) -> dict[int, Moved]:
    """The usage of each of these groups, hour by hour."""
    import numpy as np

    columns: dict[str, Any] = usage.connection.execute(_MOVED, [list(numbers)]).fetchnumpy()
    all_of, number = Moved.of(columns), np.asarray(columns["number"], np.int64)
    bounds = {one: np.searchsorted(number, (one, one + 1)) for one in numbers}
    return {one: all_of.part(*(int(at) for at in ends)) for one, ends in bounds.items()}


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
with advised as (
    select resource, usage_type, operation, stops, sleeps, rate, successor
    from taken_advice join spot_resources using (account, resource_id)
),
stopped as (select distinct resource from advised where stops)
select
    spot_rows.* replace (
        cast(quantity * case how when {ON_DEMAND} then coalesce(rate, 1) else 1 end as decimal(38, 10)) as quantity,
        cast(on_demand * case how when {ON_DEMAND} then coalesce(rate, 1) else 1 end as decimal(38, 10)) as on_demand,
        case when how = {ON_DEMAND} then coalesce(nullif(successor, ''), usage_type) else usage_type end as runs_as
    )
from spot_rows
left join advised using (resource, usage_type, operation)
where not exists (select 1 from stopped where stopped.resource = spot_rows.resource)
    and not (coalesce(advised.sleeps, false) and {OUTSIDE_OFFICE})
"""
_RESOURCES = """
create or replace temp table spot_resources as
select cast(row_number() over (order by account, region, service, resource_id) - 1 as integer) as resource, *
from (select distinct account, region, service, resource_id from spot_rows)
"""
_ROWS_NUMBERED = """
create or replace temp table spot_rows as
select spot_resources.resource, spot_rows.* exclude (account, region, service, resource_id)
from spot_rows join spot_resources using (account, region, service, resource_id)
"""
_PLACES = """
create or replace temp table spot_places as
select row_number() over () as place, delivery_id, coalesce(tag_set_id, 0) as tag_set_id,
    sub_account_id as account, coalesce(region_id, '') as region, environment, owner, tags
from places
"""
_LIST_PLACES = "select place, environment, owner, tags from spot_places"
_LIST_RESOURCES = """
with used as (select distinct resource, usage_type from spot_rows),
kinds as (select resource, list(usage_type) as kinds from used group by resource),
newest as (
    select
        resource, max(hour) - min(hour) + 1 as lifetime,
        arg_max(delivery_id, charge_period_start) as delivery_id,
        arg_max(coalesce(tag_set_id, 0), charge_period_start) as tag_set_id
    from spot_rows
    group by resource
)
select spot_resources.resource, account, region, service, resource_id, kinds.kinds, newest.lifetime, spot_places.place
from spot_resources
join newest using (resource)
join kinds using (resource)
left join spot_places using (delivery_id, tag_set_id, account, region)
order by spot_resources.resource
"""
_GROUPS = """
create or replace temp table spot_groups as
select cast(row_number() over () - 1 as integer) as resource, number
from (select unnest(cast(? as integer[])) as number)
"""
# A member that came after the first hour of its group, or went before the last, was replaced or scaled.
_SEEN = f"""
with held as (
    select distinct number, resource, charge_period_start from spot_rows join spot_groups using (resource)
),
together as (select number, charge_period_start, count(*) as members from held group by number, charge_period_start),
most as (select number, max(members) as most, count(*) as busy from together group by number),
ends as (
    select number, resource, min(charge_period_start) as first, max(charge_period_start) as last
    from held group by number, resource
),
bounds as (select number, min(first) as first, max(last) as last from ends group by number),
replaced as (
    select ends.number, count(*) filter (where ends.first > bounds.first or ends.last < bounds.last) as replaced
    from ends join bounds using (number) group by ends.number
),
in_zones as (select distinct number, zone from spot_rows join spot_groups using (resource)),
zones as (select number, count(zone) as zones from in_zones group by number),
costs as (
    select number, cast(coalesce(sum(on_demand) filter (where how = {ON_DEMAND}), 0) + sum(effective)
        as decimal(38, 10)) as cost
    from spot_rows join spot_groups using (resource) group by number
)
select number, most, busy, replaced, zones, cost
from most join replaced using (number) join zones using (number) join costs using (number)
"""
_PARTS = f"""
with wanted as (select unnest(cast(? as integer[])) as number)
select number, service, region, usage_type, operation,
    cast(sum(quantity) as decimal(38, 10)),
    cast(coalesce(sum(on_demand) filter (where how = {ON_DEMAND}), 0) as decimal(38, 10)),
    cast(coalesce(sum(on_demand) filter (where how <> {ON_DEMAND}), 0) as decimal(38, 10)),
    cast(sum(effective) as decimal(38, 10))
from spot_rows join spot_groups using (resource) join wanted using (number) join spot_resources using (resource)
group by number, service, region, usage_type, operation
order by number, service, region, usage_type, operation
"""
_MOVED = """
with wanted as (select unnest(cast(? as integer[])) as number),
used as (
    select number, service, region, usage_type, runs_as, operation, hour, how, arn,
        sum(on_demand) as on_demand, sum(effective) as effective, sum(quantity) as quantity
    from spot_rows join spot_groups using (resource) join wanted using (number) join spot_resources using (resource)
    group by number, service, region, usage_type, runs_as, operation, hour, how, arn
)
select
    used.number, coverable_items.id as item, used.hour, used.how, coalesce(commitment_ids.id, -1) as commitment,
    cast(sum(used.on_demand) as double) as on_demand,
    cast(sum(used.effective) as double) as covered,
    cast(sum(used.quantity) as double) as quantity,
    priced_items.id as priced_as
from used
join coverable_items
    on coverable_items.scope = 'compute'
    and coverable_items.x_service_code = used.service
    and coverable_items.region_id = used.region
    and coverable_items.x_usage_type = used.runs_as
    and coverable_items.x_operation = used.operation
join coverable_items as priced_items
    on priced_items.scope = 'compute'
    and priced_items.x_service_code = used.service
    and priced_items.region_id = used.region
    and priced_items.x_usage_type = used.usage_type
    and priced_items.x_operation = used.operation
left join commitment_ids on commitment_ids.arn = used.arn
group by used.number, coverable_items.id, priced_items.id, used.hour, used.how, commitment_ids.id
order by used.number, used.hour, coverable_items.id, priced_items.id, used.how, commitment
"""
