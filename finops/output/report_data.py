"""The data of the cost report as files, a table each: CSV or Parquet, exact, for whoever computes with them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from finops.errors import UsageError
from finops.output.as_csv import csv_text
from finops.output.destination import destination, reported
from finops.report.model import Chart, Column, Kind, Report, Row, Section, Table

Form = Literal["csv", "parquet"]
_SCALE = Decimal("1e-10")
_TYPES: dict[Kind, str] = {
    "money": "decimal(38, 10)",
    "change": "decimal(38, 10)",
    "rate": "decimal(38, 10)",
    "percent": "decimal(38, 10)",
    "share": "decimal(38, 10)",
    "count": "bigint",
    "day": "date",
}


@dataclass(frozen=True)
class Sheet:
    """One table of the report: a name for its file, columns and exact values.

    Tables of the report begin with the column `part`: `row`, `rest` (all other keys added up) or `total`.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


def write_data(report: Report, form: Form, folder: Path) -> list[Path]:
    """Write every table into a folder and return the files; one that is not there yet appears once it is whole.

    Raises UsageError when the folder holds something already, EngineError when it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("this is not an empty folder", str(folder), "-o another folder")
    with reported(folder), _whole(folder) as draft:
        names = []
        for sheet in sheets(report):
            names.append(f"{sheet.name}.{form}")
            _WRITERS[form](sheet, draft / names[-1])
    return [folder / name for name in names]


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder to write into that becomes `folder` at the end; that one itself where somebody has made it already."""
    if folder.exists():
        yield folder
        return
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def sheets(report: Report) -> Iterator[Sheet]:
    """The key figures, every table of every section, and all charts in one table of values."""
    yield _figures(report)
    names: set[str] = {"figures", "charts"}
    for section in report.sections:
        for table in section.tables:
            yield _table(section, table, names)
    yield _charts(report)


def _figures(report: Report) -> Sheet:
    columns = (
        Column("key", ""),
        Column("label", ""),
        Column("value", "", "money"),
        Column("kind", ""),
        Column("text", ""),
    )
    numbers = (Decimal, int)
    rows = (
        (
            one.key,
            one.label,
            one.value if isinstance(one.value, numbers) and one.kind != "text" else None,
            one.kind,
            one.text,
        )
        for one in report.figures
    )
    return Sheet("figures", columns, tuple(rows))


def _table(section: Section, table: Table, names: set[str]) -> Sheet:
    parts: list[tuple[str, Row]] = [("row", row) for row in table.rows]
    parts += [(name, row) for name, row in (("rest", table.rest), ("total", table.total)) if row]
    rows = tuple(
        (part, *(_value(c.kind, x.value, x.text) for c, x in zip(table.columns, row, strict=True)))
        for part, row in parts
    )
    name = table.key if table.key.startswith(section.key) else f"{section.key}-{table.key}"
    return Sheet(_unused(name, names), (Column("part", ""), *table.columns), rows)


def _unused(text: str, names: set[str]) -> str:
    base = re.sub(r"[^\w.-]+", "-", text).strip("-.")
    name, number = base, 2
    while name.lower() in names:
        name, number = f"{base}-{number}", number + 1
    names.add(name.lower())
    return name


def _charts(report: Report) -> Sheet:
    columns = (
        Column("section", ""),
        Column("chart", ""),
        Column("series", ""),
        Column("x", ""),
        Column("value", "", "money"),
    )
    rows = (row for section in report.sections for chart in section.charts for row in _points(section, chart))
    return Sheet("charts", columns, tuple(rows))


def _points(section: Section, chart: Chart) -> Iterator[tuple[Any, ...]]:
    for series in chart.series:
        if not series.is_base:
            for x, value in zip(chart.x, series.values, strict=True):
                yield section.key, chart.key, series.name, str(x), value


def _value(kind: Kind, value: Any, text: str) -> Any:
    """The exact value of a number or day, null where there is none; of anything else the text that is printed."""
    if kind in _TYPES:
        return value if isinstance(value, (Decimal, int, date)) else None
    return text if value is None else str(value)


def _write_csv(sheet: Sheet, path: Path) -> None:
    with destination(path) as out:
        out.write(csv_text([[column.key for column in sheet.columns], *sheet.rows]))


def _write_parquet(sheet: Sheet, path: Path) -> None:
    from finops.engines.duckdb import connect, identifier, literal

    columns = ", ".join(f"{identifier(one.key)} {_TYPES.get(one.kind, 'varchar')}" for one in sheet.columns)
    connection = connect()
    try:
        connection.execute(f"create table sheet ({columns})")
        if sheet.rows:
            # whole columns at once: a row at a time takes a hundred times as long
            parts = ", ".join(f"unnest(cast(? as {_TYPES.get(one.kind, 'varchar')}[]))" for one in sheet.columns)
            rows = [_scaled(row) for row in sheet.rows]
            values = [[row[at] for row in rows] for at in range(len(sheet.columns))]
            connection.execute(f"insert into sheet select {parts}", values)
        with reported(path):
            connection.execute(f"copy sheet to {literal(str(path))} (format parquet)")
    finally:
        connection.close()


def _scaled(row: Sequence[Any]) -> list[Any]:
    # A percentage is a quotient and may have more digits than the scale of money.
    return [value.quantize(_SCALE) if isinstance(value, Decimal) else value for value in row]


_WRITERS = {"csv": _write_csv, "parquet": _write_parquet}
