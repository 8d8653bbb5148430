"""A table of costs as lines: one for each figure, with what its row and its column say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from finops.estimates.amounts import Figure, Unread, find_figures
from finops.estimates.blocks import Row, Table
from finops.estimates.cells import read_cell
from finops.estimates.columns import Column, cost_columns, environment_column, is_alternative, label_columns
from finops.estimates.environments import Words, environments_in, is_environment, nearest_environments
from finops.estimates.kinds import Kind, is_mode, kind_of
from finops.estimates.lines import Line, Note, line_of
from finops.estimates.units import UNIT_OF, hours_a_week, unit_in


@dataclass(frozen=True)
class Scope:
    """Where a table or list stands: its file, section, environments, and the unit its heading names."""

    name: str
    section: str
    environments: tuple[str, ...]
    unit: str | None


def scope_of(name: str, headings: Sequence[str], words: Words) -> Scope:
    """What the headings above something say of it; the nearest has the word."""
    nearest = list(reversed(headings))
    unit = next((unit for text in nearest if (unit := unit_in(text))), None)
    return Scope(name, nearest[0] if nearest else "", nearest_environments(nearest, words), unit)


def read_table(table: Table, name: str, words: Words) -> Iterator[Line | Note]:
    """The figures of a table, and what could not be read."""
    scope = scope_of(name, table.headings, words)
    columns = cost_columns(table, words)
    labels = label_columns(table, columns)
    named_in = environment_column(table)
    mode = bool(columns) and (is_mode(table.header.cells[0]) or _all_periods(table, labels))
    for row in table.rows:
        if row.ragged:
            if columns:
                yield Note("not_understood", "the row has more cells than its table has columns", row.number)
            continue
        texts = [row.cells[at] for at in labels if row.cells[at]]
        environments = environments_in(row.cells[named_in], words) if named_in is not None else ()
        around = replace(scope, environments=environments) if environments else scope
        about = _About(row, texts, around, table.block, words)
        yield from _modes(_costs(about, columns)) if mode else _costs(about, columns)
        for at in labels:
            yield from _beside(about, row.cells[at], columns)


@dataclass(frozen=True)
class _About:
    row: Row
    texts: list[str]
    scope: Scope
    block: int
    words: Words

    @property
    def label(self) -> str:
        named = self.texts[0] if self.texts else "/".join(self.scope.environments)
        return named or "(no label)"


def _costs(about: _About, columns: Sequence[Column]) -> Iterator[Line | Note]:
    """The figures in the columns of costs; a column for the low and one for the high end make one figure."""
    low: Figure | None = None
    for column in columns:
        text = about.row.cells[column.at]
        read = read_cell(text, column.bare)
        if isinstance(read, Unread):
            yield Note("not_understood", f'"{_short(text)}" in column {column.header}: {read.why}', about.row.number)
        elif isinstance(read, list):
            yield Note("several_figures", f'"{_short(text)}" holds several figures; none counts', about.row.number)
            yield from (_line(about, column, one, "other") for one in read)
        elif read is not None and column.role == "low":
            low = read
        elif read is not None and column.role == "high":
            yield _line(about, column, _joined(low, read), _kind(about))
            low = None
        elif read is not None:
            counts = column.role == "cost" and not read.thing and read.share is None
            yield _line(about, column, read, _kind(about) if counts else "other")
            if is_alternative(column):
                message = f"{about.label}: {column.header} is another way to run it and does not count"
                yield Note("alternative", message, about.row.number)
    if low is not None:
        yield Note("not_understood", f"{about.label} has a low end and no high one", about.row.number)


def _joined(low: Figure | None, high: Figure) -> Figure:
    return replace(high, low=low.low if low else None, low_place=low.low_place if low else high.low_place)


def _kind(about: _About) -> Kind:
    if about.texts and is_environment(about.label, about.words):
        return "total"
    return kind_of(about.label, about.words)


def _line(about: _About, column: Column, figure: Figure, kind: Kind) -> Line:
    scope = about.scope
    configuration = ", ".join(about.texts[1:])
    return line_of(
        figure,
        (scope.name, about.row.number),
        scope.section,
        about.label,
        _environments(about, column, kind),
        kind,
        unit=column.unit or _period(about.label) or scope.unit,
        currency=column.currency,
        configuration=configuration,
        hours_a_week=hours_a_week(f"{about.label} {configuration}"),
        group=(about.block, column.at if column.environments or column.role == "beside" else 0),
    )


def _environments(about: _About, column: Column, kind: Kind) -> tuple[str, ...]:
    """Those of the column, of a label that names one (`Total (Prod)`), or of the headings."""
    around = column.environments or about.scope.environments
    if kind == "row":
        return around
    is_total = kind_of(about.label, about.words) != "row" or is_environment(about.label, about.words)
    named = environments_in(about.label, about.words) if is_total else ()
    return named if named and not set(named) <= set(around) else around


def _modes(found: Iterator[Line | Note]) -> Iterator[Line | Note]:
    """Of ways to run one thing only the cost of a month counts, and nothing is summed."""
    for one in found:
        yield replace(one, counts=one.counts and one.unit == "month") if isinstance(one, Line) else one


def _all_periods(table: Table, labels: Sequence[int]) -> bool:
    """Whether its rows are the same cost by the month, by the year, ..."""
    named = [row.cells[labels[0]] for row in table.rows] if labels else []
    return len(named) > 1 and all(_period(label) for label in named)


def _period(label: str) -> str | None:
    return unit_in(label) or UNIT_OF.get(label.split(" ", maxsplit=1)[0].lower())


def _beside(about: _About, text: str, columns: Sequence[Column]) -> Iterator[Line | Note]:
    """Figures in a column of words: unit prices, alarms, savings. They are kept, and never count."""
    costs = [about.row.cells[one.at] for one in columns]
    if columns and not any(costs) and isinstance(read_cell(text), Figure):
        yield Note("not_understood", f'"{_short(text)}" stands outside the column of costs', about.row.number)
    for read in find_figures(text):
        if isinstance(read, Unread):
            yield Note("not_understood", f'"{_short(read.text)}": {read.why}', about.row.number)
        elif read.share is None:
            place = (about.scope.name, about.row.number)
            yield line_of(read, place, about.scope.section, about.label, about.scope.environments, "other")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
