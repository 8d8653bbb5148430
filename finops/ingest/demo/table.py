"""A table that is about to be written: its fields, and its rows as text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from finops.ingest.demo.estate import table as packaged_rows

TableRow = list[str]


class Field(NamedTuple):
    """One column: its name, and `text`, `number`, `time`, `map` or `numbers` (JSON of texts, of numbers)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Table:
    """The fields, and a function that gives the rows from the start; blank text is null or stays ''."""

    fields: list[Field]
    rows: Callable[[], Iterator[TableRow]]
    blank_is_null: bool = True


def table_fields(name: str) -> list[Field]:
    """The fields that a packaged CSV file lists: column, kind."""
    return [Field(row["column"], row["kind"]) for row in packaged_rows(name)]
