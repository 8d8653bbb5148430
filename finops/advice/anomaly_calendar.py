"""Days that have the same place in a month: what happens at the end of each, or on day 1, is no surprise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

_NEAR_THE_END = 7
_MONTHS = 2
# Tiered prices and included quantities start anew with the month.
_RESET_UNTIL = 12


def same_places(start: date, days: int) -> list[list[int]]:
    """For each day those of the two months before with its number, or as far from their month's end."""
    return [
        sorted({(day - start).days for day in _same_place(start + timedelta(days=n)) if day >= start})
        for n in range(days)
    ]


def a_month_before(start: date, days: int) -> list[int | None]:
    """For each of the first days of a month the same one a month before, None for other days or before the data."""
    return [_a_month_before(start, start + timedelta(days=n)) for n in range(days)]


def _a_month_before(start: date, day: date) -> int | None:
    if day.day > _RESET_UNTIL:
        return None
    before = ((day.replace(day=1) - timedelta(days=1)).replace(day=day.day) - start).days
    return before if before >= 0 else None


def _same_place(day: date) -> Iterator[date]:
    first = day.replace(day=1)
    to_end = ((first + timedelta(days=31)).replace(day=1) - day).days
    for _ in range(_MONTHS):
        end = first
        first = (end - timedelta(days=1)).replace(day=1)
        if day.day <= (end - first).days:
            yield first + timedelta(days=day.day - 1)
        if to_end <= _NEAR_THE_END:
            yield end - timedelta(days=to_end)
