"""Cost to the end of a month, from complete days: a weekday profile, a level, and what the past says of its errors.

Method. Each day is divided by the profile of its weekday (the mean of that weekday over the mean of all days, over
the last eight weeks; flat before two whole weeks are known). The level is the mean of the last seven days so
adjusted. The remaining days are level times profile. For the spread 400 paths are drawn, with a fixed seed: the level
of each further week moves by a ratio that neighbouring weeks of the past have had, and the days of each week miss
their sum by what past weeks have missed theirs. P10 and P90 are quantiles of the paths.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

WEEK = 7
_PROFILE_DAYS = 8 * WEEK
_PATHS = 400
_SEED = 20_260_101
# What a level may do in a week where the past is too short, or too calm, to tell.
_LEAST_CHANGE = 0.03
_UNKNOWN_CHANGE = 0.25
_SCALE = Decimal("1e-10")


@dataclass(frozen=True)
class Forecast:
    """Cost of the days to come and the range it will be in with 80 % likelihood, in the currency of the input."""

    expected: Decimal
    p10: Decimal
    p90: Decimal


def forecast(start: date, costs: Sequence[Decimal], until: date) -> Forecast | None:
    """The cost from the day after the last cost up to, not including, `until`.

    `costs` are those of complete days in a row from `start` on, days without cost at 0. None without any. A day to
    come is never below zero unless the level is.
    """
    first = start + timedelta(days=len(costs))
    days = [first + timedelta(days=n) for n in range(max(0, (until - first).days))]
    if not costs:
        return None
    if not days:
        return Forecast(Decimal(0), Decimal(0), Decimal(0))
    values = [float(cost) for cost in costs]
    profile = _profile(start, values)
    adjusted = _adjusted(start, values, profile)
    level = sum(adjusted[-WEEK:]) / len(adjusted[-WEEK:])
    weeks = [[profile[day.weekday()] for day in days[at : at + WEEK]] for at in range(0, len(days), WEEK)]
    expected = level * sum(map(sum, weeks))
    paths = sorted(_paths(level, [sum(week) for week in weeks], _changes(adjusted)))
    low, high = paths[_PATHS // 10], paths[_PATHS - 1 - _PATHS // 10]
    return Forecast(_exact(expected), _exact(min(low, expected)), _exact(max(high, expected)))


def _profile(start: date, values: Sequence[float]) -> list[float]:
    recent = values[-_PROFILE_DAYS:]
    offset = len(values) - len(recent)
    mean = sum(recent) / len(recent)
    if len(recent) < 2 * WEEK or mean <= 0:
        return [1.0] * WEEK
    by_weekday: list[list[float]] = [[] for _ in range(WEEK)]
    for n, value in enumerate(recent):
        by_weekday[(start + timedelta(days=offset + n)).weekday()].append(value)
    shares = [max(0.05, sum(days) / len(days) / mean) for days in by_weekday]
    scale = WEEK / sum(shares)
    return [share * scale for share in shares]


def _adjusted(start: date, values: Sequence[float], profile: Sequence[float]) -> list[float]:
    recent = values[-_PROFILE_DAYS:]
    offset = len(values) - len(recent)
    return [value / profile[(start + timedelta(days=offset + n)).weekday()] for n, value in enumerate(recent)]


def _changes(adjusted: Sequence[float]) -> list[float]:
    """By how much of it the level has changed from week to week, both ways; never calmer than `_LEAST_CHANGE`."""
    ends = range(len(adjusted), WEEK - 1, -WEEK)
    levels = [sum(adjusted[end - WEEK : end]) / WEEK for end in ends][::-1]
    found = [after / before - 1 for before, after in zip(levels, levels[1:], strict=False) if before > 0]
    found = [min(change, 1.0) for change in found]
    if len(found) < 2:
        found += [_UNKNOWN_CHANGE, -_UNKNOWN_CHANGE]
    return [
        *found,
        *(-change / (1 + change) if change > -1 else 1.0 for change in found),
        _LEAST_CHANGE,
        -_LEAST_CHANGE,
    ]


def _paths(level: float, weeks: Sequence[float], changes: Sequence[float]) -> list[float]:
    drawn = random.Random(_SEED)
    found = []
    for _ in range(_PATHS):
        moving, total = level, 0.0
        for share in weeks:
            # The level moves on average half a week's step before the middle of the week, and a step each week after.
            moving *= 1 + drawn.choice(changes)
            total += moving * share
        found.append(total)
    return found


def _exact(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_SCALE)
