"""Budgets held against a bill: a pure function, whose answer is never a pass where nothing could be checked.

A budget is evaluated in the period that holds the last complete day. Cost only grows until a day is complete, so what
is over is over whatever else is missing; all else is `could_not_check` where days are missing or the data are stale.
Budgets for an hour or a day are held against each hour or day of the last seven complete days: the farthest over is
the one that is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

from finops.budgets.bill import SHORT_DAYS, Bill, Part, Spent, part_of, reference_of
from finops.budgets.periods import window_of
from finops.config.settings import Budget
from finops.report.windows import Window
from finops.variance.actuals import HISTORY_DAYS, Actual, Month, add_up

Class = Literal["over", "forecast_over", "alert", "within", "could_not_check"]
CLASSES: tuple[Class, ...] = ("over", "forecast_over", "alert", "within", "could_not_check")
SHORT_PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_DAY = timedelta(days=1)
_PERCENT = Decimal("0.0001")


@dataclass(frozen=True)
class Result:
    """What became of one budget. Money is in the currency of the bill, percent is of the limit, 0-100 and more.

    `limit` is for the whole period and `limit_to_date` its part of the complete days; of a share, the share of what
    the other environment is forecast to cost and has cost. `used` is the actual in percent of `limit`, for a share of
    `limit_to_date`. What is None could not be told; `detail` says why, or what else there is to know.
    """

    budget: Budget
    metric: str
    kind: Class
    detail: str = ""
    start: date | datetime | None = None
    end: date | datetime | None = None
    limit: Decimal | None = None
    limit_to_date: Decimal | None = None
    actual: Decimal | None = None
    forecast: Decimal | None = None
    forecast_p10: Decimal | None = None
    forecast_p90: Decimal | None = None
    used: Decimal | None = None
    forecast_used: Decimal | None = None
    alert_reached: Decimal | None = None
    next_alert: Decimal | None = None
    forecast_alert_reached: Decimal | None = None
    complete_through: date | None = None


def evaluate_budgets(
    budgets: Sequence[Budget], bill: Bill | str, metric: str = "amortized", stale: str | None = None
) -> list[Result]:
    """One result per budget, in their order. `metric` counts the cost where a budget names none of its own.

    `bill` is the reason in words where there is none at all. `stale` says that the data are too old to be trusted:
    then nothing but what is over has been checked.
    """
    if isinstance(bill, str):
        return [Result(one, one.metric or metric, "could_not_check", bill) for one in budgets]
    found = (_evaluate(one, bill, metric) for one in budgets)
    return [_doubted(one, stale) if stale else one for one in found]


def _evaluate(budget: Budget, bill: Bill, metric: str) -> Result:
    result = Result(budget, budget.metric or metric, "could_not_check", complete_through=bill.through)
    spent, reason = _spent(bill, part_of(budget, metric))
    reference = reference_of(budget, metric)
    other, why = _spent(bill, reference) if reference else (None, "")
    if spent is None or (reference and other is None):
        return replace(result, detail=reason or why)
    if budget.period in SHORT_PERIODS:
        return _short(result, bill, spent, other)
    window = window_of(budget.period, bill.through)
    found = _measured(replace(result, start=window.start, end=window.end), bill, window, spent, other)
    lacking = bill.lacking(window)
    return _doubted(found, lacking) if lacking else found


def _spent(bill: Bill, part: Part) -> tuple[Spent | None, str]:
    found = bill.parts.get(part, f"{part.words} was not read")
    if isinstance(found, str):
        return None, found
    return (None, f"nothing that is loaded is {part.words}") if found.nothing else (found, "")


def _doubted(result: Result, reason: str) -> Result:
    """The result where something is missing: its figures stay, and what is over is."""
    detail = "; ".join(filter(None, (reason, result.detail)))
    return replace(result, kind="over" if result.kind == "over" else "could_not_check", detail=detail)


def _measured(result: Result, bill: Bill, window: Window, spent: Spent, other: Spent | None) -> Result:
    month = _known(bill, window)
    actual = add_up([spent.charges], month)
    limit, to_date, against = _limits(result.budget, month, add_up([other.charges], month) if other else None)
    return classed(
        replace(
            result,
            limit=limit,
            limit_to_date=to_date,
            actual=actual.to_date,
            forecast=actual.end.expected,
            forecast_p10=actual.end.p10,
            forecast_p90=actual.end.p90,
            used=percent(actual.to_date, against),
            forecast_used=percent(actual.end.expected, limit),
        ),
        against,
    )


def _known(bill: Bill, window: Window) -> Month:
    end = min(window.end, bill.through + _DAY)
    history = max(bill.first, end - HISTORY_DAYS * _DAY)
    return Month(window, Window(max(window.start, min(bill.first, bill.through)), end), Window(history, end))


def _limits(budget: Budget, month: Month, other: Actual | None) -> tuple[Decimal, Decimal, Decimal]:
    """The limit of the period, of its known days, and the one that the actual is held against."""
    if budget.amount is not None or other is None:
        limit = budget.amount or _ZERO
        return limit, limit * Decimal((month.known.end - month.whole.start).days) / month.whole.length, limit
    part = (budget.share or _ZERO) / _HUNDRED
    return other.end.expected * part, other.to_date * part, other.to_date * part


def classed(result: Result, against: Decimal) -> Result:
    """The result with its class and the steps that are reached; `against` is what the actual may be."""
    budget, actual, limit = result.budget, result.actual or _ZERO, result.limit or _ZERO
    expected = actual if result.forecast is None else result.forecast
    reached = [step for step in budget.alert if actual > 0 and actual >= step * against]
    ahead = [step for step in budget.forecast_alert if result.forecast and expected > 0 and expected >= step * limit]
    left = [step for step in budget.alert if step not in reached]
    kind: Class = "alert" if reached or ahead else "within"
    if actual > against:
        kind = "over"
    elif expected > limit:
        kind = "forecast_over"
    return replace(
        result,
        kind=kind,
        alert_reached=_step(reached[-1:]),
        next_alert=_step(left[:1]),
        forecast_alert_reached=_step(ahead[-1:]),
    )


def _step(steps: Sequence[Decimal]) -> Decimal | None:
    return steps[0] * _HUNDRED if steps else None


def percent(value: Decimal, of: Decimal) -> Decimal | None:
    """The value in percent, rounded down to 4 decimals so that nearly all is not all; None of nothing."""
    return (value / of * _HUNDRED).quantize(_PERCENT, ROUND_FLOOR) if of > 0 else None


def _short(result: Result, bill: Bill, spent: Spent, other: Spent | None) -> Result:
    """The hour or day of the last complete days that is farthest over, or nearest to it."""
    budget, length = result.budget, SHORT_PERIODS[result.budget.period]
    days = bill.newest_days(SHORT_DAYS)
    mine = _by_start(spent, days, budget.period)
    theirs = _by_start(other, days, budget.period) if other else {}
    part = (budget.share or _ZERO) / _HUNDRED
    limits = {start: theirs.get(start, _ZERO) * part if other else budget.amount or _ZERO for start in mine}
    at = max(mine, key=lambda start: (mine[start] - limits[start], mine[start], start))
    over = sum(1 for start in mine if mine[start] > limits[start])
    active = sum(1 for cost in mine.values() if cost > 0)
    found = classed(
        replace(
            result,
            start=at,
            end=at + length,
            limit=limits[at],
            limit_to_date=limits[at],
            actual=mine[at],
            used=percent(mine[at], limits[at]),
            detail=_told(over, active, budget.period, spent.in_no_hour),
        ),
        limits[at],
    )
    lacking = bill.lacking(Window(bill.through - (SHORT_DAYS - 1) * _DAY, bill.through + _DAY))
    return _doubted(found, lacking) if lacking else found


def _told(over: int, active: int, period: str, in_no_hour: Decimal) -> str:
    of = f"{active:,} {period}s with cost in the last {SHORT_DAYS} days"
    told = f"{over:,} of {of} over, this one the most" if over else f"none of {of} over, this one is nearest"
    return f"{told}; {in_no_hour:,.2f} charged for longer is in no {period}" if in_no_hour else told


def _by_start(spent: Spent, days: Window, period: str) -> Mapping[Any, Decimal]:
    """The cost of every hour or day of the days, from its start; those without a charge are there too, at 0."""
    if period == "day":
        daily, longer = spent.charges.daily, spent.charges.longer
        return {day: daily.get(day, _ZERO) + longer.get(day, _ZERO) for day in days.days()}
    starts = (datetime.combine(day, time(hour), UTC) for day in days.days() for hour in range(24))
    return {start: spent.hours.get(start, _ZERO) for start in starts}


def failing(results: Iterable[Result], kinds: Sequence[Class] = ("over",)) -> list[Result]:
    """The results of these classes: what a gate fails for."""
    return [one for one in results if one.kind in kinds]


def staleness(as_of: datetime | None, now: datetime, max_hours: Decimal) -> str | None:
    """Why data whose newest charge ends at `as_of` are too old at `now`; None when they are not. Both are UTC."""
    if as_of is None:
        return "no charge is of a single day, so nobody can tell how old the data are"
    if now - as_of <= timedelta(seconds=int(max_hours * 3600)):
        return None
    hours = -int(-(now - as_of) // timedelta(hours=1))
    return f"stale: the newest charge ends {as_of:%Y-%m-%d %H:%M} UTC, {hours:,} h ago (limit {max_hours} h)"
