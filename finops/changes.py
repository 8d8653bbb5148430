"""The journal: what every delivery changed against the one it replaced, the newest replacement first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finops.arrivals import Arrival, arrivals
from finops.catalog import Problem, changes_path, changes_sql, open_catalog, store_of
from finops.document import Basis, Column, Document, Rows, span_of
from finops.engines.duckdb import reader
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COMMAND = "status --changes"
COLUMNS = (
    Column("period", shared=True),
    Column("export", shared=True),
    Column("service"),
    Column("account"),
    Column("charge_type"),
    Column("currency", shared=True),
    Column("old", "money"),
    Column("new", "money"),
    Column("difference", "money"),
    Column("restated", "money"),
    Column("old_delivery", "id", shared=True),
    Column("new_delivery", "id", shared=True),
    Column("replaced_at", "time", shared=True),
)
TOTALS = (
    Column("period"),
    Column("export"),
    Column("changes", "count"),
    Column("currency"),
    Column("old", "money"),
    Column("new", "money"),
    Column("difference", "money"),
    Column("restated", "money"),
    Column("old_delivery", "id"),
    Column("new_delivery", "id"),
    Column("replaced_at", "time"),
)


@contextmanager
def changes(database: Path, metric: str, period: str | None = None, export: str | None = None) -> Iterator[Document]:
    """One row per service, account and charge type whose cost a delivery changed, the largest change first.

    `restated` is the part of a difference on days that were complete before; the rest has come since. The totals
    have one row per replacement and currency, with all that both deliveries sum to. Raises DataError when nothing,
    or not that period, is loaded; UsageError for an unknown export.
    """
    with open_catalog(database) as catalog:
        history = arrivals(catalog)
    asked = _asked(history, period, export)
    store = store_of(database)
    connection = reader(store)
    try:
        _create_replacements(connection, history, asked)
        connection.execute(
            f"create temp table journal as select * from ({changes_sql(store, [one.delivery_id for one in asked])}) "
            "where metric = ?",
            [metric],
        )
        yield _document(connection, metric, asked, list(_problems(connection, store, metric, asked)))
    finally:
        connection.close()


def _asked(history: Sequence[Arrival], period: str | None, export: str | None) -> list[Arrival]:
    """The arrivals that replaced another one, the newest first."""
    if export and export not in {one.export for one in history}:
        raise UsageError(f"no export is called {export}", "--export", "finops status names them")
    if period and period not in {one.period for one in history}:
        raise DataError(f"{period} is not loaded", "--period", "finops status lists what is")
    return [
        one
        for one in reversed(history)
        if one.replaced and period in (None, one.period) and export in (None, one.export)
    ]


def _create_replacements(connection: DuckDBPyConnection, history: Sequence[Arrival], asked: Sequence[Arrival]) -> None:
    names = {one.delivery_id: one.delivery for one in history}
    # A predecessor that came before arrivals were kept is known by its id only.
    columns = {
        "position": [one.position for one in asked],
        "delivery_id": [one.delivery_id for one in asked],
        "period": [one.period for one in asked],
        "export": [one.export for one in asked],
        "old_delivery": [names.get(one.replaced or "", one.replaced) for one in asked],
        "new_delivery": [one.delivery for one in asked],
        "replaced_at": [one.loaded_at for one in asked],
    }
    select = ", ".join(f"unnest(?) as {name}" for name in columns)
    connection.execute(f"create temp table replacements as select {select}", list(columns.values()))


def _document(
    connection: DuckDBPyConnection, metric: str, asked: Sequence[Arrival], problems: Sequence[Problem]
) -> Document:
    (count, currencies) = connection.execute(
        "select count(*) filter (where is_change), list(distinct billing_currency) from journal"
    ).fetchone() or (0, None)
    (replacements,) = connection.execute(f"select count(*) from ({_TOTALS})").fetchone() or (0,)
    start, end = span_of([one.period for one in asked])
    return Document(
        command=COMMAND,
        basis=Basis(
            start=start, end=end, metric=metric, currency=currencies[0] if len(currencies or ()) == 1 else None
        ),
        rows=Rows.of_query(connection, COLUMNS, count, _ROWS),
        totals={"replacements": Rows.of_query(connection, TOTALS, replacements, _TOTALS)},
        problems=problems,
    )


def _problems(connection: DuckDBPyConnection, store: Path, metric: str, asked: Sequence[Arrival]) -> Iterator[Problem]:
    if not asked:
        yield Problem("nothing_replaced", "no delivery has replaced another one")
    told = {row[0] for row in connection.execute("select distinct delivery_id from journal").fetchall()}
    for one in asked:
        if one.delivery_id not in told:
            kept = changes_path(store, one.delivery_id).is_file()
            why = f"one of the two has no {metric} cost" if kept else "the files of the one it replaced were gone"
            text = f"what delivery {one.delivery} changed is not known: {why}"
            yield Problem("changes_unknown", text, f"{one.export} {one.period}")


_ROWS = """
select
    period, export, coalesce(x_service_code, '(none)'), coalesce(sub_account_id, '(none)'),
    coalesce(charge_type, '(none)'), billing_currency, old_cost, new_cost, new_cost - old_cost as difference,
    restated_cost, old_delivery, new_delivery, replaced_at
from journal
inner join replacements using (delivery_id)
where is_change
order by position desc, billing_currency, abs(difference) desc, 3, 4, 5
"""

_TOTALS = """
select
    period, export, count(*) filter (where is_change) as changes, billing_currency, sum(old_cost) as old,
    sum(new_cost) as new, sum(new_cost - old_cost) as difference, sum(restated_cost) as restated,
    any_value(old_delivery), any_value(new_delivery), any_value(replaced_at)
from replacements
left join journal using (delivery_id)
group by position, period, export, billing_currency
order by position desc, billing_currency
"""
