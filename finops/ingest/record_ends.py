"""A field more at the end of every record, so that DuckDB sees where a record ends too late.

DuckDB refuses a record with fields too few or too many, but passes over what is too many when it is blank: one comma
more in the midst of a record shifts every field behind it, and nothing is said. Behind a last field that is never
blank it refuses that record too.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

_LAST_FIELD = b",."


@dataclass(frozen=True)
class Torn:
    """A record that does not fit the header: the line of the text it begins in, from 0, and what is wrong with it."""

    line: int
    what: str


def mark(text: bytes, newline: bytes) -> bytes:
    """The text with the field more before every newline, also before those within quotes."""
    return text.replace(newline, _LAST_FIELD + newline)


def marks(text: bytes, marked: bytes) -> int:
    """How many newlines of a text were marked."""
    return (len(marked) - len(text)) // len(_LAST_FIELD)


def unmark(path: Path, newline: bytes) -> None:
    """Write the text of a marked file anew as it was."""
    draft = path.with_suffix(".unmarked")
    with path.open("rb") as marked, draft.open("wb") as sink:
        sink.writelines(line.removesuffix(_LAST_FIELD + newline) + newline for line in marked)
    draft.replace(path)


def first_torn(path: Path, fields: int) -> Torn | None:
    """The first record of a text without marks that has not that many fields; None where there is none.

    A blank line is no record. A quote in the midst of a field is a letter.
    """
    with path.open(encoding="utf-8", errors="replace", newline="") as handle:
        records, line = csv.reader(handle), 0
        try:
            for record in records:
                if record and len(record) != fields:
                    return Torn(line, f"a record has {len(record)} fields, its header has {fields}")
                line = records.line_num
        except csv.Error as error:
            return Torn(line, f"a record is no CSV: {error}")
    return None
