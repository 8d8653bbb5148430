"""The line items of a loaded delivery, read again from its stored rows, as every mart was made from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Delivery, require_part, store_of
from finops.engines.layout import Label, Layout
from finops.engines.source import Care
from finops.ledger.build import create_line_items

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def row_files(database: Path, delivery: Delivery) -> list[Path]:
    """The files with the rows of a delivery; none where it has no rows or they are no longer kept.

    Raises DataError where they are no longer what was written.
    """
    folder = store_of(database) / delivery.delivery_id / "rows"
    if not folder.is_dir() or "columns" not in delivery.layout:
        return []
    require_part(store_of(database), delivery, "rows")
    return sorted(folder.iterdir())


def open_lines(connection: DuckDBPyConnection, database: Path, delivery: Delivery) -> bool:
    """Create the view `line_items` of one delivery; False where its rows are not there to be read."""
    files = row_files(database, delivery)
    if files:
        # What its texts need was measured when it was loaded and not kept: all care gives the same values, slower.
        create_line_items(
            connection, layout_of(delivery.layout), files, delivery.period, Care(half_even=True, instants=True)
        )
    return bool(files)


def layout_of(held: Mapping[str, Any]) -> Layout:
    """The layout as the catalog holds it."""
    return Layout(
        shape=held["shape"],
        columns={name: tuple(physical) for name, physical in held["columns"].items()},
        labels=tuple(Label(**label) for label in held["labels"]),
        types=held["types"],
        nulls=tuple(held["nulls"]),
    )
