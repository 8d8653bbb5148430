"""The stored rows of deliveries, for models that need more of them than the marts keep: hours, quantities, rates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from finops import models
from finops.catalog import Delivery, open_catalog, store_of
from finops.engines.duckdb import literal
from finops.engines.layout import Layout, read_layout
from finops.engines.source import Care, source_sql
from finops.errors import DataError
from finops.ledger.lines import layout_of, row_files

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def bind_rows(
    connection: DuckDBPyConnection,
    database: Path,
    deliveries: Iterable[Delivery],
    payers_left_out: Collection[tuple[str, str]] = (),
) -> None:
    """Create the view `cur` over the rows of the deliveries that are Cost and Usage Reports.

    `payers_left_out` are (delivery, payer) pairs that count from another delivery.
    Raises DataError when rows are gone from the store, or no delivery is such a report.
    """
    reports = [one for one in deliveries if one.shape == "cur"]
    if not reports:
        raise DataError(
            "hours and quantities are read from a Cost and Usage Report, and none is loaded",
            str(database),
            "load a legacy CUR or CUR 2.0 export; FOCUS and Cost Explorer do not name what commitments cover",
        )
    rounded = _rounded(database)
    selects = [_select(database, one, rounded) for one in reports]
    left_out = "".join(
        f" and not (delivery_id = {literal(delivery)} and bill_payer_account_id = {literal(payer)})"
        for delivery, payer in payers_left_out
    )
    rows = f"select * from ({' union all '.join(selects)}) where true{left_out}"
    connection.execute(f"create or replace temp view cur_rows as {rows}")
    connection.execute(f"create or replace temp view cur as {models.model('cur').sql}")


def _select(database: Path, delivery: Delivery, rounded: Collection[str]) -> str:
    files = row_files(database, delivery)
    if not files:
        what = f"the rows of {delivery.export} {delivery.period} are gone from the store"
        raise DataError(what, str(store_of(database)), 'ingest that period again with engine = "duckdb"')
    layout = _layout(delivery)
    texts = any(layout.types[name] == "VARCHAR" for names in layout.columns.values() for name in names)
    care = Care(half_even=delivery.delivery_id in rounded, instants=texts)
    sql = source_sql(layout, files, f"{delivery.period}-01", care)
    return f"select {literal(delivery.delivery_id)} as delivery_id, * from ({sql})"


def _layout(delivery: Delivery) -> Layout:
    """The layout anew from the physical columns, so that a column known only since then is found too.

    Labels stay as they were held: in rows of a CSV their columns have no name that says which tag they are.
    """
    kept = delivery.layout
    found = read_layout(kept["types"], delivery.export, tuple(kept["nulls"]))
    return replace(found, labels=layout_of(kept).labels)


def _rounded(database: Path) -> set[str]:
    """The deliveries with costs of more than 10 decimals."""
    with open_catalog(database) as catalog:
        rows = catalog.execute("select delivery_id from problems where code = 'rounded_costs'").fetchall()
    return {row[0] for row in rows}
