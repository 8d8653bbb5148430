"""What building the marts of a delivery asks of an engine: the seam between the models and where they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Engine(Protocol):
    """Runs the models between the rows of a delivery and its marts. All SQL is DuckDB's; an engine translates it."""

    @property
    def marts(self) -> DuckDBPyConnection:
        """Where the marts that were written are views, whichever engine wrote them."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, one dict per row; money is Decimal."""

    def view(self, name: str, sql: str) -> None:
        """Give a select a name."""

    def table(self, name: str, sql: str) -> None:
        """Give the rows of a select a name; they are computed once."""

    def texts(self, name: str, path: Path) -> None:
        """Read a CSV file of ours, all of it text, under a name."""

    def write(self, name: str, sql: str, target: Path) -> None:
        """Write a select as one Parquet file, which has the name from then on, here and in `marts`."""
