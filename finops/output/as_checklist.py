"""A list of checks for a person: by area and subject, the state in front, the next step on a line of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from finops.document import Document
from finops.output.values import printable

# Colour of a line -> what it says; a terminal shows it, a file does not.
STYLES = {"problem": "bold red", "could not check": "yellow", "ok": "green", "area": "bold", "next": "cyan", "": ""}
_STATE = 15
_NARROW, _WIDE = 60, 100

Row = dict[str, str]
Piece = tuple[str, str]
"""A style and the text it is for."""


def lines(document: Document, width: int) -> Iterator[list[Piece]]:
    """Each printed line as pieces of text with their style; `width` is in characters."""
    width = max(_NARROW, min(width, _WIDE))
    names = document.rows.names
    rows = [{name: printable(str(value)) for name, value in zip(names, row, strict=True)} for row in _read(document)]
    for area, found in groupby(rows, key=itemgetter("area")):
        yield [("area", area)]
        yield from _area(
            [_labelled(subject, list(group)) for subject, group in groupby(found, itemgetter("subject"))], width
        )
        yield []
    yield [("area", _summary(document))]


def _read(document: Document) -> Iterator[Sequence[Any]]:
    return document.rows.read(None)


def _labelled(subject: str, rows: list[Row]) -> tuple[str, list[tuple[str, Row]]]:
    """The heading of a group and its rows with their labels: several checks of one thing share a heading."""
    if subject and len(rows) > 1:
        return subject, [(row["check"], row) for row in rows]
    return "", [(f"{row['check']} {subject}".strip(), row) for row in rows]


def _area(groups: list[tuple[str, list[tuple[str, Row]]]], width: int) -> Iterator[list[Piece]]:
    beside = max(len(label) for _, rows in groups for label, _ in rows)
    for heading, rows in groups:
        if heading:
            yield [("", f"  {heading}")]
        for label, row in rows:
            yield from _check(label, beside, row, width)


def _check(label: str, beside: int, row: Row, width: int) -> Iterator[list[Piece]]:
    # Problems shout, so that they are found in a file without colour too.
    state = row["state"].upper() if row["state"] == "problem" else row["state"]
    margin = 2 + _STATE + 2 + beside + 2
    first, *more = textwrap.wrap(row["detail"], max(width - margin, 30), break_long_words=False) or [""]
    yield [("", "  "), (row["state"], f"{state:{_STATE}}"), ("", f"  {label:{beside}}  {first}")]
    for text in more:
        yield [("", " " * margin + text)]
    if row["next_step"]:
        yield [("next", " " * (2 + _STATE - 3) + f"->   {row['next_step']}")]


def _summary(document: Document) -> str:
    words = {"ok": "ok", "problem": "problem", "could_not_check": "could not be checked"}
    counts = {words[state]: count for state, count in document.totals.items() if count}
    return ", ".join(f"{count} {word}{'s' * (word == 'problem' and count > 1)}" for word, count in counts.items())
