"""The cost report as Markdown that reads well in a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from finops.report.model import Block, Cell, Column, Report, Section, Table

# What Markdown, or the HTML and the formulas in it, would read as more than text. An amount is no formula.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&]|\$(?!\d))")


def render(report: Report) -> str:
    """The whole report, every text of the bill escaped; ends with one line feed."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {report.title}: {_escaped(report.scope[0])}"
    yield ""
    scope = ", ".join(report.scope[1:])
    yield _escaped(f"{scope[0].upper()}{scope[1:]}.")
    for warning in report.warnings:
        yield from ("", f"> **Note:** {_escaped(warning)}")
    yield from ("", _escaped(" ".join(report.sentences)), "")
    yield from _table(_tiles(report))
    for section in report.sections:
        yield from _section(section)


def _tiles(report: Report) -> Table:
    columns = (Column("label", ""), Column("value", "", "money"), Column("notes", ""))
    rows = ((Cell(one.label), Cell(one.text), Cell("; ".join(one.notes))) for one in report.figures)
    return Table("figures", "", columns, tuple(rows))


def _section(section: Section) -> Iterator[str]:
    blocks = [block for block in section.blocks if block.table or block.text]
    if not blocks and not section.text:
        return
    yield from ("", f"## {_escaped(section.title)}")
    for paragraph in section.text:
        yield from ("", _escaped(paragraph))
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    title = _escaped(block.title)
    if block.folded and block.table:
        yield from ("", "<details>", f"<summary>{title}</summary>", "")
        yield from _table(block.table)
        yield from ("", "</details>")
        return
    if title:
        yield from ("", f"### {title}")
    for paragraph in block.text:
        yield from ("", _escaped(paragraph))
    if block.table:
        yield ""
        yield from _table(block.table)


def _table(table: Table) -> Iterator[str]:
    yield _row([_escaped(column.label) for column in table.columns])
    yield _row(["---:" if column.number else "---" for column in table.columns])
    for row in filter(None, (*table.rows, table.rest, table.total)):
        yield _row([_escaped(cell.text) for cell in row])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
