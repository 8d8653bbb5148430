"""Tables as aligned plain text, for a file, a pipe or a program."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from finops.document import Document
from finops.output.lists import LISTS, WIDTH
from finops.output.tables import Table, tables
from finops.output.values import caption, to_the_right


def chunks(document: Document) -> Iterator[str]:
    """A line that says what the figures are, then every table of the document; or the lines of a checklist."""
    if document.layout in LISTS:
        lines = LISTS[document.layout]
        yield from ("".join(text for _, text in pieces).rstrip() + "\n" for pieces in lines(document, WIDTH))
        return
    if line := caption(document.basis):
        yield line + "\n\n"
    if document.lead:
        yield "\n".join(document.lead) + "\n\n"
    for number, table in enumerate(tables(document, document.table_rows)):
        yield ("\n" if number else "") + _plain(table)


def _plain(table: Table) -> str:
    header = [column.name for column in table.columns]
    lines = [*([] if table.page else [header]), *table.cells, *([table.footer] if table.footer else [])]
    widths = [max(_width(line[at]) for line in lines) for at in range(len(header))]
    right = [to_the_right(column.kind) for column in table.columns]
    text = [_line(line, widths, right) for line in lines]
    if not table.page:
        text.insert(1, "  ".join("-" * width for width in widths))
    return "".join(f"{line}\n" for line in [*_about(table.title), *text, *_about(table.more)])


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if to_right else cell + " " * (width - _width(cell))
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """The columns a terminal gives the text: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _about(text: str) -> list[str]:
    return [text] if text else []
