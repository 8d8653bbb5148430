"""Markdown for a pull request or a page: tables whose values cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from finops.document import Document
from finops.output.tables import Table, tables
from finops.output.values import caption, to_the_right

_MARKUP = re.compile(r"[\\`*\[\]|~]")
# An @ before a name would notify whoever has it; the rest is HTML.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"})


def chunks(document: Document) -> Iterator[str]:
    """A line that says what the figures are, then every table of the document."""
    if line := caption(document.basis):
        yield f"{escaped(line)}\n\n"
    if document.lead:
        yield "\n".join(_lead(document.lead)) + "\n\n"
    for number, table in enumerate(tables(document, document.table_rows)):
        yield ("\n" if number else "") + _table(table)


def _lead(lines: Sequence[str]) -> Iterator[str]:
    """Sentences as paragraphs, what belongs to one as a list below it."""
    for number, line in enumerate(lines):
        is_point = line.startswith(" ")
        if number and not (is_point and lines[number - 1].startswith(" ")):
            yield ""
        yield f"- {escaped(line.strip())}" if is_point else escaped(line)


def escaped(text: str) -> str:
    """Text that Markdown prints as it is, on one line."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.splitlines())).translate(_ENTITIES)


def _table(table: Table) -> str:
    rule = ["--:" if to_the_right(column.kind) else "---" for column in table.columns]
    lines = [_line([escaped(column.name) for column in table.columns]), _line(rule)]
    lines += [_line([escaped(cell) for cell in cells]) for cells in table.cells]
    if table.footer:
        lines.append(_line([f"**{escaped(cell)}**" if cell else "" for cell in table.footer]))
    head = [f"### {escaped(table.title)}", ""] if table.title else []
    foot = ["", escaped(table.more)] if table.more else []
    return "\n".join([*head, *lines, *foot]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
