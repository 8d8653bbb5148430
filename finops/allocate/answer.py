"""The answer to `spend --allocate`: what each value of the tag costs with its share of what is shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING

from finops.allocate.cells import DIRECT, read_cells
from finops.allocate.plan import UNATTRIBUTED, Plan, plan
from finops.allocate.settle import Settled, settle
from finops.allocate.shares import amount
from finops.allocate.splits import create_split_moves
from finops.catalog import Problem
from finops.dimensions import Dimension
from finops.document import Column, Document, Rows, basis_of
from finops.errors import FinopsError, UsageError
from finops.spend import notes

if TYPE_CHECKING:
    from finops.reader import Ledger

MONEY = (Column("direct", "money"), Column("allocated", "money"), Column("cost", "money"))
BY_RULE = (Column("rule"), Column("how"), Column("allocated", "money"), Column("left", "money"))
_SPLIT_HOW = "the containers' share of their instance's amortized cost"


def allocated_spend(ledger: Ledger, by: Sequence[Dimension], each_rule: bool) -> Document:
    """Spend by `by` with shared cost allocated to the values of its first tag; the total is that of `spend`.

    `direct` is what the bill says, `allocated` what rules gave less what they took, `cost` both. With `each_rule`
    there is one row per combination and rule, `(direct)` among them; without, the rules are a list in one cell.
    Raises UsageError when no tag is asked for, or there is nothing to allocate by.
    """
    asked = plan(ledger, by)
    metrics = tuple(dict.fromkeys((ledger.ask.metric, *asked.metrics)))
    problems = create_split_moves(ledger, metrics)
    _require_something(ledger, asked)
    settled = settle(asked, read_cells(ledger, asked))
    _create_rows(ledger, asked, settled)
    total, unattributed = _checked_total(ledger, asked)
    rows = _each_rule(ledger, by) if each_rule else _each_combination(ledger, by)
    return Document(
        command="spend",
        basis=basis_of(ledger),
        rows=rows,
        totals={
            "by_rule": Rows.of(BY_RULE, list(_by_rule(ledger, asked, settled))),
            "direct": total,
            "allocated": Decimal(0),
            "cost": total,
            "unattributed": unattributed,
        },
        problems=[*ledger.problems, *problems, *_told(settled, ledger.currency), *notes(ledger, by, rows.count)],
    )


def _require_something(ledger: Ledger, asked: Plan) -> None:
    splits = ledger.rows("select 1 from split_moves limit 1")
    if not asked.rules and not splits:
        raise UsageError(
            f"there is nothing to allocate by: no [[allocate]] rule is for {asked.tag.word}, "
            "and no line has split cost",
            str(ledger.settings.path or "finops.toml"),
            '[[allocate]] with name = "shared" and to = "proportional", or see docs/allocate.md',
        )


def _create_rows(ledger: Ledger, asked: Plan, settled: Settled) -> None:
    """The table `allocated_rows`: k0, k1, ..., place of the rule, rule, direct, allocated."""
    places = {DIRECT: -1, **{rule.name: at for at, rule in enumerate(asked.rules, 1)}}
    # What a rule gave back to where it took it from is nothing; what is billed at nothing is a row all the same.
    entries = [(keys, rule, cost) for (keys, rule), cost in settled.entries.items() if cost or rule == DIRECT]
    keys = [f"k{at}" for at in range(len(asked.by))]
    columns = [[key[at] for key, _, _ in entries] for at in range(len(keys))]
    values = [*columns, [places.get(rule, 0) for _, rule, _ in entries], [rule for _, rule, _ in entries]]
    unnested = [*(f"unnest(cast(? as varchar[])) as {key}" for key in keys), "unnest(cast(? as integer[])) as place"]
    ledger.connection.execute(
        "create or replace temp table allocated_rows as "
        f"select *, case when rule = '{DIRECT}' then cost else 0 end as direct, "
        f"case when rule = '{DIRECT}' then 0 else cost end as allocated from ("
        f"select {', '.join(unnested)}, unnest(cast(? as varchar[])) as rule, "
        "unnest(cast(? as decimal(38, 10)[])) as cost)",
        [*values, [amount(cost) for _, _, cost in entries]],
    )


def _checked_total(ledger: Ledger, asked: Plan) -> tuple[Decimal, Decimal]:
    """The bill, and what of it is with nobody. Raises FinopsError unless the rows sum to the bill."""
    nobody = ", ".join(f"'{word}'" for word in UNATTRIBUTED)
    (rows,) = ledger.rows(
        "select coalesce(sum(cost), 0) as cost, coalesce(sum(allocated), 0) as allocated, "
        f"coalesce(sum(cost) filter (where k{asked.tag_at} in ({nobody})), 0) as nobody from allocated_rows"
    )
    (mart,) = ledger.rows(f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost")
    if rows["cost"] != mart["cost"] or rows["allocated"]:
        raise FinopsError(f"the allocated rows sum to {rows['cost']}, the mart to {mart['cost']}", "allocated_rows")
    return mart["cost"], rows["nobody"]


def _each_rule(ledger: Ledger, by: Sequence[Dimension]) -> Rows:
    """A row per combination and rule: the dearest combination first, its direct cost before its rules."""
    keys = [f"k{at}" for at in range(len(by))]
    columns = [*(Column(one.key) for one in by), Column("rule"), *MONEY]
    order = [*keys[: _times(by)], "whole desc", *keys[_times(by) :], "place", "rule"]
    sql = (
        f"select {', '.join(keys)}, rule, direct, allocated, cost from "
        f"(select *, sum(cost) over (partition by {', '.join(keys)}) as whole from allocated_rows) "
        f"order by {', '.join(order)}"
    )
    return Rows.of_query(ledger.connection, columns, _count(ledger, "allocated_rows"), sql)


def _each_combination(ledger: Ledger, by: Sequence[Dimension]) -> Rows:
    """A row per combination, with the rules that changed it."""
    keys = [f"k{at}" for at in range(len(by))]
    columns = [*(Column(one.key) for one in by), *MONEY, Column("rules")]
    sums = ", ".join(f"sum({one.name}) as {one.name}" for one in MONEY)
    rules = f"coalesce(string_agg(rule, ', ' order by place, rule) filter (where rule <> '{DIRECT}'), '') as rules"
    grouped = f"(select {', '.join(keys)}, {sums}, {rules} from allocated_rows group by {', '.join(keys)})"
    order = [*keys[: _times(by)], "cost desc", *keys[_times(by) :]]
    sql = f"select * from {grouped} order by {', '.join(order)}"
    return Rows.of_query(ledger.connection, columns, _count(ledger, grouped), sql)


def _count(ledger: Ledger, table: str) -> int:
    return int(ledger.rows(f"select count(*) as count from {table}")[0]["count"])


def _times(by: Sequence[Dimension]) -> int:
    return len(list(takewhile(lambda one: one.over_time, by)))


def _by_rule(ledger: Ledger, asked: Plan, settled: Settled) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    """What each rule moved, splits first, and what it would have and could not."""
    splits = f"select rule, sum({ledger.cost}) as cost from split_moves group by rule order by rule"
    for row in ledger.rows(splits):
        yield row["rule"], _SPLIT_HOW, row["cost"], Decimal(0)
    for rule in asked.rules:
        left = sum(settled.left[rule.name].values())
        yield rule.name, rule.how, amount(settled.moved[rule.name]), amount(left)


def _told(settled: Settled, currency: str) -> Iterator[Problem]:
    for name, scopes in settled.left.items():
        places = [scope for scope, cost in sorted(scopes.items(), key=lambda one: -abs(one[1])) if cost]
        if places:
            text = f"{amount(sum(scopes.values())):,.2f} {currency} fits the rule and has nobody with spend to go to"
            yield Problem("allocation_left", f"{text}: {_places(places)}", f"[[allocate]] {name}")
    for name, values in settled.without_spend.items():
        text = f"no spend of their own, in what was asked, have {', '.join(values)}; check the spelling"
        yield Problem("allocation_target", text, f"[[allocate]] {name}")


def _places(scopes: Sequence[tuple[str, ...]]) -> str:
    named = "; ".join(", ".join(scope) for scope in scopes[:3])
    return f"{named}; and {len(scopes) - 3} more" if len(scopes) > 3 else named
