"""The bare engine: `create table as select` of the columns that finops keeps, from the same files.

Run as `python -m tests.bench.bare TABLE FILE...`, so that its time and memory are those of a process of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from finops.engines.duckdb import identifier, path_list
from finops.engines.layout import read_layout
from finops.ingest.rows import columns_named


def main() -> None:
    """Write one DuckDB table from the files given."""
    import duckdb

    target, *files = sys.argv[1:]
    paths = [Path(name) for name in files]
    connection = duckdb.connect(target)
    reader = "read_parquet" if paths[0].suffix == ".parquet" else "read_csv"
    options = "" if reader == "read_parquet" else ", header = true, all_varchar = true"
    source = f"{reader}({path_list(paths)}{options})"
    types = {row[0]: row[1] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = ", ".join(columns_named(read_layout(types, target))) or identifier("")
    connection.execute(f"create table bare as select {columns} from {source}")


if __name__ == "__main__":
    main()
