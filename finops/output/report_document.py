"""The cost report as words, tables and pictures, before it is HTML or Markdown.

Both outputs print this one document, so they cannot tell different stories. Text in it is as it came from
the bill, unescaped; each output escapes for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# How a cell, a tile or a badge is meant. It is always said in words as well, never by colour alone.
Tone = Literal["", "up", "down", "muted", "good", "caution"]


@dataclass(frozen=True)
class Cell:
    """One cell: what is printed, the exact value where that differs, and what to sort it by."""

    text: str
    exact: str | None = None
    sort: str | None = None
    tone: Tone = ""
    meter: str | None = None
    """Percent, 0 to 100, to draw beside the text."""
    swatch: str | None = None
    """The role of the colour that stands for the row in the picture."""


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers line up at the right, a code is not broken into lines."""

    label: str
    number: bool = False
    code: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings. However they are sorted, `rest` (all other keys) and `total` stay last."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    rest: Row | None = None
    total: Row | None = None


@dataclass(frozen=True)
class Picture:
    """A Plotly figure as plain data; `label` says in words what it shows."""

    name: str
    label: str
    plot: Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """A picture and the table it is drawn from, or one of them; `folded` tables open on demand."""

    title: str = ""
    text: tuple[str, ...] = ()
    picture: Picture | None = None
    table: Table | None = None
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the report: an anchor, a heading, a few sentences and its blocks."""

    anchor: str
    title: str
    text: tuple[str, ...]
    blocks: tuple[Block, ...] = ()
    columns: int = 1
    """How many blocks stand side by side where there is room."""


@dataclass(frozen=True)
class Tile:
    """One key figure of the first screen."""

    label: str
    value: str
    notes: tuple[str, ...]
    exact: str | None = None
    tone: Tone = ""


@dataclass(frozen=True)
class Report:
    """The whole report."""

    title: str
    scope: tuple[str, ...]
    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...] = field(default_factory=tuple)
