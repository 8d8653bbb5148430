"""A document laid out as tables of printable text, for the terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from finops.document import Column, Document, Rows
from finops.output.values import finality, money, shown


@dataclass(frozen=True)
class Table:
    """Text in cells. `footer` is the row of totals; `more` says what was left out.

    A `page` is a list under its title, to be read: the names of its columns say nothing.
    """

    title: str
    columns: Sequence[Column]
    cells: Sequence[Sequence[str]]
    footer: Sequence[str] = ()
    more: str = ""
    page: bool = False


def tables(document: Document, limit: int | None) -> Iterator[Table]:
    """The totals that are tables, then the rows; at most `limit` rows of them."""
    word = finality(document.basis.final) if document.basis.deliveries else ""
    for name, total in document.totals.items():
        if isinstance(total, Rows):
            yield Table(_titled(name.replace("_", " "), word), total.columns, _cells(total, None))
    yield from _grouped(document.rows) if _has_heading(document.rows) else [_rows(document, limit, word)]


def _rows(document: Document, limit: int | None, word: str) -> Table:
    rows, total = document.rows, _row_of_totals(document)
    hidden = rows.count - len(cells) if (cells := _cells(rows, limit)) else 0
    return Table(
        title="",
        columns=rows.columns,
        cells=cells,
        footer=_footer(rows.columns, total, word),
        more=f"{hidden:,} more rows; --format csv or json holds all" if hidden else "",
    )


def _row_of_totals(document: Document) -> Mapping[str, Any]:
    names = document.rows.names
    return {name: total for name, total in document.totals.items() if name in names}


def _footer(columns: Sequence[Column], total: Mapping[str, Any], word: str) -> list[str]:
    if not total:
        return []
    cells = [shown(total[c.name], c.kind) if c.name in total else "" for c in columns]
    if columns[0].name in total:
        return cells if not word else [f"{cells[0]} {word}", *cells[1:]]
    return [_titled("total", word), *cells[1:]]


def _grouped(rows: Rows) -> Iterator[Table]:
    for heading, group in groupby(rows.read(None), key=lambda row: str(row[0])):
        lines = [[shown(v, c.kind) for v, c in zip(row, rows.columns, strict=True)] for row in group]
        kept = [at for at in range(1, len(rows.columns)) if any(line[at] for line in lines)]
        yield Table(heading, [rows.columns[at] for at in kept], [[line[at] for at in kept] for line in lines], page=True)


def _has_heading(rows: Rows) -> bool:
    return rows.columns[0].kind == "heading"


def _cells(rows: Rows, limit: int | None) -> list[list[str]]:
    kinds = [column.kind for column in rows.columns]
    return [[shown(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in rows.read(limit)]


def _titled(title: str, word: str) -> str:
    return f"{title} ({word})" if word else title


def dollars(value: Decimal, currency: str | None) -> str:
    """Money with its currency, for a sentence."""
    return f"{money(value)} {currency}" if currency else money(value)
