"""The bare engine: `create table as select` from the same files, in a process of its own.

`python -m tests.bench.bare kept|read TABLE FILE...`: every column, as finops keeps a delivery whole, or only those
that the models read.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from finops.engines.duckdb import path_list
from finops.engines.layout import read_layout
from finops.ingest.rows import columns_named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def main() -> None:
    """Write one DuckDB table from the files given."""
    import duckdb

    which, target, *files = sys.argv[1:]
    paths = [Path(name) for name in files]
    connection = duckdb.connect(target)
    reader = "read_parquet" if paths[0].suffix == ".parquet" else "read_csv"
    options = "" if reader == "read_parquet" else ", header = true, all_varchar = true"
    source = f"{reader}({path_list(paths)}{options})"
    columns = "*" if which == "kept" else ", ".join(_read(connection, source, target))
    connection.execute(f"create table bare as select {columns} from {source}")


def _read(connection: DuckDBPyConnection, source: str, where: str) -> list[str]:
    types = {row[0]: row[1] for row in connection.execute(f"describe select * from {source}").fetchall()}
    return columns_named(read_layout(types, where))


if __name__ == "__main__":
    main()
