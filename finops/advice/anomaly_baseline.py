"""The ordinary cost of a day, told from the days before it: level, growth, profile of the weekday, spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

WEEK = 7
FORTNIGHT = 14
MEMORY = 56
_MAD = 1.4826
# Of the level: nobody asks about less.
LEAST_SPREAD = 0.05
# Half a percent a day, sixteen a month, is as fast as a business grows for long.
_MOST_GROWTH = 0.07
# A series without cost on more of its days than this has no level to speak of.
_OFTEN_NOTHING = 0.05
_LEAST_PROFILE = 0.05
# What stood out by this much of the level, with nothing like it four days before and after, is of the calendar.
_STOOD_OUT = 0.15


@dataclass
class Past:
    """What is known of every series up to the day that is judged. Rows are series, columns days."""

    costs: Array
    complete: Array
    """Which days are all there."""
    least_spread: float
    """In units of currency."""
    clean: Array
    """The cost that the baseline learns from: within events what was expected instead."""
    seen: Array
    """The cost as it was; what was expected on days that are not all there."""
    ratio: Array
    """What was seen over the mean of the seven days up to it."""
    profile: Array
    """What the weekday of the day costs, 1 being the level."""
    even: Array
    """The clean cost with the weekdays taken out."""
    off: Array
    """By how much of level times profile the day was off it, whatever came of that."""
    surprise: Array
    """By how much of the expected cost the day was off it; 0 within events."""
    deviation: Array
    """Its absolute value; within events what is usual."""
    expected: Array
    level: Array

    @classmethod
    def of(cls, costs: Array, complete: Array, least_spread: float) -> Past:
        """Nothing is known yet but the costs, of which each day is read when its turn comes."""
        import numpy as np

        clean, seen, ratio, even, off, surprise, deviation, expected, level = (np.zeros(costs.shape) for _ in range(9))
        profile = np.ones(costs.shape)
        return cls(
            costs, complete, least_spread, clean, seen, ratio, profile, even, off, surprise, deviation, expected, level
        )


@dataclass(frozen=True)
class Ordinary:
    """The baseline of one day, a number per series: `expected` is `level` times `profile` times `monthly`.

    `highest` is the most by which a day went beyond what was expected without being an event, `lowest` the third lowest
    cost of the last fortnight. `scarce` series cost nothing on many days.
    """

    level: Array
    profile: Array
    monthly: Array
    expected: Array
    spread: Array
    highest: Array
    lowest: Array
    scarce: Array


def medians(rows: Array) -> Array:
    """The median of each row; sorting short rows whole is several times as fast as numpy's own."""
    import numpy as np

    ordered, last = np.sort(rows, axis=1), rows.shape[1] - 1
    return np.asarray((ordered[:, last // 2] + ordered[:, (last + 1) // 2]) / 2)


def ordinary(past: Past, at: int, calendar: Sequence[int], born: Array) -> Ordinary:
    """The baseline of day `at` from the days before it.

    `calendar` are days that had the same place in a month, `born` the first day that counts of each series.
    """
    import numpy as np

    since = slice(max(WEEK if at > 2 * WEEK else 0, at - MEMORY), at)
    level, profile, monthly = _level(past, at), _profile(past, at), _monthly(past, at, calendar)
    expected = level * profile * monthly
    spread = np.maximum(_MAD * medians(past.deviation[:, since]), LEAST_SPREAD) * expected
    return Ordinary(
        level=level,
        profile=profile,
        monthly=monthly,
        expected=expected,
        spread=np.maximum(spread, past.least_spread),
        highest=_highest(past, at, since, expected),
        lowest=np.sort(past.clean[:, max(0, at - FORTNIGHT) : at], axis=1)[:, 2],
        scarce=_scarce(past, at, born),
    )


def begin(past: Past, at: int) -> None:
    """Take in a day before anything is judged: it is learned from as it is; a day without cost as the median so far."""
    import numpy as np

    cost = past.costs[:, at]
    if at:
        cost = np.where(cost > 0, cost, medians(past.seen[:, max(0, at - WEEK) : at]))
    for known in (past.clean, past.seen, past.even, past.expected, past.level):
        known[:, at] = cost
    past.ratio[:, at] = _ratio(past, at)
    past.deviation[:, at] = np.abs(past.ratio[:, at] - 1)


def learn(past: Past, at: int, clean: Array, baseline: Ordinary, usual: Array) -> None:
    """Take day `at` into the past: `clean` is what to learn from, `usual` which series had nothing unusual."""
    import numpy as np

    # what the calendar led to expect is taken out only where it came
    came = np.abs(clean - baseline.expected) <= np.abs(clean - baseline.expected / baseline.monthly)
    clean = np.where(came, clean / baseline.monthly, clean)
    past.clean[:, at] = past.seen[:, at] = clean
    past.expected[:, at] = baseline.expected
    past.level[:, at] = baseline.level
    past.profile[:, at] = baseline.profile
    past.even[:, at] = clean / baseline.profile
    past.ratio[:, at] = _ratio(past, at)
    known = baseline.expected > 0
    divisor = np.where(known, baseline.expected, 1)
    surprise = np.where(known, past.costs[:, at] / divisor - 1, 0)
    past.off[:, at] = (1 + surprise) * baseline.monthly - 1
    past.surprise[:, at] = np.where(usual, surprise, 0)
    past.deviation[:, at] = np.where(usual, np.abs(surprise), baseline.spread / divisor / _MAD)


def _ratio(past: Past, at: int) -> Array:
    import numpy as np

    week = past.seen[:, max(0, at - WEEK + 1) : at + 1].mean(axis=1)
    return np.where(week > 0, past.seen[:, at] / np.where(week > 0, week, 1), 1)


def _highest(past: Past, at: int, since: slice, expected: Array) -> Array:
    """The largest surprise so far; while weekdays are not told apart, the dearest day."""
    import numpy as np

    if at < 3 * WEEK:
        return np.asarray(np.maximum(0, past.clean[:, :at].max(axis=1) - expected))
    return np.asarray(past.surprise[:, since].max(axis=1) * expected)


def _scarce(past: Past, at: int, born: Array) -> Array:
    import numpy as np

    first = max(0, at - MEMORY)
    alive = (np.arange(first, at) >= born[:, None]) & past.complete[:, first:at]
    nothing = ((past.costs[:, first:at] <= 0) & alive).sum(axis=1)
    days = alive.sum(axis=1)
    return np.asarray((nothing > _OFTEN_NOTHING * days) & (nothing < days))


def _profile(past: Past, at: int) -> Array:
    """The median of the weekday's ratios; flat before two whole weeks are known."""
    import numpy as np

    same = list(range(at - WEEK, max(WEEK - 2, at - MEMORY - 1), -WEEK))
    if len(same) < 2:
        return np.ones(len(past.costs))
    return np.asarray(np.maximum(_LEAST_PROFILE, medians(past.ratio[:, same])))


def _level(past: Past, at: int) -> Array:
    """The level of the last fortnight, moved on by the growth on which the last two fortnights agree."""
    import numpy as np

    fortnights = [
        medians(past.even[:, max(0, end - FORTNIGHT) : end])
        for end in (at, at - FORTNIGHT, at - 2 * FORTNIGHT)
        if end >= FORTNIGHT
    ] or [medians(past.even[:, :at])]
    if len(fortnights) < 3:
        return np.asarray(fortnights[0])
    last, middle, first = (np.maximum(one, 1e-9) for one in fortnights)
    newer, older = last / middle - 1, middle / first - 1
    agreed = np.where(newer * older > 0, np.sign(newer) * np.minimum(np.abs(newer), np.abs(older)), 0)
    growth = np.clip(agreed, -_MOST_GROWTH, _MOST_GROWTH)
    return np.asarray(fortnights[0] * (1 + growth * (FORTNIGHT + 1) / 2 / FORTNIGHT))


def _monthly(past: Past, at: int, calendar: Sequence[int]) -> Array:
    """By how much days of the same place in a month stood out alone, of what their level and weekday explain."""
    import numpy as np

    found = np.ones(len(past.costs))
    for day in calendar:
        if day < WEEK + 4 or day + 4 >= at:
            continue
        around = np.maximum(np.maximum(past.off[:, day - 4], past.off[:, day + 4]), 0)
        alone = (past.off[:, day] - around > _STOOD_OUT) & (around < 0.5 * past.off[:, day])
        found = np.where(alone, np.maximum(found, 1 + past.off[:, day]), found)
    return found
