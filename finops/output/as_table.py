"""Tables for a terminal: in colour where someone looks at it, aligned text where a program reads it."""

from __future__ import annotations

import io
import sys
import unicodedata
from collections.abc import Iterator, Sequence

from finops.document import Document
from finops.output.tables import Table, tables
from finops.output.values import caption, to_the_right


def chunks(document: Document) -> Iterator[str]:
    """A line that says what the figures are, then every table of the document."""
    draw = _drawn if sys.stdout.isatty() else _plain
    if line := caption(document.basis):
        yield line + "\n\n"
    for number, table in enumerate(tables(document, document.table_rows)):
        yield ("\n" if number else "") + draw(table)


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
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _about(text: str) -> list[str]:
    return [text] if text else []


def _drawn(table: Table) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(
        title=Text(table.title, style="bold") if table.title else None,
        title_justify="left",
        caption=Text(table.more, style="dim") if table.more else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_footer=bool(table.footer),
        show_header=not table.page,
        footer_style="bold",
    )
    for at, column in enumerate(table.columns):
        grid.add_column(
            Text(column.name),
            Text(table.footer[at]) if table.footer else "",
            justify="right" if to_the_right(column.kind) else "left",
            no_wrap=to_the_right(column.kind),
            overflow="fold",
        )
    for cells in table.cells:
        grid.add_row(*(Text(cell) for cell in cells))
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=Console().width)
    console.print(grid)
    return text.getvalue()
