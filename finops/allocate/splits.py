"""Split cost allocation: the cost of an instance moved to the tags of the containers that ran on it, once.

AWS delivers the containers (ECS tasks, EKS pods) as lines without cost of their own. What each used of its instance
and its part of what nothing used stand in columns apart, at amortized cost ("Understanding split cost allocation
data", AWS Cost Management). The instance's line keeps its whole cost, so that counting both would count it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from finops.allocate.shares import amount, divided, units
from finops.catalog import Problem
from finops.reader import COST_COLUMNS

if TYPE_CHECKING:
    from finops.reader import Ledger

# AWS rounds what it splits, hour by hour; what stays below a cent is that.
_NOTICEABLE = Decimal("0.01")
_NET = frozenset({"net_unblended", "net_amortized"})


@dataclass(frozen=True)
class Container:
    """What the containers of one set of tags took of an instance on one day, in units of 1e-10."""

    rule: str
    tag_set_id: int
    taken: int


def create_split_moves(ledger: Ledger, metrics: Sequence[str]) -> list[Problem]:
    """Create the temp tables `split_parents` (lines of instances, with `line`) and `split_moves`.

    `split_moves` has line, rule, tag_set_id and one column per metric's cost: what of the line goes to containers
    with that set of tags. Amortized it is what AWS says they took; a line's other metrics are divided in the same
    proportion. What they did not take stays with the instance, and more than it costs is not given.
    """
    ledger.connection.execute(_PARENTS)
    columns = ", ".join(f"{COST_COLUMNS[one]} decimal(38, 10)" for one in metrics)
    ledger.connection.execute(
        f"create or replace temp table split_moves (line bigint, rule varchar, tag_set_id ubigint, {columns})"
    )
    instances = list(_instances(ledger, metrics))
    moves = [move for lines, containers in instances for move in _moves(lines, containers, metrics)]
    _insert(ledger, moves, len(metrics))
    return [*_excess(instances), *_orphans(ledger)]


def _instances(ledger: Ledger, metrics: Sequence[str]) -> Iterator[tuple[list[dict[str, Any]], list[Container]]]:
    """The lines of each instance and day, and the containers on it."""
    net = "net_" if ledger.ask.metric in _NET else ""
    basis, split = f"x_{net}amortized_cost", f"x_{net}split_cost"
    costs = ", ".join(f"parents.{COST_COLUMNS[one]} as {one}" for one in metrics)
    found = ledger.rows(_PAIRS.format(basis=basis, split=split, costs=costs, compute=_COMPUTE))
    for _, group in groupby(found, key=lambda row: row["instance"]):
        rows = list(group)
        lines = list({row["line"]: row for row in rows}.values())
        containers = {(row["rule"], row["container_set"]): row["taken"] for row in rows}
        yield lines, [Container(rule, tags, units(taken)) for (rule, tags), taken in containers.items()]


def _moves(
    lines: Sequence[dict[str, Any]], containers: Sequence[Container], metrics: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    taken = [one.taken for one in containers]
    rest = max(_left(lines, containers), 0)
    for line in lines:
        parts = [divided(units(line[metric]), [*taken, rest]) for metric in metrics]
        for at, one in enumerate(containers):
            yield line["line"], one.rule, one.tag_set_id, *(amount(part[at]) for part in parts)


def _left(lines: Sequence[dict[str, Any]], containers: Sequence[Container]) -> int:
    """What an instance cost beyond what its containers took of it; below 0 when they took more than it cost."""
    return units(lines[0]["instance_cost"]) - sum(one.taken for one in containers)


def _insert(ledger: Ledger, moves: Sequence[tuple[Any, ...]], metrics: int) -> None:
    kinds = ["bigint", "varchar", "ubigint", *["decimal(38, 10)"] * metrics]
    columns = ", ".join(f"unnest(cast(? as {kind}[]))" for kind in kinds)
    values = [[move[at] for move in moves] for at in range(len(kinds))]
    ledger.connection.execute(f"insert into split_moves select {columns}", values)


def _excess(instances: Sequence[tuple[list[dict[str, Any]], list[Container]]]) -> list[Problem]:
    over = [
        (lines[0]["resource_id"], amount(-left))
        for lines, containers in instances
        if (left := _left(lines, containers)) < 0
    ]
    total = sum((excess for _, excess in over), Decimal(0))
    if total < _NOTICEABLE:
        return []
    text = f"split cost allocation is {total:,.2f} more than its instances cost; only their cost was divided"
    return [Problem("split_exceeds_parent", text, _few(sorted({name for name, _ in over})))]


def _orphans(ledger: Ledger) -> list[Problem]:
    """Containers whose instance is not on the bill: there is no cost that theirs could replace."""
    rows = ledger.rows(_ORPHANS, [ledger.start, ledger.end])
    total = sum((row["cost"] for row in rows), Decimal(0))
    if total < _NOTICEABLE:
        return []
    text = f"{total:,.2f} of split cost allocation belongs to instances that are not on the bill; it is not counted"
    return [Problem("split_without_parent", text, _few([row["parent_resource_id"] for row in rows]))]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


# Only what an instance costs to run: its data transfer has the same resource id and is not split.
_COMPUTE = "(x_usage_type like '%BoxUsage%' or x_usage_type like '%SpotUsage%' or x_usage_type like '%DedicatedUsage%')"

_PARENTS = f"""
create or replace temp table split_parents as
select row_number() over () as line, facts.*
from resource_daily as facts
semi join split_cost_daily as splits
    on splits.delivery_id = facts.delivery_id
    and splits.billing_period = facts.billing_period
    and splits.charge_day = facts.charge_day
    and splits.parent_resource_id = facts.resource_id
where {_COMPUTE}
"""

# Every line of an instance beside every set of tags on it, in a fixed order: it decides who gets the last decimal.
_PAIRS = """
with containers as (
    select
        delivery_id, billing_period, charge_day, parent_resource_id,
        '(split ' || coalesce(x_operation, 'cost') || ')' as rule, tag_set_id, sum({split}) as taken
    from split_cost_daily
    group by all
    having sum({split}) > 0
),

-- of all its lines, whichever of them were asked for
instances as (
    select delivery_id, billing_period, charge_day, resource_id, sum({basis}) as cost
    from all_resource_daily
    where resource_id in (select resource_id from split_parents) and {compute}
    group by all
)

select
    (parents.delivery_id, parents.billing_period, parents.charge_day, parents.resource_id) as instance,
    parents.line, parents.resource_id, coalesce(instances.cost, 0) as instance_cost, {costs},
    containers.rule, containers.tag_set_id as container_set, containers.taken
from split_parents as parents
join containers
    on containers.delivery_id = parents.delivery_id
    and containers.billing_period = parents.billing_period
    and containers.charge_day = parents.charge_day
    and containers.parent_resource_id = parents.resource_id
join instances
    on instances.delivery_id = parents.delivery_id
    and instances.billing_period = parents.billing_period
    and instances.charge_day = parents.charge_day
    and instances.resource_id = parents.resource_id
order by instance, parents.line, containers.rule, containers.tag_set_id
"""

_ORPHANS = f"""
select splits.parent_resource_id, sum(splits.x_split_cost) as cost
from split_cost_daily as splits
where splits.charge_day >= ? and splits.charge_day < ?
    and not exists (
        select 1 from all_resource_daily as facts
        where splits.delivery_id = facts.delivery_id
            and splits.billing_period = facts.billing_period
            and splits.charge_day = facts.charge_day
            and splits.parent_resource_id = facts.resource_id
            and {_COMPUTE}
    )
group by splits.parent_resource_id
order by cost desc, splits.parent_resource_id
"""
