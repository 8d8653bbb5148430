"""Holding one window against those before it: totals, and the same by any key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from finops.dimensions import Dimension, needed_joins
from finops.report.windows import Window

if TYPE_CHECKING:
    from finops.reader import Ledger

Status = Literal["new", "gone", "both"]

_ZERO = Decimal(0)
_SCALE = Decimal("1e-10")


@dataclass(frozen=True)
class Compared:
    """One key's cost in the last window and in each one before it (newest first)."""

    key: str
    now: Decimal
    before: tuple[Decimal, ...] = ()
    status: Status = "both"

    @property
    def mean(self) -> Decimal | None:
        """The mean of the windows before, at the ledger's 10 decimals; None without any."""
        return mean(self.before)

    @property
    def change(self) -> Decimal | None:
        """Now less the mean before; None where there is nothing to compare with."""
        before = self.mean
        return None if before is None else self.now - before

    @property
    def percent(self) -> Decimal | None:
        """The change in percent of the mean before; None where that is zero or missing."""
        before, change = self.mean, self.change
        return change / abs(before) * 100 if before and change is not None else None


@dataclass(frozen=True)
class Ranking:
    """The keys that matter most, and all others added up, so that the rows still make the total."""

    dimension: str
    rows: tuple[Compared, ...]
    rest: Compared | None
    rest_count: int
    total: Compared

    def with_rows(self, more: Sequence[Compared]) -> Ranking:
        """The same with further rows of their own behind those that are shown."""
        return replace(self, rows=(*self.rows, *more), total=added([self.total, *more]))


def mean(costs: Sequence[Decimal]) -> Decimal | None:
    """The arithmetic mean, rounded half-even to 10 decimals; None of nothing."""
    return (sum(costs, _ZERO) / len(costs)).quantize(_SCALE) if costs else None


def added(rows: Sequence[Compared]) -> Compared:
    """Several rows as one without a key, window by window."""
    before = zip_longest(*(row.before for row in rows), fillvalue=_ZERO)
    return Compared("", sum((row.now for row in rows), _ZERO), tuple(sum(costs, _ZERO) for costs in before))


def rank(dimension: str, rows: Sequence[Compared], by: Callable[[Compared], Decimal], top: int) -> Ranking:
    """The `top` rows with the largest `by`; the others added up. Ties are settled by the key."""
    ordered = sorted(rows, key=lambda row: (-by(row), row.key))
    shown, others = ordered[:top], ordered[top:]
    return Ranking(dimension, tuple(shown), added(others) if others else None, len(others), added(rows))


def compare(
    ledger: Ledger,
    by: Dimension,
    windows: Sequence[Window],
    *,
    longer: bool = False,
    expression: str | None = None,
) -> list[Compared]:
    """Cost by a dimension of daily_cost in each window, the last window first.

    Lines longer than a day are left out unless `longer`: they start on one day and belong to many.
    `expression` is SQL over `facts` and the dimension's join `j0`, where the value itself is not the key.
    """
    sql, params = compare_sql(ledger, by, windows, longer=longer, expression=expression)
    return [_compared(row, len(windows)) for row in ledger.over(by).rows(sql, params)]


def compare_sql(
    ledger: Ledger,
    by: Dimension,
    windows: Sequence[Window],
    *,
    longer: bool = False,
    expression: str | None = None,
) -> tuple[str, tuple[Any, ...]]:
    """The query of `compare` and its parameters."""
    joins = needed_joins([by])
    sql = _COMPARE.format(
        key=expression or by.expression(0),
        columns=",\n    ".join(_columns(ledger.cost, n, window) for n, window in enumerate(windows)),
        joins=joins.sql,
        start=min(window.start for window in windows),
        end=max(window.end for window in windows),
        scope="true" if longer else "not facts.x_is_long",
    )
    return sql, tuple(joins.params)


def _columns(cost: str, n: int, window: Window) -> str:
    inside = f"filter (where charge_day >= date '{window.start}' and charge_day < date '{window.end}')"
    return f"coalesce(sum(facts.{cost}) {inside}, 0) as cost_{n}, count(*) {inside} as lines_{n}"


def _compared(row: dict[str, Any], count: int) -> Compared:
    costs = [Decimal(row[f"cost_{n}"]) for n in range(count)]
    return Compared(row["key"], costs[0], tuple(costs[1:]), _status(row, count))


def _status(row: dict[str, Any], count: int) -> Status:
    if count > 1 and not any(row[f"lines_{n}"] for n in range(1, count)):
        return "new"
    return "both" if row["lines_0"] else "gone"


_COMPARE = """
select
    {key} as key,
    {columns}
from daily_cost as facts
{joins}
where {scope} and charge_day >= date '{start}' and charge_day < date '{end}'
group by 1
"""
