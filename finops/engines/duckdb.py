"""DuckDB, the engine that is always there: embedded, nothing to start or configure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import finops
from finops.config import memory_limit

_PACKAGE = Path(finops.__file__).parent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(
    database: Path | None = None, *, read_only: bool = False, spill: Path | None = None, threads: int | None = None
) -> DuckDBPyConnection:
    """Open a database file, or one in memory, with the settings every finops connection shares.

    `spill` is where DuckDB may put what does not fit into memory; `threads` limits the cores it uses. FINOPS_MEMORY
    changes the memory limit.
    """
    import duckdb

    connection = duckdb.connect(
        str(database) if database else ":memory:",
        read_only=read_only,
        config={
            "memory_limit": memory_limit(),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **({"temp_directory": str(spill)} if spill else {}),
            **({"threads": str(threads)} if threads else {}),
        },
    )
    # The order of rows within a file means nothing, and texts without an offset are UTC.
    connection.execute("set preserve_insertion_order = false")
    connection.execute("set global TimeZone = 'UTC'")
    return connection


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
