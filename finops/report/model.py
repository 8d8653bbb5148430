"""The cost report as data: sections of figures, tables and charts that every output reads, and none adds to.

A cell, a figure and a bar have both what is printed and the exact value, so that a page, a workbook and a program tell
the same numbers. Text is as it came from the bill, its control characters written out; each output escapes for itself.
Money is in the currency of the report, percent is 0 to 100.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from finops.catalog import Problem
from finops.document import Basis
from finops.report.windows import Cadence

# How a cell, a figure or a badge is meant. It is always said in words as well, never by colour alone.
Tone = Literal["", "up", "down", "muted", "good", "caution"]
# What a value is. `change` is money with its sign, `share` a part of a hundred, `percent` a change in percent,
# `rate` money per unit, `code` a word of the bill that is not broken into lines.
Kind = Literal["text", "code", "money", "change", "rate", "percent", "share", "count", "day"]
# How far a section got: computed; its input is not set; not of this report; it could not be computed.
State = Literal["shown", "not set", "left out", "failed"]
# Whom a report is for.
Audience = Literal["finance", "engineering", "leadership"]

_NUMBERS = frozenset({"money", "change", "rate", "percent", "share", "count"})


@dataclass(frozen=True)
class Source:
    """Where numbers come from: the command that lists them, and the query on the marts they were read with."""

    command: str
    sql: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: what is printed, and the exact value (Decimal, int, date or text) where it has one."""

    text: str
    value: Any = None
    tone: Tone = ""
    meter: Decimal | None = None
    """Percent, 0 to 100, to draw beside the text."""
    swatch: str | None = None
    """The role of the colour that stands for the row in the chart."""
    heat: int | None = None
    """How strong the cell is among those of a heat map, 0 to 5."""


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """A column: its key for programs, its heading, and what its values are."""

    key: str
    label: str
    kind: Kind = "text"

    @property
    def number(self) -> bool:
        """Whether its cells line up at the right."""
        return self.kind in _NUMBERS

    @property
    def code(self) -> bool:
        """Whether its cells are not broken into lines."""
        return self.kind in ("code", "day")


@dataclass(frozen=True)
class Table:
    """Rows under headings. However they are sorted, `rest` (all other keys) and `total` stay last."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    rest: Row | None = None
    total: Row | None = None
    source: Source | None = None
    is_map: bool = False
    """Whether it is a heat map: then its rows and columns keep their order."""


@dataclass(frozen=True)
class Series:
    """Values under the labels of a chart, None where there is nothing to draw. `tone` is the role of the colour."""

    name: str
    values: tuple[Decimal | None, ...]
    tone: str
    marked: tuple[bool, ...] = ()
    """Which values stand for something unfinished; empty where none does."""
    told: tuple[str, ...] = ()
    """What is said of each value when it is pointed at; empty where name, label and amount say it."""
    is_base: bool = False
    """Whether it only lifts what stands on it, and is not to be seen."""


@dataclass(frozen=True)
class Chart:
    """Series over labels. `label` says in words what it shows, for who does not see it.

    `days` are bars over time, `stack` bars upon each other, `changes` bars to both sides from the top down, `bridge`
    bars that lead from one amount to another, `lines` lines over time. `kind` is what the values are.
    """

    key: str
    label: str
    shape: Literal["days", "stack", "changes", "bridge", "lines"]
    x: tuple[str | date, ...]
    series: tuple[Series, ...]
    kind: Kind = "money"
    ticks: tuple[date, ...] = ()
    floor: Decimal | None = None
    """Where the axis begins; None where that is zero."""
    note: str = ""
    """What to know to read it right, said beside it."""


@dataclass(frozen=True)
class Block:
    """A chart and the table it is drawn from, one of them, or words alone; `folded` tables open on demand."""

    title: str = ""
    text: tuple[str, ...] = ()
    chart: Chart | None = None
    table: Table | None = None
    folded: bool = False
    half: bool = False
    """Whether it stands beside its neighbour where there is room."""


@dataclass(frozen=True)
class Section:
    """One part of the report: a key, a heading, a few sentences and its blocks.

    Where `switch` names what is chosen (`Cut by`), the blocks are told one at a time, each by its title.
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    switch: str = ""
    state: State = "shown"

    @property
    def tables(self) -> Iterator[Table]:
        """Its tables, in the order of reading."""
        return (block.table for block in self.blocks if block.table)

    @property
    def charts(self) -> Iterator[Chart]:
        """Its charts, in the order of reading."""
        return (block.chart for block in self.blocks if block.chart)


@dataclass(frozen=True)
class Figure:
    """One key figure of the first screen: printed, exact, over time, and the table that has its rows."""

    key: str
    label: str
    text: str
    notes: tuple[str, ...]
    value: Any = None
    kind: Kind = "text"
    tone: Tone = ""
    trend: tuple[Decimal, ...] = ()
    """The same figure in the windows before and in the last one, oldest first."""
    trend_label: str = ""
    rows: str = ""
    """The key of the section with the rows behind it."""


@dataclass(frozen=True)
class Report:
    """The whole report, in the order of reading."""

    cadence: Cadence
    title: str
    scope: tuple[str, ...]
    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...]
    basis: Basis
    sections: tuple[Section, ...] = ()
    problems: tuple[Problem, ...] = field(default_factory=tuple)

    @property
    def currency(self) -> str:
        """What all of its money is in."""
        return self.basis.currency or ""
