"""Cost to the end of a month, from complete days: a weekday profile, a level, and what the past says of its errors.

Method. Each day is divided by the profile of its weekday (the mean of that weekday over the mean of all days, over
the last eight weeks; flat before two whole weeks are known). The level is the mean of the last seven days so
adjusted. The remaining days are level times profile. For the spread 400 paths are drawn, with a fixed seed. In each
further week of a path the level either goes back to that of some past week (one time in `_RETURNS`), or moves by a
ratio: one that neighbouring weeks of the past have had, either way, or one of `_JUMPS`, because things start and stop
that never did before. P10 and P90 are quantiles of the paths.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

WEEK = 7
_PROFILE_DAYS = 8 * WEEK
_PATHS = 400
_SEED = 20_260_101
# Changes of level that are possible whatever the past was like; set by replaying bills (make bench).
_JUMPS = (-0.6, -0.4, -0.2, -0.03, 0.03, 0.2, 0.4, 0.6)
_RETURNS = 4
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
    paths = sorted(_paths(level, [sum(week) for week in weeks], _weekly(adjusted)))
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


def _weekly(adjusted: Sequence[float]) -> list[float]:
    """The level of each past week, the newest last."""
    ends = range(len(adjusted), WEEK - 1, -WEEK)
    return [sum(adjusted[end - WEEK : end]) / WEEK for end in ends][::-1]


def _changes(levels: Sequence[float]) -> list[float]:
    """By how much of it the level may change from week to week."""
    past = [min(after / before - 1, 1.0) for before, after in pairwise(levels) if before > 0]
    back = [-change / (1 + change) if change > -1 else 1.0 for change in past]
    return [*past, *back, *_JUMPS]


def _paths(level: float, weeks: Sequence[float], levels: Sequence[float]) -> list[float]:
    """What the days to come may cost; `weeks` are the summed profiles of their weeks."""
    drawn, changes = random.Random(_SEED), _changes(levels)
    found = []
    for _ in range(_PATHS):
        moving, total = level, 0.0
        for share in weeks:
            back = levels and not drawn.randrange(_RETURNS)
            moving = drawn.choice(levels) if back else moving * (1 + drawn.choice(changes))
            total += moving * share
        found.append(total)
    return found


def _exact(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_SCALE)
