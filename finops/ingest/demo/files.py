"""Writes a sheet as gzip CSV files or as one Parquet file, and JSON, all without a clock: the same bytes every time."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from finops.ingest.demo.sheet import Column, Sheet

_FAST = 3  # gzip level: half the time of the default for a tenth more bytes
_DUCKDB_TYPES = {"text": "varchar", "number": "double", "time": "timestamp"}
_MAP_TYPES = {"map": "map(varchar, varchar)", "amounts": "map(varchar, double)"}


def write_csv_chunks(paths: list[Path], sheet: Sheet, row_count: int) -> None:
    """Spreads `row_count` rows evenly over gzip CSV files, each with its own header."""
    share = -(-row_count // len(paths))
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        # An empty name and time in the gzip header, or the bytes would tell where and when.
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", _FAST, raw, mtime=0) as packed,
            io.TextIOWrapper(packed, "utf-8", newline="") as stream,
        ):
            _write_rows(stream, sheet.columns, islice(sheet.rows, share))


def write_parquet(path: Path, sheet: Sheet, blank_text: bool) -> None:
    """Writes one Snappy Parquet file; missing text is '' where `blank_text`, else NULL, as missing numbers are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="finops-demo-") as folder:
        source = Path(folder) / "sheet.csv"
        with source.open("w", encoding="utf-8", newline="") as stream:
            _write_rows(stream, sheet.columns, sheet.rows)
        casts = ", ".join(_cast(column, blank_text) for column in sheet.columns)
        names = ", ".join(f"{_quoted(column.name)}: 'varchar'" for column in sheet.columns)
        _copy(
            f"select {casts} from read_csv({_literal(source)}, header = true, quote = '\"', escape = '\"', "
            f"delim = ',', nullstr = '', columns = {{{names}}})",
            path,
        )


def write_status(path: Path, status: str) -> None:
    """The one-row status file Athena's integration keeps beside the data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _copy(f"select {_literal(status)} as status", path)


def write_json(path: Path, document: Any) -> None:
    """Writes JSON for people to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_rows(stream: io.TextIOBase, columns: tuple[Column, ...], rows: Iterable[list[str]]) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerows(rows)


def _cast(column: Column, blank_text: bool) -> str:
    name = _quoted(column.name)
    if column.kind == "text":
        return f"coalesce({name}, '') as {name}" if blank_text else name
    if column.kind in _MAP_TYPES:
        return f"cast(cast({name} as json) as {_MAP_TYPES[column.kind]}) as {name}"
    return f"cast({name} as {_DUCKDB_TYPES[column.kind]}) as {name}"


def _copy(query: str, path: Path) -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"copy ({query}) to {_literal(path)} (format parquet, compression snappy)")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
