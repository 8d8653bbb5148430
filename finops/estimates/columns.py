"""Which columns of a table hold costs, and which of several count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from finops.estimates.amounts import currency_in
from finops.estimates.blocks import Table
from finops.estimates.environments import Words, environments_in
from finops.estimates.kinds import alternative_in, is_cost_only, speaks_of_cost
from finops.estimates.units import unit_in

_FIGURE = re.compile(r"^[~\u2248<>\u2264\u2265\s-]*(?:[A-Z]{1,3}\s?)?[$€£¥₹฿₩]\s?\d|^\W*[\d.,]+\s?(?:[A-Z]{3}\b|[€£])")
_NUMBER = re.compile(r"^[~\u2248<>\u2264\u2265\s-]*[\d.,]*\d(?:\s*[-\u2013]\s*[\d.,]*\d)?(?:\s*/\s*\w+)?$")
_UNIT_PRICE = re.compile(
    r"\bunit\b|\brate\b|\bper (?!hour|day|month|year)\w|\bhourly\b|/\s?(?:hour|hr|gb|unit)\b", re.I
)
_LOW, _HIGH = (
    re.compile(r"\b(?:low|min|minimum|lower)\b", re.I),
    re.compile(r"\b(?:high|max|maximum|upper|peak)\b", re.I),
)
_ENVIRONMENT = re.compile(r"\s*(?:environments?|env|stage)\s*", re.IGNORECASE)
_LOOKED_AT = 50

Role = Literal["cost", "low", "high", "beside", "unit price"]


@dataclass(frozen=True)
class Column:
    """A column of costs: how far it counts, and what its header says of unit, currency and environment."""

    at: int
    header: str
    role: Role
    unit: str | None
    currency: str | None
    environments: tuple[str, ...]
    bare: bool
    """Whether its numbers are costs without a sign of a currency."""


def cost_columns(table: Table, words: Words) -> list[Column]:
    """The columns that hold costs. Of several for the same cost one counts (`cost`); `low` and `high` are a pair."""
    headers = table.header.cells
    found = [_column(at, header, words) for at, header in enumerate(headers) if _holds_costs(table, at)]
    # Where headers say which columns are costs, a figure in another one is part of a description.
    found = [one for one in found if _says_so(one)] or found
    ends = [[one for one in found if pattern.search(one.header)] for pattern in (_LOW, _HIGH)]
    if len(ends[0]) == len(ends[1]) == 1:
        low, high = ends[0][0].at, ends[1][0].at
        roles: dict[int, Role] = {low: "low", high: "high"}
        return [replace(one, role=roles.get(one.at, "beside")) for one in found]
    if any(one.environments for one in found):
        return [replace(one, role="cost" if one.environments else "beside") for one in found]
    candidates = [one for one in found if not _UNIT_PRICE.search(one.header)] or found[:1]
    chosen = next((one for one in candidates if one.unit == "month"), candidates[0] if candidates else None)
    return [replace(one, role=_role(one, chosen, candidates)) for one in found]


def environment_column(table: Table) -> int | None:
    """The column that names the environment of each row, if there is one."""
    return next((at for at, header in enumerate(table.header.cells) if _ENVIRONMENT.fullmatch(header)), None)


def label_columns(table: Table, columns: Sequence[Column]) -> list[int]:
    """The columns of words, in order; the first that is filled names a row."""
    taken = {one.at for one in columns}
    words = [at for at in range(len(table.header.cells)) if at not in taken]
    return [at for at in words if at != environment_column(table)] or words


def is_alternative(column: Column) -> bool:
    """Whether a column beside the counted one is another way to run the same thing."""
    return column.role == "beside" and alternative_in(column.header) is not None


def _says_so(one: Column) -> bool:
    return bool(one.bare or one.unit or one.environments or _LOW.search(one.header) or _HIGH.search(one.header))


def _role(one: Column, chosen: Column | None, candidates: Sequence[Column]) -> Role:
    if one is chosen:
        return "cost"
    return "beside" if one in candidates else "unit price"


def _column(at: int, header: str, words: Words) -> Column:
    bare = speaks_of_cost(header) or currency_in(header) is not None
    return Column(at, header, "beside", unit_in(header), currency_in(header), environments_in(header, words), bare)


def _holds_costs(table: Table, at: int) -> bool:
    header = table.header.cells[at]
    cells = [row.cells[at] for row in table.rows if row.cells[at]][:_LOOKED_AT]
    if is_cost_only(header) and at:
        return True
    marked = sum(bool(_FIGURE.match(cell)) for cell in cells)
    bare = sum(bool(_NUMBER.match(cell)) for cell in cells)
    says_cost = speaks_of_cost(header) or currency_in(header) is not None
    return bool(cells) and (
        2 * marked >= len(cells) or (says_cost and marked + bare > 0 and 2 * (marked + bare) >= len(cells))
    )
