"""What makes a day stand out: alone, summed with the days before it, as part of a slope, or by being gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from finops.advice.anomaly_baseline import FORTNIGHT, Ordinary, Past, medians

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array
    from finops.advice.anomaly_events import Watch

Sign = Literal["spike", "sum", "slope", "drop"]

# CUSUM (Page 1954): what a day adds beyond this many spreads, at most so many a day, up to a multiple of the threshold.
_SLACK = 1.0
_MOST_A_DAY = 4.0
_SUM = 4.0
# Beyond the largest surprise of eight weeks by so much.
_BEYOND = 1.5
# Least squares over these days; days of a bill are alike from one to the next, hence the wider error.
_WINDOWS = (10, 14, 21)
_ALIKE = 1.5
_SLOPE_ERRORS = 4.0
# Of the level before, a day. Business grows by a third of it.
_LEAST_SLOPE = 0.015
_EACH_THIRD = 1.02
_GONE = 0.5
_OF_LOWEST = 0.5
# Before weekdays are told apart a day has to be so much of the ordinary above it, and no other sign counts.
_EARLY = 0.6


@dataclass(frozen=True)
class Thresholds:
    """What is worth telling: an event's whole excess in currency, a day's in percent of the ordinary, its rarity."""

    impact: float = 10.0
    percent: float = 20.0
    sigmas: float = 7.0


def signs(
    past: Past, watch: Watch, at: int, found: Ordinary, complete: Array, wanted: Thresholds
) -> dict[Sign, tuple[Array, Array]]:
    """For each sign which series show it on day `at`, and since when."""
    import numpy as np

    cost, today = past.costs[:, at], np.full(len(found.level), at)
    excess = cost - found.expected
    sigmas, share = excess / found.spread, wanted.percent / 100 * found.expected
    needed = np.maximum(np.maximum(wanted.sigmas * found.spread, share), _BEYOND * found.highest)
    early = at < FORTNIGHT
    if early:
        needed = np.maximum(needed, _EARLY * found.expected)
    if not early:
        _sum_up(watch, at, sigmas, complete)
    summed = (watch.cusum > _SUM * wanted.sigmas) & (excess > share / 2) & (sigmas > 1)
    gone = (
        (cost < _GONE * found.expected) & (cost < _OF_LOWEST * found.lowest) & (sigmas < -3) & complete & ~found.scarce
    )
    if early:
        return {"spike": (excess > needed, today)}
    never = past.clean[:, max(0, at - 2 * FORTNIGHT) : at].max(axis=1) <= 0
    return {
        # What was never there has nothing to stand out from: whether it is told is a matter of what it comes to.
        "spike": (np.where(never, cost > 0, excess > needed), today),
        "sum": (summed, watch.since),
        "slope": _slopes(past, watch, at, found, wanted),
        "drop": (gone, today),
    }


def _sum_up(watch: Watch, at: int, sigmas: Array, complete: Array) -> None:
    """Add the day to the sums; one that is not complete can only raise them."""
    import numpy as np

    step = np.clip(sigmas - _SLACK, -_MOST_A_DAY, _MOST_A_DAY)
    watch.since = np.where(watch.cusum == 0, at, watch.since)
    watch.cusum = np.where(complete | (step > 0), np.maximum(0, watch.cusum + step), watch.cusum)


def _slopes(past: Past, watch: Watch, at: int, found: Ordinary, wanted: Thresholds) -> tuple[Array, Array]:
    """Where cost rises by the day, third by third of a window, from the level before; and when that began."""
    import numpy as np

    hit, start = np.zeros(len(found.level), bool), np.full(len(found.level), at)
    for days in _WINDOWS:
        first = at - days + 1
        if first >= 2 * FORTNIGHT:
            climbing = np.flatnonzero(~hit & (first >= watch.closed) & _by_thirds(past.even[:, first : at + 1]))
            steep, since = _steep(past, at, days, climbing, found, wanted)
            hit[climbing[steep]] = True
            start[climbing[steep]] = since[steep]
    return hit, start


def _steep(past: Past, at: int, days: int, series: Array, found: Ordinary, wanted: Thresholds) -> tuple[Array, Array]:
    """Which of `series` rise by more than chance over the last `days`, and where their lines cross the level before."""
    import numpy as np

    first = at - days + 1
    line = np.arange(days) - (days - 1) / 2
    level = medians(past.even[series, first - 2 * FORTNIGHT : first])
    before = np.maximum(level, past.least_spread / 2)
    window = past.even[series, first : at + 1] / before[:, None]
    slope = window @ line / (line @ line)
    spread = found.spread[series] / np.maximum(found.expected[series], 1e-9)
    least = np.maximum(_LEAST_SLOPE, _SLOPE_ERRORS * _ALIKE * spread / np.sqrt(line @ line))
    steep = (level >= before) & (slope > least) & (_last_third(window) > 1 + wanted.percent / 100)
    crossed = (1 - window.mean(axis=1)) / np.maximum(slope, 1e-9) + (days - 1) / 2
    return steep, first + np.clip(crossed, 0, days - 1).astype(int)


def _by_thirds(window: Array) -> Array:
    """Which rows cost more in each third of their days than in the one before."""
    import numpy as np

    third = window.shape[1] // 3
    early, middle = (window[:, -n * third : -(n - 1) * third].mean(axis=1) for n in (3, 2))
    return np.asarray((_last_third(window) > _EACH_THIRD * middle) & (middle > _EACH_THIRD * early))


def _last_third(window: Array) -> Array:
    import numpy as np

    return np.asarray(window[:, -(window.shape[1] // 3) :].mean(axis=1))
