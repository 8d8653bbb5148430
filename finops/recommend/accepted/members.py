"""Instances of a group that was advised to run on Spot: who belongs to it by its tags, and what each day of it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.findings import finding_id
from finops.prices.lookup import price_of
from finops.recommend.accepted.days import NO_PRICE, Daily, Place, daily_lines
from finops.recommend.accepted.entry import Line
from finops.recommend.accepted.kinds import Kind
from finops.recommend.spot import KIND
from finops.recommend.spot_groups import Resource, group_of
from finops.recommend.tagged import tag_rows
from finops.usage import price_book

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage


def members(usage: Usage, settings: Settings, identity: str, place: Place) -> list[str]:
    """The instances whose newest tags put them into the group of the advice, on demand or on Spot."""
    tag_rows(usage, settings)
    rows = usage.connection.execute(_RESOURCES, [place.account, place.region]).fetchall()
    found = [Resource(place.account, place.region, place.service, name, (), "", "", tags or {}) for name, tags in rows]
    return [one.resource_id for one in found if finding_id(KIND, group_of(one).key) == identity]


def lines_of(usage: Usage, settings: Settings, kind: Kind, identity: str, place: Place, days: Sequence[date]) -> Daily:
    """The lines that advice is about, whatever its scope is."""
    if kind.scope == "group":
        return group_lines(usage, settings, identity, place, days)
    return daily_lines(usage, kind, place, days)


def group_lines(usage: Usage, settings: Settings, identity: str, place: Place, days: Sequence[date]) -> Daily:
    """The lines of the group by day; what ran on Spot with its price on demand, of the bill or a list of the region."""
    if not days:
        return Daily({})
    names = members(usage, settings, identity, place)
    book, found, wanted = price_book(usage), defaultdict(list), set(days)
    for day, usage_type, operation, cost, full, quantity, is_priced in usage.connection.execute(
        _LINES, [names, place.account, place.region, days[0], days[-1]]
    ).fetchall():
        if day not in wanted:
            continue
        if not is_priced:
            return Daily({}, NO_PRICE)
        on_demand = _on_demand(book, place, usage_type, operation, quantity) if "SpotUsage" in usage_type else full
        if on_demand is None:
            return Daily({}, f"no on-demand price of {usage_type} is known")
        found[day].append(Line(usage_type, cost, on_demand, quantity))
    return Daily(dict(found))


def _on_demand(book: PriceBook, place: Place, usage_type: str, operation: str, hours: Decimal) -> Decimal | None:
    same = usage_type.replace("SpotUsage", "BoxUsage")
    price = price_of(book, (place.service, place.region, same, operation))
    return price.price * hours if price else None


_RESOURCES = """
with newest as (
    select resource_id, arg_max(delivery_id, charge_period_start) as delivery_id,
        arg_max(coalesce(tag_set_id, 0), charge_period_start) as tag_set_id
    from tagged_cur
    where sub_account_id = ? and coalesce(region_id, '') = ? and x_service_code = 'AmazonEC2'
        and coalesce(resource_id, '') <> '' and regexp_matches(x_usage_type, '(Box|Spot)Usage')
    group by resource_id
)
select newest.resource_id, any_value(places.tags)
from newest
left join places
    on places.delivery_id = newest.delivery_id and coalesce(places.tag_set_id, 0) = newest.tag_set_id
group by newest.resource_id
order by newest.resource_id
"""
_LINES = """
select cast(charge_period_start as date) as day, x_usage_type,
    regexp_replace(coalesce(x_operation, ''), ':SV[0-9]+$', ''),
    cast(sum(case x_line_item_type when 'Usage' then unblended
        when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
        else coalesce(reservation_effective, 0) end) as decimal(38, 10)),
    cast(sum(case x_line_item_type when 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end)
        as decimal(38, 10)),
    cast(coalesce(sum(cast(pricing_quantity as decimal(38, 10))), 0) as decimal(38, 10)),
    not bool_or(x_line_item_type = 'DiscountedUsage' and coalesce(reservation_effective, 0) > 0
        and coalesce(public_on_demand, 0) = 0)
from cur
where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
    and list_contains(?, resource_id) and regexp_matches(x_usage_type, '(Box|Spot)Usage')
    and sub_account_id = ? and coalesce(region_id, '') = ?
    and cast(charge_period_start as date) between ? and ?
group by 1, 2, 3
order by 1, 2, 3
"""
