"""The hours that commitments and Spot still see once advice on waste is taken: stopped, scheduled, in another family.

What stops takes the usage that commitments cover along; AWS's allocation is run again, so that what it frees covers
other usage of the hour. What changes family is other usage from then on, at its own price: where an upper bound counts
on top of what is sure, at the price of that one. So all of it together is a bill that can be, and if the upper bound
comes to less, more is left for Spot and commitments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.prices import PriceBook
from finops.recommend.hours import BY_PLAN, BY_RESERVATION, ON_DEMAND, Facts, Item
from finops.recommend.kinds import kind_of
from finops.recommend.row import Recommendation
from finops.recommend.spot_hours import Moved
from finops.recommend.spot_rerun import Pool, on_demand, without
from finops.recommend.waste_schedule import OUTSIDE_OFFICE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from finops.config.waste import WastePolicy
    from finops.usage import Usage

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

_NONE = Decimal(0)
_EXACT = Decimal("1e-10")


@dataclass(frozen=True)
class HoursLeft:
    """The hours after advice on waste, and what commitments it freed cover instead: USD over all hours.

    `changed` says whether any hour is other than on the bill; `uncovered` is the share (0 to 1) of usage on demand, by
    item and hour, that the freed commitments do not reach, None where they reach none.
    """

    pool: Pool
    freed: Decimal
    changed: bool
    uncovered: Floats | None = None


def hours_left(usage: Usage, pool: Pool, rows: Sequence[Recommendation], policy: WastePolicy) -> HoursLeft:
    """The hours without what the rows stop and put to sleep, and with what they change at its new price.

    `rows` are advice on waste, settled; only those with a saving in sequence are taken. Needs the tables that
    `hourly_facts` makes, and makes `taken_advice`.
    """
    taken = [row for row in rows if row.saving_in_sequence is not None and row.cost_of]
    successors, span = _create_taken(usage, taken), pool.facts.span
    limits = [span.start, policy.office_start, policy.office_end, span.start, span.end]
    columns: dict[str, Any] = usage.connection.execute(_TAKEN, limits).fetchnumpy()
    if not len(columns["item"]):
        return HoursLeft(pool, _NONE, changed=False)
    moved, gone = Moved.of({**columns, "priced_as": columns["item"]}), columns["gone"].astype(bool)
    change = _Change(moved.only(~gone), columns["rate"][~gone], columns["successor"][~gone], successors)
    resized = replace(pool, facts=_resized(pool.facts, change))
    _name_items(usage, resized.facts.items[len(pool.facts.items) :], len(pool.facts.items))
    facts, freed = without(resized, moved.only(gone))
    share = _uncovered(resized, moved.only(gone & (moved.how == ON_DEMAND)), facts) if freed else None
    return HoursLeft(replace(pool, facts=facts), Decimal(freed).quantize(_EXACT), changed=True, uncovered=share)


def _uncovered(pool: Pool, stopped: Moved, after: Facts) -> Floats:
    """What freed commitments leave on demand, as a share of what stays on demand without them."""
    import numpy as np

    stays, left = on_demand(without(pool, stopped)[0]), on_demand(after)
    return np.divide(left, stays, out=np.ones(len(left)), where=stays > 0)


def _name_items(usage: Usage, items: Sequence[Item], first: int) -> None:
    """Usage that is not on the bill, but will be: behind the items that are."""
    for at, item in enumerate(items, start=first):
        usage.connection.execute("insert into coverable_items values (?, ?, ?, ?, ?, ?)", [at, *item])


@dataclass(frozen=True)
class _Change:
    """Usage that becomes that of another usage type: `successor` is a place in `names`, `rate` the share it costs."""

    usage: Moved
    rate: Floats
    successor: Whole
    names: Sequence[str]


def _create_taken(usage: Usage, taken: Sequence[Recommendation]) -> list[str]:
    """The table of what is done to which usage; what stops does so with all its usage. Returns the successors."""
    successors = sorted({_successor(row) for row in taken})
    rows = [
        (
            row.account,
            row.resource_id,
            *row.cost_of[2:],
            kind_of(row.kind).takes == "all",
            kind_of(row.kind).takes == "part",
            float(_rate(row)),
            _successor(row),
            successors.index(_successor(row)),
        )
        for row in taken
    ]
    usage.connection.execute(_ADVICE, [[row[at] for row in rows] for at in range(9)])
    return successors


def _successor(row: Recommendation) -> str:
    return str(row.more.get("successor") or "")


def _rate(row: Recommendation) -> Decimal:
    """What usage that changes family costs then, as a share of what it costs now."""
    if kind_of(row.kind).takes != "rate" or row.saving is None or not row.open_cost:
        return Decimal(1)
    return 1 - row.saving / row.open_cost


def _resized(facts: Facts, change: _Change) -> Facts:
    """The facts with usage of one item as usage of its successor: the same hours, at the new price."""
    import numpy as np

    before = change.usage
    if not len(before.item):
        return facts
    items = list(facts.items)
    pairs, row_pair = np.unique(before.item * len(change.names) + change.successor, return_inverse=True)
    wanted = [
        items[int(pair) // len(change.names)]._replace(usage_type=change.names[int(pair) % len(change.names)])
        for pair in pairs
    ]
    items += sorted(set(wanted) - set(items))
    less, _ = without(Pool(facts, (), PriceBook()), before)
    return replace(
        less,
        items=items,
        item=np.concatenate([less.item, np.array([items.index(one) for one in wanted], np.int64)[row_pair]]),
        hour=np.concatenate([less.hour, before.hour]),
        how=np.concatenate([less.how, before.how]),
        commitment=np.concatenate([less.commitment, before.commitment]),
        on_demand=np.concatenate([less.on_demand, before.on_demand * change.rate]),
        covered=np.concatenate([less.covered, before.covered]),
        quantity=np.concatenate([less.quantity, before.quantity]),
    )


_ADVICE = """
create or replace temp table taken_advice as
with rows as (
    select unnest(cast(? as varchar[])) as account, unnest(cast(? as varchar[])) as resource_id,
        unnest(cast(? as varchar[])) as usage_type, unnest(cast(? as varchar[])) as operation,
        unnest(cast(? as boolean[])) as stops, unnest(cast(? as boolean[])) as sleeps,
        unnest(cast(? as double[])) as rate, unnest(cast(? as varchar[])) as successor,
        unnest(cast(? as integer[])) as successor_number
)
select account, resource_id, usage_type, operation, bool_or(stops) as stops, bool_or(sleeps) as sleeps,
    min(rate) as rate, arg_min(successor, rate) as successor, arg_min(successor_number, rate) as successor_number
from rows
group by account, resource_id, usage_type, operation
"""
_TAKEN = f"""
with stopped as (select distinct account, resource_id from taken_advice where stops),
use as (
    select
        coverable_items.id as item,
        date_diff('hour', cast(? as timestamp), charge_period_start) as hour,
        case x_line_item_type when 'Usage' then {ON_DEMAND} when 'SavingsPlanCoveredUsage' then {BY_PLAN}
            else {BY_RESERVATION} end as how,
        coalesce(commitment_ids.id, -1) as commitment,
        stopped.account is not null or (coalesce(taken_advice.sleeps, false) and {OUTSIDE_OFFICE}) as gone,
        coalesce(taken_advice.rate, 1) as rate,
        coalesce(taken_advice.successor_number, 0) as successor,
        case when x_line_item_type = 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end
            as on_demand,
        case x_line_item_type when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
            when 'DiscountedUsage' then coalesce(reservation_effective, 0) else 0 end as covered,
        pricing_quantity as quantity
    from cur
    left join taken_advice
        on taken_advice.account = cur.sub_account_id and taken_advice.resource_id = coalesce(cur.resource_id, '')
        and taken_advice.usage_type = cur.x_usage_type and taken_advice.operation = coalesce(cur.x_operation, '')
    left join stopped
        on stopped.account = cur.sub_account_id and stopped.resource_id = coalesce(cur.resource_id, '')
    join coverable_items
        on coverable_items.x_service_code = cur.x_service_code
        and coverable_items.region_id = coalesce(cur.region_id, '')
        and coverable_items.x_usage_type = cur.x_usage_type
        and coverable_items.x_operation = coalesce(cur.x_operation, '')
    left join commitment_ids
        on commitment_ids.arn = case x_line_item_type when 'SavingsPlanCoveredUsage' then x_savings_plan_arn
            when 'DiscountedUsage' then x_reservation_arn end
    where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
        and (taken_advice.account is not null or stopped.account is not null)
        and charge_period_start >= ? and charge_period_start < ?
)
select item, hour, how, commitment, gone, case when gone then 1 else rate end as rate,
    case when gone then 0 else successor end as successor,
    cast(sum(on_demand) as double) as on_demand, cast(sum(covered) as double) as covered,
    cast(sum(quantity) as double) as quantity
from use
where gone or (rate < 1 and how = {ON_DEMAND})
group by all
"""
