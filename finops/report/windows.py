"""The stretches of time a report speaks of: whole weeks or months, always half-open, always UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Cadence = Literal["weekly", "monthly"]

# How many windows before the last one it is held against.
WINDOWS_BEFORE: dict[Cadence, int] = {"weekly": 4, "monthly": 3}

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date

    @property
    def last(self) -> date:
        """The last day inside the window."""
        return self.end - _DAY

    @property
    def length(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end

    def days(self) -> Iterator[date]:
        """Every day of the window, in order."""
        return (self.start + _DAY * n for n in range(self.length))


@dataclass(frozen=True)
class Reach:
    """How far the data reach: the days they cover and the billing periods (YYYY-MM) that are loaded.

    `ended` is the last midnight they have passed: the end of `days`, unless their newest day is not over yet.
    """

    days: Window
    ended: date
    months: frozenset[str]

    def covers(self, window: Window) -> bool:
        """Whether all of a window is in the data.

        A day inside a month that is not loaded has no data, which is not the same as no cost.
        """
        inside = self.days.start <= window.start and window.end <= self.ended
        return inside and {f"{day:%Y-%m}" for day in (window.start, window.last)} <= self.months


def whole_windows(cadence: Cadence, reach: Reach) -> list[Window]:
    """The whole weeks (Monday to Sunday) or calendar months in the data, newest first.

    At most the last one and those it is held against. The list ends at the first window that the data do
    not cover, so the windows are always neighbours.
    """
    found: list[Window] = []
    window = _newest(cadence, reach.ended)
    while len(found) <= WINDOWS_BEFORE[cadence] and reach.covers(window):
        found.append(window)
        window = _newest(cadence, window.start)
    return found


def month_start(day: date) -> date:
    """The first day of the calendar month of a day."""
    return day.replace(day=1)


def month_before(day: date) -> Window:
    """The calendar month before the month of a day."""
    end = month_start(day)
    return Window(month_start(end - _DAY), end)


def _newest(cadence: Cadence, end: date) -> Window:
    """The newest week or month that is over when `end` begins."""
    if cadence == "monthly":
        return month_before(end)
    monday = end - timedelta(days=end.weekday())
    return Window(monday - timedelta(weeks=1), monday)
