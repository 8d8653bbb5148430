"""Days on which daily cost leaves what its own past explains: causal, robust, for thousands of series at once.

Method. The ordinary cost of a day is a level times the profile of its weekday (the median, over eight weeks, of that
weekday's cost over the mean of the seven days up to it). The level is the median of the last two weeks so adjusted,
moved on by the growth that the two fortnights before agree on, at most half a percent a day. What a day of the month
had alone a month ago (a batch at its end, fees on day 1) is ordinary on that day again. The spread is 1.4826 times the
median absolute deviation of the last eight weeks, at least 5 % of the level and a tenth of what is worth telling.

A day is held against it in three ways: alone (a spike), summed with the days before it (a shift, by a CUSUM after
Page 1954), and as the slope of the last weeks against the level before them (a slow leak). What is found opens an
event, and while it is open neither level nor profile nor spread learn from it. It is raised on the first day on which
all of it is worth telling. It ends when cost is back, or after two weeks on a new level, which is then the ordinary
one. Going back to the level that held before is no event.

What came and went twice in the last eight weeks is a habit, no event.

A day's alarm uses nothing after the day. What was never there before is held against nothing: it is raised by what it
costs alone. Where a series often costs nothing for a day, only the days on which it costs something are judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.advice.anomaly_baseline import Ordinary, Past, begin, learn, ordinary
from finops.advice.anomaly_calendar import a_month_before, same_places
from finops.advice.anomaly_events import Alarm, Watch, finish, follow, hold, open_event
from finops.advice.anomaly_signs import Thresholds, signs

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array

__all__ = ["WARM_UP", "Alarm", "Judged", "Thresholds", "judge"]

WARM_UP = 7
"""Days of data before anything is judged; weekdays are told apart from the third week on."""
# A spread of less than a tenth of what is worth telling is none.
_LEAST_SPREAD = 0.1


@dataclass(frozen=True)
class Judged:
    """The alarms in the order they were raised, and what each day of each series was expected to cost."""

    alarms: tuple[Alarm, ...]
    expected: Array


def judge(costs: Array, start: date, complete: Array, planned: Array, wanted: Thresholds | None = None) -> Judged:
    """Judge every day of every series (rows) by the days before it (columns, from `start` on), in units of currency.

    A day that is not `complete` may be too dear but never too cheap, and nothing is learned from it then. What begins
    on a `planned` day is learned, not told.
    """
    wanted = wanted or Thresholds()
    series, days = costs.shape
    past, watch = Past.of(costs, complete, wanted.impact * _LEAST_SPREAD), Watch.of(series, a_month_before(start, days))
    for at, calendar in enumerate(same_places(start, days)):
        if at < WARM_UP:
            begin(past, at)
        else:
            found = ordinary(past, at, calendar, watch.born)
            _judge_day(past, watch, at, found, complete[:, at], planned[:, at], wanted)
    return Judged(finish(past, watch), past.expected)


def _judge_day(
    past: Past, watch: Watch, at: int, found: Ordinary, complete: Array, planned: Array, wanted: Thresholds
) -> None:
    import numpy as np

    cost = past.costs[:, at]
    hold(past, watch, found)
    busy = _marked(len(cost), list(watch.open))
    unknown = (~complete & (cost < found.expected)) | (found.scarce & (cost <= 0))
    learn(past, at, np.where(unknown, found.expected, cost), found, ~unknown & ~busy)
    for sign, (hits, since) in signs(past, watch, at, found, complete, wanted).items():
        for series in np.flatnonzero(hits & ~busy & ~unknown):
            busy[series] = True
            open_event(past, watch, int(series), at, sign, int(since[series]), bool(planned[series]))
    for event in list(watch.open.values()):
        if unknown[event.series] and (event.rises or not complete[event.series]):
            past.clean[event.series, at] = past.expected[event.series, at]
            past.even[event.series, at] = event.level
        else:
            follow(past, watch, event, at, found, wanted)


def _marked(size: int, places: Sequence[int]) -> Array:
    import numpy as np

    found = np.zeros(size, bool)
    found[places] = True
    return found
