"""One question asked of every value of a dimension: the stored marts are read once, and each value is a ledger."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from finops.availability import require
from finops.dimensions import Dimension, by_text, dimension, needed_joins, parse_by, parse_where, where_text
from finops.reader import Ledger, ledger_of, open_views

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.config.settings import Settings
    from finops.reader import Ask, Views

_SLICED = ("resource_daily", "daily_cost")
_KEPT = ("tag_sets", "period_totals", "cost_changes")


@contextmanager
def open_slices(db: Path, settings: Settings, ask: Ask, word: str) -> Iterator[Callable[[str], Ledger]]:
    """Open the ledger for one value of the dimension `word` after the other.

    What is yielded gives the ledger of a value as `--where` does, with what is to be said of the dimensions. It holds
    until the next value is asked for. Raises what `open_ledger` and `availability.require` do.
    """
    by = dimension(word)
    ready = replace(ask, by=by_text(list(dict.fromkeys([*(one.word for one in parse_by(ask.by)), word]))))
    with open_views(db, settings, ready) as views:
        asked = [*parse_by(ready.by), *(parse_where(text).dimension for text in ask.where)]
        notes = require(ledger_of(views, ready), asked)
        at: dict[int, str] = {}

        def slice_of(value: str) -> Ledger:
            connect, prepare = partial(_connect, views, by, at, value), partial(_prepare, views, value)
            part = replace(ask, where=(*ask.where, where_text(word, [value])))
            ledger = ledger_of(replace(views, connect=connect, prepare=prepare), part)
            return replace(ledger, problems=[*ledger.problems, *notes])

        yield slice_of


def _connect(
    views: Views, by: Dimension, at: dict[int, str], value: str, more: Sequence[Dimension]
) -> DuckDBPyConnection:
    """The connection for further dimensions, whose views have the rows of a value; `at` says where each one stands."""
    connection = views.connect(more)
    if id(connection) not in at:
        _slice(connection, by)
    if at.get(id(connection)) != value:
        connection.execute("set variable slice = ?", [value])
        at[id(connection)] = value
    return connection


def _prepare(views: Views, value: str, connection: DuckDBPyConnection, key: Hashable, make: Callable[[], None]) -> None:
    """Make tables once, of the rows of all values: they hold for the next one as well."""

    def of_all() -> None:
        connection.execute("reset variable slice")
        try:
            make()
        finally:
            connection.execute("set variable slice = ?", [value])

    views.prepare(connection, key, of_all)


def _slice(connection: DuckDBPyConnection, by: Dimension) -> None:
    """Put views on the rows of one value, which lie side by side in memory or spill, in place of those on the store."""
    joins, value = needed_joins([by]), by.expression(0)
    for mart in _SLICED:
        connection.execute(_ROWS.format(mart=mart, value=value, joins=joins.sql), joins.params)
    connection.execute(_HISTORY)
    connection.execute(_DAYS)
    for name in _KEPT:
        connection.execute(f"create temp table kept_{name} as select * from {name}")
        connection.execute(f"create or replace temp view {name} as select * from kept_{name}")
    for view, table in (*((mart, f"sliced_{mart}") for mart in _SLICED), ("all_resource_daily", "sliced_history")):
        connection.execute(_VIEW.format(view=view, table=table))
    connection.execute("create or replace temp view all_daily_cost as select * from sliced_days")


# In the order of the values, so that one of them is a range: reading it costs what is in it.
_ROWS = """
create temp table sliced_{mart} as
select facts.*, {value} as x_slice
from {mart} as facts {joins}
order by x_slice
"""

# When each resource of a value first had which tags, under whatever value it was: what its gaps are held against.
_HISTORY = """
create temp table sliced_history as
with firsts as (
    select delivery_id, tag_set_id, min(charge_day) as charge_day, sub_account_id, resource_id, x_taggable
    from all_resource_daily
    where x_taggable and resource_id is not null
    group by delivery_id, tag_set_id, sub_account_id, resource_id, x_taggable
),
resources as (
    select distinct x_slice, sub_account_id, resource_id from sliced_resource_daily where resource_id is not null
)
select resources.x_slice, firsts.*
from firsts
join resources
    on resources.resource_id = firsts.resource_id
    and resources.sub_account_id is not distinct from firsts.sub_account_id
order by resources.x_slice
"""

# What is told of all of the data whatever part is asked for: how far they reach, and what each delivery sums to.
_DAYS = """
create temp table sliced_days as
select
    delivery_id, billing_period, charge_day, x_is_long, sum(line_items) as line_items, bit_or(hours_mask) as hours_mask,
    sum(x_unblended_cost) as x_unblended_cost
from all_daily_cost
group by delivery_id, billing_period, charge_day, x_is_long
"""

# Without a value the rows of all of them.
_VIEW = """
create or replace temp view {view} as
select * exclude (x_slice) from {table} where x_slice = getvariable('slice') or getvariable('slice') is null
"""
