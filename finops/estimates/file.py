"""The estimates file: what was read from documents, one line each, to be reviewed and then the truth.

CSV with the columns of `FIELDS`. A blank `high` beside a `low` is open-ended. A person may change anything in it;
`source_file` is relative to the folder of the file.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import get_args

from finops.errors import DataError
from finops.estimates.kinds import Kind
from finops.estimates.lines import Check, Line, Unit

SUFFIX = ".csv"
FIELDS = (
    "environments", "section", "label", "configuration", "low", "high", "unit", "currency", "kind", "check", "counts",
    "hours_a_week", "share", "of", "service", "usage_type", "figure", "source_file", "source_line",
)  # fmt: skip
_AMOUNTS = ("low", "high", "hours_a_week", "share")
_WORDS: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "unit": (*get_args(Unit), ""),
    "check": (*get_args(Check), ""),
    "counts": ("yes", "no"),
}
# What a spreadsheet takes for the start of a formula stands behind an apostrophe.
_FORMULA = ("=", "+", "-", "@")
_NEEDED = ("label", "kind", "counts", "source_file", "source_line")


def file_text(lines: Sequence[Line], folder: Path) -> str:
    """The estimates file that holds the lines and lies in `folder`."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(FIELDS)
    for line in lines:
        out.writerow([_cell(line, field, folder) for field in FIELDS])
    return text.getvalue()


def read_file(path: Path) -> list[Line]:
    """The lines of an estimates file. Raises DataError with file and line at the first thing that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read the estimates: {(error.strerror or 'unreadable').lower()}", str(path)) from error
    except UnicodeDecodeError as error:
        raise DataError("the estimates file is not UTF-8 text", str(path), "save it as UTF-8") from error
    reader = csv.DictReader(io.StringIO(text))
    unknown = [name for name in reader.fieldnames or () if name not in FIELDS]
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if unknown or missing:
        what = f"has a column {unknown[0]!r} it should not" if unknown else f"has no column {missing[0]}"
        raise DataError(f"the estimates file {what}", f"{path}:1", "finops estimates read DOC --save FILE writes one")
    return [_line(row, path, reader.line_num) for row in reader]


def _cell(line: Line, field: str, folder: Path) -> str:
    if field == "source_file":
        return os.path.relpath(line.source_file, folder)
    if field == "environments":
        return "/".join(line.environments)
    value = getattr(line, field)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(row: dict[str, str | None], path: Path, number: int) -> Line:
    where = f"{path}:{number}"
    if None in row or None in row.values():
        raise DataError("the row has not as many cells as the header", where)
    cells = {name: _plain((value or "").strip()) for name, value in row.items()}
    for name, words in _WORDS.items():
        if cells.get(name, "" if "" in words else words[0]) not in words:
            raise DataError(f'{name} is "{cells[name]}"', where, f"one of {', '.join(filter(None, words))}")
    if not re.fullmatch("[0-9]{1,9}", cells["source_line"]):
        raise DataError(f'source_line is "{cells["source_line"]}"', where, "the number of a line")
    amounts = {name: _amount(cells.get(name, ""), name, where) for name in _AMOUNTS}
    low, high = amounts["low"], amounts["high"]
    if high is not None and (low is None or low > high):
        raise DataError("the low end is above the high one, or missing", where)
    return Line(
        environments=tuple(filter(None, cells.get("environments", "").split("/"))),
        section=cells.get("section", ""),
        label=cells["label"],
        low=low,
        high=high,
        unit=cells.get("unit") or None,
        currency=cells.get("currency") or None,
        kind=cells["kind"],  # type: ignore[arg-type]
        source_file=os.path.normpath(path.parent / cells["source_file"]),
        source_line=int(cells["source_line"]),
        low_place=_place(low),
        high_place=_place(high if high is not None else low),
        configuration=cells.get("configuration", ""),
        check=cells.get("check") or None,  # type: ignore[arg-type]
        counts=cells["counts"] == "yes",
        hours_a_week=amounts["hours_a_week"],
        share=amounts["share"],
        of=cells.get("of", ""),
        figure=cells.get("figure", ""),
        service=cells.get("service", ""),
        usage_type=cells.get("usage_type", ""),
    )


def _place(value: Decimal | None) -> Decimal:
    """The last digit that is written."""
    exponent = value.as_tuple().exponent if value is not None else 0
    return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)


def _plain(text: str) -> str:
    return text[1:] if text.startswith(tuple(f"'{start}" for start in _FORMULA)) else text


def _amount(text: str, name: str, where: str) -> Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise DataError(f'{name} is "{text}"', where, "a number such as 12.50")
    return value
