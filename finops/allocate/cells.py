"""The cost that rules divide: the marts with split cost moved, grouped by all that was asked and the rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.allocate.plan import Plan, fits
from finops.allocate.shares import units
from finops.dimensions import RESOURCE_DAILY, needed_joins, needed_mart
from finops.reader import COST_COLUMNS

if TYPE_CHECKING:
    from finops.reader import Ledger

DIRECT = "(direct)"

_COLUMNS = (
    "delivery_id", "billing_period", "charge_day", "billing_account_id", "sub_account_id", "region_id",
    "x_service_code", "charge_category", "x_line_item_type", "pricing_category", "billing_currency",
)  # fmt: skip
_ONLY_BY_RESOURCE = ("x_usage_type", "resource_id")


@dataclass(frozen=True)
class Cell:
    """Cost of one kind in units of 1e-10: `keys` as asked, `scope` the billing period and what rules divide within.

    `origin` is `(direct)` or the split it was moved by; `fits` says of each rule whether it takes the cell;
    `measures` are what the rules' metrics count it as.
    """

    keys: tuple[str, ...]
    origin: str
    scope: tuple[str, ...]
    fits: tuple[bool, ...]
    cost: int
    measures: tuple[int, ...]


def read_cells(ledger: Ledger, plan: Plan) -> Iterator[Cell]:
    """The cells of an open ledger; their costs sum to the mart. Needs the tables of `create_split_moves`."""
    _create_facts(ledger, plan)
    joins = needed_joins(plan.dimensions)
    rules = [fits(plan, rule, ledger.settings.tags) for rule in plan.rules]
    keys = [plan.expression(one.word) for one in plan.by]
    scope = ["facts.billing_period", *(plan.expression(word) for word in plan.within)]
    metrics = [f"coalesce(sum(facts.{COST_COLUMNS[one]}), 0)" for one in (ledger.ask.metric, *plan.metrics)]
    columns = [*keys, "facts.origin", *scope, *(f"({rule.sql})" for rule in rules), *metrics]
    cursor = ledger.connection.execute(
        f"select {', '.join(columns)} from allocation_facts as facts {joins.sql} group by all order by all",
        [*(value for rule in rules for value in rule.params), *joins.params],
    )
    places = _places(len(keys), 1, len(scope), len(rules), 1, len(metrics) - 1)
    while batch := cursor.fetchmany(10_000):
        for row in batch:
            key, (origin,), scoped, fitting, (cost,), measures = (row[place] for place in places)
            yield Cell(key, origin, scoped, fitting, units(cost), tuple(map(units, measures)))


def _places(*lengths: int) -> list[slice]:
    ends = [sum(lengths[: at + 1]) for at in range(len(lengths))]
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _create_facts(ledger: Ledger, plan: Plan) -> None:
    """The view `allocation_facts`: the mart, less what each instance gave to its containers, and what these got."""
    mart = needed_mart(plan.dimensions)
    fine = _ONLY_BY_RESOURCE if mart == RESOURCE_DAILY else ()
    columns = ", ".join(f"facts.{name}" for name in (*_COLUMNS, *fine))
    costs = [COST_COLUMNS[one] for one in dict.fromkeys((ledger.ask.metric, *plan.metrics))]
    own, given, got = (
        ", ".join(form.format(one) for one in costs) for form in ("facts.{0}", "-moves.{0} as {0}", "moves.{0}")
    )
    moved = "split_parents as facts join split_moves as moves on moves.line = facts.line"
    ledger.connection.execute(f"""
        create or replace temp view allocation_facts as
        select {columns}, facts.tag_set_id, facts.x_taggable, '{DIRECT}' as origin, {own} from {mart} as facts
        union all by name
        select {columns}, facts.tag_set_id, facts.x_taggable, moves.rule as origin, {given} from {moved}
        union all by name
        select {columns}, moves.tag_set_id, true as x_taggable, moves.rule as origin, {got} from {moved}
    """)
