"""The CSV with measures of business: date, metric, value. Read whole, or refused with the line that is wrong."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.errors import DataError

COLUMNS = ("date", "metric", "value")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Measures = Mapping[str, Mapping[date, Decimal]]
"""Metric -> day (UTC) -> value. A day that is not there is not known, which is not nothing."""


def read_measures(path: Path) -> Measures:
    """Everything the file says. Raises DataError with file and line for a row that cannot be read, or stands twice."""
    found: dict[str, dict[date, Decimal]] = {}
    lines: dict[tuple[str, date], int] = {}
    for line, row in _rows(path):
        where = f"{path}:{line}"
        metric, day, value = row["metric"].strip(), _day(row["date"], where), _value(row["value"], where)
        if not metric:
            raise DataError("a row names no metric", where)
        first = lines.setdefault((metric, day), line)
        if first != line:
            raise DataError(f"{metric} of {day} is there twice", where, f"keep it or line {first}")
        found.setdefault(metric, {})[day] = value
    return found


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise DataError(f"the metrics cannot be read: {reason.lower()}", str(path), "correct [units] file") from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            said = f"the header is {', '.join(header) or 'blank'}"
            raise DataError(f"the columns have to be {', '.join(COLUMNS)}", f"{path}:1", said)
        for row in reader:
            if len(row) not in (0, len(header)):
                raise DataError(f"the row has {len(row)} cells, not {len(header)}", f"{path}:{reader.line_num}")
            if row:
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise DataError(f"this is no CSV: {error}", f"{path}:{reader.line_num}") from error


def _day(text: str, where: str) -> date:
    try:
        if _DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise DataError(f'"{text}" is not a day', where, "write it as 2026-10-01")


def _value(text: str, where: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise DataError(f'"{text}" is not a number', where, "write it as 1234.5, without a sign of currency")
    return Decimal(text.strip())
