"""Writes tables as AWS does: gzipped CSV with the same bytes in every run, and Snappy Parquet."""

import csv
import gzip
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path

from finops.ingest.demo.table import Field, Table, TableRow

CSV_CHUNKS = 2
_COMPRESSION = 5
_PARQUET_TYPES = {
    "number": "double",
    "time": "timestamp",
    "map": "json::map(varchar, varchar)",
    "numbers": "json::map(varchar, double)",
}


def write_csv_gz(table: Table, paths: list[Path]) -> None:
    """Write the rows evenly into `paths`, each with its own header."""
    rows = list(table.rows())
    size = -(-len(rows) // len(paths))
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            path.open("wb") as raw,
            # Neither the name nor the time of the file goes into the header: same rows, same bytes.
            gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            _write_csv(text, table.fields, rows[number * size : (number + 1) * size])


def write_parquet(table: Table, path: Path) -> None:
    """Write the rows with AWS's types: costs double, dates timestamp, maps of text, all else text."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        plain = Path(folder, "rows.csv")
        with plain.open("w", encoding="utf-8", newline="") as text:
            _write_csv(text, table.fields, table.rows())
        names = {field.name: "varchar" for field in table.fields}
        source = connection.read_csv(
            str(plain),
            header=True,
            auto_detect=False,
            columns=names,
            delimiter=",",
            quotechar='"',
            escapechar='"',
        )
        cells = ", ".join(_typed(field, table.blank_is_null) for field in table.fields)
        source.project(cells).write_parquet(str(path), compression="snappy")


def write_status(path: Path) -> None:
    """Write the status file of the Athena artifact: the data is complete."""
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.sql("select 'READY' as status").write_parquet(str(path), compression="snappy")


def _write_csv(text: io.TextIOBase, fields: list[Field], rows: Iterable[TableRow]) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields])
    writer.writerows(rows)


def _typed(field: Field, blank_is_null: bool) -> str:
    name = f'"{field.name}"'
    if field.kind in _PARQUET_TYPES:
        return f"{name}::{_PARQUET_TYPES[field.kind]} as {name}"
    return name if blank_is_null else f"coalesce({name}, '') as {name}"
