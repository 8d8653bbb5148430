"""What a reading verb answers: rows, totals and problems, with what they were computed from.

One document for every format. Rows are read when they are written, so that a table of twenty lines does not
fetch a million of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from finops.catalog import Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.reader import Ledger

SCHEMA_VERSION = 1
_BATCH = 10_000

# How a value is shown to a person; machines always get it exactly. `heading` starts a group of rows, an `id` is cut to
# the beginning that is enough to name it, a `rate` is money per unit, which may be far less than a cent.
Kind = Literal["text", "heading", "id", "money", "rate", "percent", "count", "flag", "time"]


@dataclass(frozen=True)
class Column:
    """One column of a table: its key in JSON and CSV, and what kind of value it holds.

    What rows below each other have in common in `shared` columns is told to a person once, above them. Where `shown`
    is "filled" a table for a person leaves it out while it is blank, where "never" always.
    """

    name: str
    kind: Kind = "text"
    shown: Literal["always", "filled", "never"] = "always"
    shared: bool = False


@dataclass(frozen=True)
class Rows:
    """A table that is read on demand: `read(n)` yields the first n rows, `read(None)` all of them."""

    columns: tuple[Column, ...]
    count: int
    read: Callable[[int | None], Iterator[Sequence[Any]]]

    @classmethod
    def of(cls, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Rows:
        """Rows that are held already."""
        return cls(tuple(columns), len(rows), lambda limit: islice(rows, limit))

    @classmethod
    def of_query(cls, connection: DuckDBPyConnection, columns: Sequence[Column], count: int, sql: str) -> Rows:
        """The rows of an ordered select, fetched in batches while nothing else runs on the connection."""

        def read(limit: int | None) -> Iterator[Sequence[Any]]:
            cursor = connection.execute(sql if limit is None else f"{sql} limit {limit:d}")
            while batch := cursor.fetchmany(_BATCH):
                yield from batch

        return cls(tuple(columns), count, read)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of a row, in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Basis:
    """What the figures were computed from. `end` is exclusive; `final` None means nobody can tell."""

    start: date | None = None
    end: date | None = None
    metric: str | None = None
    currency: str | None = None
    final: bool | None = None
    as_of: datetime | None = None
    deliveries: Sequence[Mapping[str, Any]] = ()


# How a person reads a document; programs get rows and totals whatever it is.
Layout = Literal["tables", "checklist", "verdicts"]


@dataclass(frozen=True)
class Document:
    """The whole answer of one verb. A total is a single value or a table of its own.

    `lead` is what a person reads first: sentences, a line that begins with a blank being a point of the one above. Of
    the rows `table_rows` are printed for a person; JSON and CSV always hold all. Totals that are `folded` are in JSON
    only. A `checklist` is rows of checks: area, subject, check, state, detail, next_step.
    """

    command: str
    basis: Basis
    rows: Rows
    totals: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    table_rows: int = 100
    folded: frozenset[str] = frozenset()
    layout: Layout = "tables"
    lead: Sequence[str] = ()


def basis_of(ledger: Ledger) -> Basis:
    """The basis of figures computed over the whole of an open ledger."""
    return Basis(
        start=ledger.start,
        end=ledger.end,
        metric=ledger.ask.metric,
        currency=ledger.currency,
        final=ledger.final,
        as_of=ledger.as_of,
        deliveries=ledger.deliveries,
    )


def span_of(periods: Sequence[str]) -> tuple[date | None, date | None]:
    """The first day of the earliest billing period and the one after the last of the latest; None of nothing."""
    months = [date.fromisoformat(f"{period}-01") for period in periods]
    if not months:
        return None, None
    last = max(months)
    return min(months), date(last.year + last.month // 12, last.month % 12 + 1, 1)


def with_problems(document: Document, *problems: Problem) -> Document:
    """The document with more to say beside its figures."""
    return replace(document, problems=[*document.problems, *problems])
