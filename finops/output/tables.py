"""A document laid out as tables of printable text, for the terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from finops.document import Column, Document, Rows
from finops.output.values import finality, printable, shown


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
        if isinstance(total, Rows) and total.count and name not in document.folded:
            columns, cells, _ = _laid_out(total, None)
            yield Table(_titled(name.replace("_", " "), word), columns, cells)
    if _has_heading(document.rows):
        yield from _grouped(document.rows)
    elif any(column.shared for column in document.rows.columns):
        yield from _under_what_they_share(document.rows, limit)
    else:
        yield _rows(document, limit, word)


def _rows(document: Document, limit: int | None, word: str) -> Table:
    rows, total = document.rows, _row_of_totals(document)
    columns, cells, kept = _laid_out(rows, limit)
    hidden = rows.count - len(cells)
    # Without a dimension the one row is the total itself.
    is_total = rows.names[0] in total
    return Table(
        title=_titled("total", word) if is_total else "",
        columns=columns,
        cells=cells,
        footer=_footer([rows.columns[at] for at in kept], total, word) if total and not is_total else (),
        more=_more(hidden),
    )


def _more(hidden: int) -> str:
    return f"{hidden:,} more rows; --format csv or json holds all" if hidden else ""


def _under_what_they_share(rows: Rows, limit: int | None) -> Iterator[Table]:
    """A table for each run of rows that share what they can, without those columns; only the last says what is left."""
    own = [at for at, column in enumerate(rows.columns) if not column.shared]
    together = [at for at, column in enumerate(rows.columns) if column.shared]
    cells = _cells(rows, limit)
    columns = _headed(rows)
    left = len(cells)
    for shared, group in groupby(cells, key=lambda row: [row[at] for at in together]):
        lines = [[row[at] for at in own] for row in group]
        left -= len(lines)
        named = (_named(columns[at], cell) for at, cell in zip(together, shared, strict=True))
        more = "" if left else _more(rows.count - len(cells))
        yield Table(", ".join(named), [columns[at] for at in own], lines, more=more)


def _named(column: Column, cell: str) -> str:
    return cell if column.kind == "text" else f"{column.name} {cell}"


def _headed(rows: Rows) -> list[Column]:
    """The columns with names that can be printed: a tag's key is one of them."""
    return [replace(column, name=printable(column.name)) for column in rows.columns]


def _laid_out(rows: Rows, limit: int | None) -> tuple[list[Column], list[list[str]], list[int]]:
    """The columns a person is shown, the text in them, and which columns of the rows they are."""
    lines = list(rows.read(limit))
    kept = [at for at, column in enumerate(rows.columns) if _is_shown(column, [line[at] for line in lines])]
    # A tag's key may be the name of a column, and hold what must not be printed.
    headed = _headed(rows)
    columns = [headed[at] for at in kept]
    return columns, [[shown(line[at], rows.columns[at].kind) for at in kept] for line in lines], kept


def _is_shown(column: Column, values: Sequence[Any]) -> bool:
    return any(values) if column.shown == "filled" else column.shown == "always"


def _row_of_totals(document: Document) -> Mapping[str, Any]:
    names = document.rows.names
    return {name: total for name, total in document.totals.items() if name in names}


def _footer(columns: Sequence[Column], total: Mapping[str, Any], word: str) -> list[str]:
    cells = [shown(total[column.name], column.kind) if column.name in total else "" for column in columns[1:]]
    return [_titled("total", word), *cells]


def _grouped(rows: Rows) -> Iterator[Table]:
    for heading, group in groupby(rows.read(None), key=lambda row: str(row[0])):
        lines = [[shown(v, c.kind) for v, c in zip(row, rows.columns, strict=True)] for row in group]
        kept = [at for at in range(1, len(rows.columns)) if any(line[at] for line in lines)]
        yield Table(
            heading,
            [rows.columns[at] for at in kept],
            [[line[at] for at in kept] for line in lines],
            page=True,
        )


def _has_heading(rows: Rows) -> bool:
    return rows.columns[0].kind == "heading"


def _cells(rows: Rows, limit: int | None) -> list[list[str]]:
    kinds = [column.kind for column in rows.columns]
    return [[shown(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in rows.read(limit)]


def _titled(title: str, word: str) -> str:
    return f"{title} ({word})" if word else title
