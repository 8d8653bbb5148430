"""The cost report as HTML that mail programs show: tables, style on each element, no script, no picture, no address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from finops.output.values import printable
from finops.report.model import Block, Cell, Column, Figure, Report, Row, Section, Table, Tone

# What a person reads in a mail. The whole report is the page.
MOST_ROWS = 12
# Gmail cuts off what is longer than 102 kB: sections that no longer fit are named and not told.
MOST_BYTES = 92_000
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_INK, _SOFT, _BORDER = "#1b1f24", "#57606a", "border-top:1px solid #e2e2dc"
_TABLE = "border-collapse:collapse;font-size:14px"
_TONES: dict[Tone, str] = {
    "": _INK, "up": "#b3470f", "down": "#0f6f66", "muted": _SOFT, "good": "#1d6f42", "caution": "#8a5300",
}  # fmt: skip
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="generator" content="finops report"><title>{title}</title></head>
<body style="margin:0;padding:16px;background:#ffffff;color:{ink};{font};font-size:15px;line-height:1.5">
<table role="presentation" width="100%" style="max-width:760px;border-collapse:collapse"><tr><td>
{body}
</td></tr></table>
</body>
</html>
"""


def render(report: Report) -> str:
    """The whole mail; every text of the bill is escaped."""
    title = _text(f"{report.title}: {report.scope[0]}")
    return _PAGE.format(title=title, ink=_INK, font=_FONT, body="\n".join(_body(report)))


def _body(report: Report) -> Iterator[str]:
    yield f'<h1 style="margin:0;font-size:22px;line-height:1.25">{_text(report.title)}</h1>'
    yield _paragraph(" · ".join(report.scope), _SOFT)
    for warning in report.warnings:
        style = "margin:8px 0;padding:6px 12px;border-left:3px solid #8a5300;background:#fdf4e3"
        yield f'<p style="{style}">{_text(warning)}</p>'
    yield _paragraph(" ".join(report.sentences))
    yield from _figures(report.figures)
    yield from _sections(report.sections)


def _sections(sections: Sequence[Section]) -> Iterator[str]:
    """The sections in order, as long as they fit; then the titles of those that do not."""
    room = MOST_BYTES
    left: list[str] = []
    for section in sections:
        text = "\n".join(_section(section))
        room -= len(text.encode())
        if left or room < 0:
            left.append(section.title)
        elif text:
            yield text
    if left:
        yield _paragraph(f"In the whole report also: {', '.join(left)}", _SOFT)


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    columns = (Column("label", "Figure"), Column("value", "Value", "money"), Column("notes", "Notes"))
    rows = ((Cell(one.label), Cell(one.text, tone=one.tone), Cell("; ".join(one.notes))) for one in figures)
    yield from _table(Table("figures", "Key figures", columns, tuple(rows)))


def _section(section: Section) -> Iterator[str]:
    blocks = [block for block in section.blocks if (block.table or block.text) and not block.folded]
    # a map of the hours of a week is too wide for a mail
    wide = [block for block in blocks if block.table and block.table.is_map]
    blocks = [block for block in blocks if block not in wide]
    if not (blocks or wide or section.text):
        return
    yield f'<h2 style="margin:28px 0 4px;font-size:18px">{_text(section.title)}</h2>'
    yield from (_paragraph(text, _SOFT) for text in section.text)
    # what a page tells one at a time is told once
    shown = blocks[:1] if section.switch else blocks
    for block in shown:
        yield from _block(block)
    if others := ", ".join(block.title for block in (*wide, *blocks[len(shown) :])):
        yield _paragraph(f"In the whole report also: {others}", _SOFT)


def _block(block: Block) -> Iterator[str]:
    if block.title:
        yield f'<h3 style="margin:16px 0 4px;font-size:15px">{_text(block.title)}</h3>'
    yield from (_paragraph(text, _SOFT) for text in block.text)
    if block.table:
        yield from _table(block.table)


def _table(table: Table) -> Iterator[str]:
    yield f'<table cellpadding="4" cellspacing="0" width="100%" style="{_TABLE}">'
    yield f'<tr style="color:{_SOFT}">{"".join(_head(column) for column in table.columns)}</tr>'
    shown, left = table.rows[:MOST_ROWS], table.rows[MOST_ROWS:]
    yield from (_row(table.columns, row) for row in shown)
    if left:
        text = f"{len(left):,} more rows in the whole report"
        yield f'<tr><td colspan="{len(table.columns)}" style="{_BORDER};color:{_SOFT}">{text}</td></tr>'
    yield from (_row(table.columns, row, bold=row is table.total) for row in (table.rest, table.total) if row)
    yield "</table>"


def _head(column: Column) -> str:
    return f'<th scope="col" align="{_side(column)}">{_text(column.label)}</th>'


def _row(columns: Sequence[Column], row: Row, bold: bool = False) -> str:
    cells = (_cell(column, cell, bold) for column, cell in zip(columns, row, strict=True))
    return f'<tr valign="top">{"".join(cells)}</tr>'


def _cell(column: Column, cell: Cell, bold: bool) -> str:
    said = {
        f"color:{_TONES[cell.tone]}": cell.tone != "",
        "font-weight:600": bold,
        "white-space:nowrap": column.number,
    }
    style = ";".join([_BORDER, *(text for text, wanted in said.items() if wanted)])
    return f'<td align="{_side(column)}" style="{style}">{_text(cell.text)}</td>'


def _side(column: Column) -> str:
    return "right" if column.number else "left"


def _paragraph(text: str, color: str = _INK) -> str:
    return f'<p style="margin:6px 0;color:{color}">{_text(text)}</p>'


def _text(text: str) -> str:
    return escape(printable(text))
