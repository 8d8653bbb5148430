"""What was charged in two spans, in cells: the finest pieces whose usage and price can be told apart."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from finops.dimensions import Dimension, needed_joins
from finops.variance.why.spans import Spans

if TYPE_CHECKING:
    from finops.reader import Ledger

USAGE = "usage"
NOT_SEPARABLE = "not_separable"
TABLE = "why_cells"
# Resources of one span only; those with charges of other kinds are told with them.
ONE_SIDED = "kind = 'usage' and resource_id is not null and seen0 <> seen1 and not has_other_kinds"
_QUANTITY = ("x_quantity", "pricing_unit", "x_operation")


class Cell(NamedTuple):
    """The lines of one kind that differ in nothing but time.

    `kind` is `usage`, `not_separable`, `commitment` or a kind of charge (x_charge_type). `cost` is in the metric
    asked for, `demand` the same usage at on-demand rates, `quantity` in `unit`, null where some line does not tell
    it; 0 is before, 1 after. `seen` says in which of the two spans the resource cost anything at all.
    """

    split: str
    kind: str
    service: str
    account: str
    region: str
    resource: str | None
    usage_type: str | None
    operation: str | None
    unit: str | None
    cost0: Decimal
    cost1: Decimal
    demand0: Decimal
    demand1: Decimal
    quantity0: Decimal | None
    quantity1: Decimal | None
    lines: int
    is_long: bool
    seen0: bool
    seen1: bool


def read_cells(ledger: Ledger, spans: Spans, split: Dimension, separable: bool) -> list[Cell]:
    """Every cell with a cost in either span, told apart by `split` too, but for resources of one span only.

    Those are left in the temp table of all cells. Not `separable` are months of Cost Explorer: their usage is one cell
    per service and account.
    """
    joins = needed_joins([split])
    select = _FACTS.format(
        split=split.expression(0),
        kind=KIND if separable else KIND_OF_SUMS,
        cost=ledger.cost,
        demand=on_demand(ledger.ask.metric, ledger.cost),
        joins=joins.sql,
        **quantity_columns(ledger),
    )
    sql = _CELLS.format(
        before=select.format(is_after="false", condition=spans.before.sql()),
        after=select.format(is_after="true", condition=spans.after.sql()),
    )
    connection = ledger.connection
    connection.execute(f"create or replace temp table {TABLE} as {sql}", [*joins.params, *joins.params])
    rows = connection.execute(f"select * exclude (has_other_kinds) from {TABLE} where not ({ONE_SIDED})").fetchall()
    return [Cell._make(row) for row in rows]


def tells_quantities(ledger: Ledger) -> bool:
    """Whether the marts keep quantities: those that an earlier finops made do not."""
    names = {row["column_name"] for row in ledger.rows("describe select * from resource_daily")}
    return set(_QUANTITY) <= names


def quantity_columns(ledger: Ledger) -> dict[str, str]:
    """SQL of quantity, unit and operation of `facts`; null where the marts do not keep them."""
    types = ("decimal(38, 10)", "varchar", "varchar")
    if tells_quantities(ledger):
        return {name: f"facts.{name}" for name in _QUANTITY}
    return {name: f"cast(null as {kind})" for name, kind in zip(_QUANTITY, types, strict=True)}


def on_demand(metric: str, cost: str) -> str:
    """SQL of what usage costs on demand: its own rate where the line has it, else the public one.

    A line under a Savings Plan has its own on-demand cost as unblended cost, one under a reservation only the public
    price of the same hours; any other line is on demand already.
    """
    if metric == "list":
        return "facts.list_cost"
    own = "x_net_unblended_cost" if metric.startswith("net_") else "x_unblended_cost"
    return (
        f"case when facts.x_line_item_type = 'SavingsPlanCoveredUsage' then facts.{own} "
        f"when facts.pricing_category = 'Committed' then facts.list_cost else facts.{cost} end"
    )


# An unused commitment of a FOCUS export is a line of usage that carries no tag and names the commitment.
KIND = """
    case
        when facts.x_charge_type = 'commitment fee' then 'commitment'
        when facts.x_line_item_type = 'SavingsPlanNegation' then 'commitment'
        when facts.x_charge_type = 'usage' and facts.x_line_item_type is null and not facts.x_taggable
            and facts.resource_id is not null and facts.pricing_category = 'Committed' then 'commitment'
        else facts.x_charge_type
    end"""
KIND_OF_SUMS = """
    case
        when facts.x_charge_type = 'commitment fee' then 'commitment'
        when facts.x_line_item_type = 'SavingsPlanNegation' then 'commitment'
        when facts.x_charge_type in ('usage', '(unclassified)') then 'not_separable'
        else facts.x_charge_type
    end"""

_FACTS = """
select
    {{is_after}} as is_after,
    {split} as split,
    {kind} as kind,
    coalesce(facts.x_service_code, '(none)') as service,
    coalesce(facts.sub_account_id, '(none)') as account,
    coalesce(facts.region_id, '(none)') as region,
    facts.resource_id,
    facts.x_usage_type,
    {x_operation} as x_operation,
    {pricing_unit} as pricing_unit,
    facts.{cost} as cost,
    {demand} as demand,
    {x_quantity} as quantity,
    facts.line_items,
    facts.x_is_long
from resource_daily as facts {joins}
where {{condition}}
"""

_CELLS = """
with lines as ({before} union all {after}),
resources as (
    select
        resource_id,
        bool_or(kind = 'usage' and not is_after and (cost <> 0 or demand <> 0)) as seen0,
        bool_or(kind = 'usage' and is_after and (cost <> 0 or demand <> 0)) as seen1,
        bool_or(kind <> 'usage') as has_other_kinds
    from lines
    where resource_id is not null
    group by resource_id
),
cells as (
    select
        split, kind, service, account, region, resource_id, x_usage_type, x_operation, pricing_unit,
        coalesce(sum(cost) filter (where not is_after), 0) as cost0,
        coalesce(sum(cost) filter (where is_after), 0) as cost1,
        coalesce(sum(demand) filter (where kind = 'usage' and not is_after), 0) as demand0,
        coalesce(sum(demand) filter (where kind = 'usage' and is_after), 0) as demand1,
        case when count(*) filter (where quantity is null) = 0
            then coalesce(sum(quantity) filter (where not is_after), 0) end as quantity0,
        case when count(*) filter (where quantity is null) = 0
            then coalesce(sum(quantity) filter (where is_after), 0) end as quantity1,
        cast(sum(line_items) as bigint) as line_items,
        bool_or(x_is_long) as is_long
    from lines
    group by split, kind, service, account, region, resource_id, x_usage_type, x_operation, pricing_unit
)
select
    cells.split, kind, service, account, region, cells.resource_id as resource_id, x_usage_type, x_operation,
    pricing_unit,
    cost0, cost1, demand0, demand1, quantity0, quantity1, line_items, is_long,
    coalesce(resources.seen0, false) as seen0, coalesce(resources.seen1, false) as seen1,
    coalesce(resources.has_other_kinds, false) as has_other_kinds
from cells
left join resources on cells.resource_id = resources.resource_id
where cost0 <> 0 or cost1 <> 0 or demand0 <> 0 or demand1 <> 0
"""
