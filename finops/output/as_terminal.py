"""Tables for someone who looks at a terminal: in colour, and as wide as the window."""

from __future__ import annotations

import io
from collections.abc import Iterator

from finops.document import Document
from finops.output.as_checklist import STYLES
from finops.output.lists import LISTS
from finops.output.tables import Table, tables
from finops.output.values import caption, to_the_right


def chunks(document: Document) -> Iterator[str]:
    """A line that says what the figures are, then every table of the document; or the lines of a checklist."""
    if document.layout in LISTS:
        yield _coloured(document)
        return
    if line := caption(document.basis):
        yield line + "\n\n"
    if document.lead:
        yield "\n".join(document.lead) + "\n\n"
    for number, table in enumerate(tables(document, document.table_rows)):
        yield ("\n" if number else "") + _drawn(table)


def _coloured(document: Document) -> str:
    from rich.console import Console
    from rich.text import Text

    text = io.StringIO()
    width = Console().width
    console = Console(file=text, force_terminal=True, width=width)
    for pieces in LISTS[document.layout](document, width):
        # A long command is left to the terminal to break, so that it is copied whole.
        console.print(Text.assemble(*((said, STYLES[style]) for style, said in pieces)), soft_wrap=True)
    return text.getvalue()


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
