"""Cost per unit of a measure over some days: a pure function that never takes a missing day for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from finops.config.settings import UnitMetric

Class = Literal["over", "within", "could_not_check"]
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_DAY = timedelta(days=1)
_NAMED = 3


@dataclass(frozen=True)
class UnitCost:
    """Cost, value and cost per unit of the same days. `share` is cost in percent of money, None of other measures.

    What is None cannot be told; `detail` says why. `kind` is None where no target is set and nothing is missing.
    """

    cost: Decimal
    value: Decimal | None
    unit_cost: Decimal | None
    share: Decimal | None
    target: Decimal | None
    kind: Class | None
    detail: str = ""


def evaluate_unit(
    metric: UnitMetric, cost: Decimal, values: Mapping[date, Decimal], days: Sequence[date], judged: bool = True
) -> UnitCost:
    """What a unit costs where `cost` is that of `days` (UTC). Every one of the days needs a value.

    The target is the most a unit may cost, of money the most cost may be of it in percent. Only what is `judged` has a
    target: it is one for all cost of the measure.
    """
    target = metric.target if judged else None
    missing = [day for day in days if day not in values]
    if missing or not days:
        told = f"no {metric.name} for {spans(missing)}" if days else "no day is complete"
        return UnitCost(cost, None, None, None, target, "could_not_check", told)
    value = sum((values[day] for day in days), _ZERO)
    if value <= 0:
        return UnitCost(
            cost, value, None, None, target, "could_not_check", f"{metric.name} is {value}: no unit to divide by"
        )
    share = cost * _HUNDRED / value if metric.currency else None
    held = cost / value if share is None else share
    kind: Class | None = None if target is None else "over" if held > target else "within"
    return UnitCost(cost, value, cost / value, share, target, kind)


def spans(days: Sequence[date]) -> str:
    """Days as their first runs: 2026-10-03, 2026-10-07 to 2026-10-09 and 4 more days."""
    runs = list(_runs(days))
    said = [f"{first}" if first == last else f"{first} to {last}" for first, last in runs[:_NAMED]]
    left = sum((last - first).days + 1 for first, last in runs[_NAMED:])
    return ", ".join(said) + (f" and {left} more day{'' if left == 1 else 's'}" if left else "")


def _runs(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    first = last = None
    for day in sorted(days):
        if last is None or day != last + _DAY:
            if first is not None and last is not None:
                yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last
