"""The month so far, held against the same days of the month before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from finops.report.days import Day
from finops.report.windows import Reach, Window, month_before, month_start

_ZERO = Decimal(0)
_SCALE = Decimal("1e-10")


@dataclass(frozen=True)
class Sums:
    """The cost of the days of one window, charges of at most a day apart from longer ones."""

    window: Window
    daily: Decimal
    longer: Decimal
    open_days: tuple[Day, ...]
    """The days of the window that are not complete."""

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.daily + self.longer

    @property
    def per_day(self) -> Decimal:
        """The mean of a day's daily charges at 10 decimals; 0 for a window without a day."""
        return (self.daily / self.window.length).quantize(_SCALE) if self.window.length else _ZERO


@dataclass(frozen=True)
class MonthToDate:
    """The calendar month in which the data end.

    `complete` ends with its last complete day, `same_days` are those days of the month before: None where
    there is no complete day yet, or no such day before. `before` is the whole month before, if it is covered.
    """

    so_far: Sums
    complete: Sums | None
    same_days: Sums | None
    before: Sums | None

    @property
    def change(self) -> Decimal | None:
        """Daily charges of the complete days less those of the same days before."""
        if self.complete is None or self.same_days is None:
            return None
        return self.complete.daily - self.same_days.daily


def sums(days: Sequence[Day], window: Window) -> Sums:
    """The days of a window added up."""
    inside = [day for day in days if day.day in window]
    return Sums(
        window,
        sum((day.daily for day in inside), _ZERO),
        sum((day.longer for day in inside), _ZERO),
        tuple(day for day in inside if day.gap),
    )


def month_to_date(days: Sequence[Day], reach: Reach) -> MonthToDate:
    """The month of the last day in reach. `days` has every day in reach."""
    first = month_start(reach.days.last)
    so_far = Window(max(first, reach.days.start), reach.days.end)
    before = month_before(first)
    complete = _complete(days, so_far)
    same = _same_days(complete, before) if complete and so_far.start == first else None
    return MonthToDate(
        sums(days, so_far),
        sums(days, complete) if complete else None,
        sums(days, same) if same and reach.covers(same) else None,
        sums(days, before) if reach.covers(before) else None,
    )


def _complete(days: Sequence[Day], month: Window) -> Window | None:
    """From the first day of the month so far to its last complete one."""
    complete = [day.day for day in days if day.day in month and not day.gap]
    return Window(month.start, max(complete) + timedelta(days=1)) if complete else None


def _same_days(days: Window, month: Window) -> Window | None:
    """The same days of another month; None where it is too short to have them all."""
    end = month.start + timedelta(days=days.length)
    return Window(month.start, end) if end <= month.end else None
