"""Spend by any dimensions: the marts, grouped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from finops.availability import negation_note, virtual_notes
from finops.catalog import Problem
from finops.dimensions import Dimension, keys_of, needed_joins, needed_mart, parse_where
from finops.document import Column, Document, Rows, basis_of
from finops.errors import FinopsError

if TYPE_CHECKING:
    from finops.reader import Ledger


def spend(ledger: Ledger, by: Sequence[Dimension]) -> Document:
    """One row per combination of the dimensions' values, dearest first (days and months in order of time).

    Without a dimension it is one row. `totals.cost` is the sum of the mart, which the rows are held against.
    """
    _group(ledger, by)
    (rows,) = ledger.rows("select count(*) as count, coalesce(sum(cost), 0) as cost from spend_rows")
    (mart,) = ledger.rows(f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost")
    if rows["cost"] != mart["cost"]:
        raise FinopsError(f"the rows sum to {rows['cost']} and the mart to {mart['cost']}", where="spend_rows")
    columns = [*(Column(one.key) for one in by), Column("cost", "money")]
    return Document(
        command="spend",
        basis=basis_of(ledger),
        rows=Rows.of_query(ledger.connection, columns, rows["count"], _sorted(by)),
        totals={"cost": mart["cost"]},
        problems=[*ledger.problems, *notes(ledger, by, rows["count"])],
    )


def _group(ledger: Ledger, by: Sequence[Dimension]) -> None:
    keys = [f"{one.expression(position)} as k{position}" for position, one in enumerate(by)]
    joins = needed_joins(by)
    # `group by all` with no key is one row even over nothing, which is what a total is.
    ledger.connection.execute(
        "create or replace temp table spend_rows as "
        f"select {', '.join([*keys, f'cast(sum(facts.{ledger.cost}) as decimal(38, 10)) as cost'])} "
        f"from {needed_mart(by)} as facts {joins.sql} group by all",
        joins.params,
    )


def _sorted(by: Sequence[Dimension]) -> str:
    names = [f"k{position}" for position in range(len(by))]
    times = len(list(takewhile(lambda one: one.over_time, by)))
    order = ", ".join([*names[:times], "cost desc", *names[times:]])
    return f"select {', '.join([*names, 'coalesce(cost, 0) as cost'])} from spend_rows order by {order}"


def notes(ledger: Ledger, by: Sequence[Dimension], count: int) -> list[Problem]:
    """What to say of an answer with `count` rows, beside what is known of the ledger."""
    notes = []
    if not count:
        notes.append(Problem("no_rows", "nothing was charged for what was asked", " ".join(ledger.ask.where)))
    asked = [*by, *(parse_where(text).dimension for text in ledger.ask.where)]
    notes += virtual_notes(ledger, keys_of("tag", asked))
    if any(one.by_tag_set or one.word == "resource" for one in asked):
        notes += negation_note(ledger)
    return notes
