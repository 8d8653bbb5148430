"""DuckDB, the engine that is always there: embedded, nothing to start or configure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import finops
from finops.config import memory_limit

_PACKAGE = Path(finops.__file__).parent
_NUMBERS = count()

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(
    database: Path | None = None, *, read_only: bool = False, spill: Path | None = None, threads: int | None = None
) -> DuckDBPyConnection:
    """Open a database file, or one in memory, with the settings every finops connection shares.

    `spill` is where DuckDB may put what does not fit into memory: else what is asked in memory goes to a folder of the
    system's temporary one (TMPDIR) that nobody else reads and that goes with the process. `threads` limits the cores it
    uses. FINOPS_MEMORY changes the memory limit.
    """
    import duckdb

    # Connections of one process to one file must agree in all settings.
    place = spill or (None if database else _spill())
    connection = duckdb.connect(
        str(database) if database else ":memory:",
        read_only=read_only,
        config={
            "memory_limit": memory_limit(),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **({"temp_directory": str(place)} if place else {}),
            **({"threads": str(threads)} if threads else {}),
        },
    )
    # The order of rows within a file means nothing, and texts without an offset are UTC.
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set global TimeZone = 'UTC'")
    return connection


def _spill() -> Path | None:
    """A folder of its own for each connection; None, which is DuckDB's own choice, where no folder can be made."""
    try:
        return Path(_room().name) / str(next(_NUMBERS))
    except OSError:
        return None


@cache
def _room() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="finops-", ignore_cleanup_errors=True)


def reader(folder: Path) -> DuckDBPyConnection:
    """A database in memory for questions: SQL in it reaches the files of one folder, and our own, and nothing else.

    It can attach no database, load no extension, and change none of these settings.
    """
    connection = connect()
    places = {f"{path}/" for one in (folder, _PACKAGE) for path in (one.absolute(), one.resolve())}
    allowed = ", ".join(map(literal, sorted(places)))
    connection.execute(f"set allowed_directories = [{allowed}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def sibling(connection: DuckDBPyConnection) -> DuckDBPyConnection:
    """Another connection to the same database: its temporary tables and views are its own, all others are shared."""
    return connection.cursor()


@dataclass(frozen=True)
class DuckDB:
    """The engine of `finops.engines.engine` that runs models where they are written for."""

    marts: DuckDBPyConnection

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, one dict per row."""
        cursor = self.marts.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def view(self, name: str, sql: str) -> None:
        """Give a select a name."""
        self.marts.execute(f"create or replace temp view {name} as {sql}")

    def table(self, name: str, sql: str) -> None:
        """Give the rows of a select a name; they are computed once."""
        self.marts.execute(f"create or replace temp table {name} as {sql}")

    def texts(self, name: str, path: Path) -> None:
        """Read a CSV file of ours, all of it text, under a name."""
        self.table(name, f"select * from read_csv({literal(str(path))}, header = true, all_varchar = true)")

    def write(self, name: str, sql: str, target: Path) -> None:
        """Write a select as one Parquet file, which has the name from then on."""
        self.marts.execute(f"copy ({sql}) to {literal(str(target))} (format parquet)")
        self.view(name, f"from read_parquet({literal(str(target))})")


def literal(text: str) -> str:
    """A SQL string literal. For file paths and column names of our own making; user data goes in as parameters."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def path_list(paths: list[Path]) -> str:
    """A SQL list of file paths. Glob characters are escaped: a folder may be called `[2026]`."""
    escaped = [
        "".join(f"[{character}]" if character in "*?[" else character for character in str(path)) for path in paths
    ]
    return "[" + ", ".join(literal(path) for path in escaped) + "]"
