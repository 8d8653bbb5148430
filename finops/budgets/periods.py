"""The stretch of the calendar a budget is for: which one holds a day, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from finops.report.windows import Window

_DAY = timedelta(days=1)


def window_of(period: str, day: date) -> Window:
    """The day, week (from Monday), month, quarter or year that holds `day`; of an hour its day."""
    return _WINDOWS[period](day)


def _months(day: date, count: int) -> Window:
    """The run of `count` months that holds the day; runs begin with January."""
    first = (day.month - 1) // count * count
    end = first + count
    return Window(date(day.year, first + 1, 1), date(day.year + end // 12, end % 12 + 1, 1))


def _week(day: date) -> Window:
    monday = day - _DAY * day.weekday()
    return Window(monday, monday + 7 * _DAY)


_WINDOWS: dict[str, Callable[[date], Window]] = {
    "hour": lambda day: Window(day, day + _DAY),
    "day": lambda day: Window(day, day + _DAY),
    "week": _week,
    "month": lambda day: _months(day, 1),
    "quarter": lambda day: _months(day, 3),
    "year": lambda day: _months(day, 12),
}
