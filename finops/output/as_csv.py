"""CSV of the rows: exact decimals, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from finops.document import Document
from finops.output.values import exact, printable

_BATCH = 5_000
# What a spreadsheet takes for the start of a formula; OWASP, "CSV injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def chunks(document: Document) -> Iterator[str]:
    """A header and every row, in pieces of some thousand lines."""
    yield csv_text([document.rows.names])
    rows = iter(document.rows.read(None))
    while batch := list(islice(rows, _BATCH)):
        yield csv_text(batch)


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV in which no cell is run as a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> str:
    if not isinstance(value, str):
        return exact(value)
    text = value if value.isprintable() else printable(value)
    return "'" + text if value.startswith(_FORMULA) else text
