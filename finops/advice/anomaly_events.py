"""The life of an event: it opens, is followed while cost is off, and ends when cost is back or stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from finops.advice.anomaly_baseline import (
    FORTNIGHT,
    LEAST_SPREAD,
    MEMORY,
    WEEK,
    Ordinary,
    Past,
)
from finops.advice.anomaly_signs import Sign, Thresholds

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array

Kind = Literal["spike", "level shift", "slow leak", "new", "disappearing"]
State = Literal["over", "stays", "open"]

# Days on a new level after which it is the ordinary one, whether it is level by then or not at the latest.
_SETTLED, _AT_LATEST = FORTNIGHT, 42
_QUIET = 2
# A level that was left is remembered for so many days, and cost is back at it within this share.
_REMEMBERED, _BACK = 120, 0.35
_RESET = 1.15
_HABIT = 2
_BEYOND_HABIT = 1.25
_NEVER = -10_000


@dataclass(frozen=True)
class Alarm:
    """One event of the series `series`: days [start, end), raised by the data up to and with `detected`.

    `rises` is false where cost went away. `score` is the largest deviation in spreads. Of the last day judged on, the
    event is `over`, still `open`, or cost `stays` on a level that is the ordinary one since.
    """

    series: int
    start: int
    end: int
    detected: int
    kind: Kind
    rises: bool
    score: float
    state: State


@dataclass
class Event:
    """An event that is open: the sign it was seen by, the level before it, its excess so far, its last day."""

    series: int
    start: int
    sign: Sign
    level: float
    last: int
    excess: float = 0.0
    height: float = 0.0
    score: float = 0.0
    days: int = 0
    detected: int | None = None

    @property
    def rises(self) -> bool:
        """Whether there is more cost than before, not less."""
        return self.sign != "drop"


@dataclass
class Watch:
    """The open event of each series, and what is remembered of those that are over."""

    cusum: Array
    since: Array
    """The first day of what `cusum` sums."""
    levels: Array
    """The last three levels that were left."""
    left: Array
    """The day the last of them was."""
    born: Array
    """The first day of a series that was not there before."""
    closed: Array
    """The day after the last event."""
    a_month_before: Sequence[int | None]
    gone: dict[int, list[Event]] = field(default_factory=dict)
    open: dict[int, Event] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)

    @classmethod
    def of(cls, series: int, a_month_before: Sequence[int | None]) -> Watch:
        """Nothing has happened yet."""
        import numpy as np

        since, born, closed = (np.zeros(series, int) for _ in range(3))
        return cls(
            np.zeros(series), since, np.zeros((series, 3)), np.full(series, _NEVER), born, closed, a_month_before
        )


def hold(past: Past, watch: Watch, found: Ordinary) -> None:
    """Within an event the level of the baseline is the one before it."""
    for event in watch.open.values():
        at = event.series
        by_day = found.profile[at] * found.monthly[at]
        share = found.spread[at] / found.expected[at] if found.expected[at] > 0 else 0.0
        found.level[at], found.expected[at] = event.level, event.level * by_day
        found.spread[at] = max(max(share, LEAST_SPREAD) * found.expected[at], past.least_spread)


def open_event(past: Past, watch: Watch, series: int, at: int, sign: Sign, start: int, planned: bool) -> None:
    """Open an event that day `at` showed, unless it is planned, a habit, or the way back to a level of before."""
    watch.cusum[series] = 0
    event = Event(series, start, sign, _level_before(past, series, start, sign), at)
    if _is_habit(past, watch, event, at):
        return
    if planned or _is_back(past, watch, event, at):
        _settle(past, watch, series, max(start, at - 3), at, event.level)
        return
    watch.open[series] = event
    _forget(past, event, at)


def _level_before(past: Past, series: int, start: int, sign: Sign) -> float:
    import numpy as np

    if sign == "slope":
        return float(np.median(past.even[series, max(0, start - 2 * FORTNIGHT) : start]))
    return float(past.level[series, start])


def _forget(past: Past, event: Event, at: int) -> None:
    """What was learned since the event began was not ordinary."""
    import numpy as np

    series, days = event.series, slice(event.start, at + 1)
    past.expected[series, days] = event.level * past.profile[series, days]
    past.clean[series, days] = past.expected[series, days]
    past.even[series, days] = event.level
    past.surprise[series, days] = 0
    past.deviation[series, days] = np.median(past.deviation[series, max(0, event.start - MEMORY) : event.start])
    event.excess = float((past.costs[series, event.start : at] - past.expected[series, event.start : at]).sum())


def _is_habit(past: Past, watch: Watch, event: Event, at: int) -> bool:
    """Whether the same came and went more than once within the memory."""
    before = [
        one.height for one in watch.gone.get(event.series, ()) if at - one.last <= MEMORY and one.rises == event.rises
    ]
    height = abs(past.costs[event.series, at] / max(event.level, 1e-9) - past.profile[event.series, at])
    return len(before) >= _HABIT and bool(height <= _BEYOND_HABIT * max(before))


def _is_back(past: Past, watch: Watch, event: Event, at: int) -> bool:
    """Whether cost is back at a level that was left, or no dearer than the first days of the month before."""
    import numpy as np

    series = event.series
    cost, profile = past.costs[series, at], past.profile[series, at]
    if event.sign == "slope":
        return False
    left = watch.levels[series][watch.levels[series] > past.least_spread]
    low, high = (1 - _BACK) * left * min(profile, 1), (1 + _BACK) * left * max(profile, 1)
    if at - watch.left[series] <= _REMEMBERED and ((cost >= low) & (cost <= high)).any():
        return True
    month = watch.a_month_before[at]
    if month is None or month < FORTNIGHT or not event.rises:
        return False
    return bool(cost <= _RESET * profile * np.median(past.even[series, month - 2 : month + 3]))


def follow(past: Past, watch: Watch, event: Event, at: int, found: Ordinary, wanted: Thresholds) -> None:
    """Take day `at` into the event; raise it, end it or settle on its level when it is time."""
    series, today = event.series, at == event.last
    cost = past.costs[series, at]
    expected = event.level * past.profile[series, at] if today else found.expected[series]
    excess = float(cost - expected)
    past.expected[series, at] = past.clean[series, at] = expected
    past.even[series, at] = event.level
    event.excess += excess
    event.height = max(event.height, abs(excess) / max(event.level, 1e-9))
    event.score = max(event.score, abs(excess) / max(float(found.spread[series]), past.least_spread))
    is_new = event.level <= past.least_spread / 2
    more = 0.0 if is_new else max(2 * float(found.spread[series]), wanted.percent / 200 * float(expected))
    if excess > more if event.rises else cost < 0.6 * expected:
        event.last, event.days = at, event.days + 1
        _raise(event, at, wanted)
    if at - event.last >= (WEEK if is_new else _QUIET):
        _end(past, watch, event, "over")
        back = slice(event.last + 1, at + 1)
        past.clean[series, back] = past.costs[series, back]
        past.even[series, back] = past.costs[series, back] / past.profile[series, back]
    elif (
        past.complete[series, at]
        and at - event.start + 1 >= _SETTLED
        and (at - event.start >= _AT_LATEST or _is_level(past, series, at))
    ):
        _end(past, watch, event, "stays")
        _settle(past, watch, series, max(event.start, at - _SETTLED + 1), at, event.level)


def _raise(event: Event, at: int, wanted: Thresholds) -> None:
    """An event is raised once it is worth telling; that cost is gone once a second day says so."""
    if event.detected is None and abs(event.excess) >= wanted.impact and (event.rises or event.days > 1):
        event.detected = at


def _is_level(past: Past, series: int, at: int) -> bool:
    days = slice(at - 2 * WEEK + 1, at + 1)
    even = past.costs[series, days] / past.profile[series, days]
    return bool(even[WEEK:].mean() <= 1.05 * even[:WEEK].mean())


def _settle(past: Past, watch: Watch, series: int, start: int, at: int, before: float) -> None:
    """From `start` on cost is on a level of its own, which is the ordinary one now."""
    import numpy as np

    watch.levels[series] = [before, *watch.levels[series, :-1]]
    watch.left[series], watch.cusum[series] = at, 0
    days = slice(start, at + 1)
    costs = past.costs[series, days]
    past.clean[series, days] = costs
    if len(costs) == _SETTLED and before <= 0.01 * costs.mean():
        watch.born[series] = start
        _repeat(past, series, costs, at)
        return
    even = costs / past.profile[series, days]
    level = float(np.median(even))
    past.even[series, days] = even
    off = even / level - 1 if level > 0 else 0 * even
    past.off[series, days] = past.surprise[series, days] = off
    past.deviation[series, days] = np.abs(off)
    # What lies before is moved to the new level, so that growth starts anew.
    moved = slice(max(0, at - 3 * FORTNIGHT), start)
    past.even[series, moved] = level
    past.clean[series, moved] = level * past.profile[series, moved]


def _repeat(past: Past, series: int, known: Array, at: int) -> None:
    """The first fortnight of what was not there before stands for the weeks before it."""
    import numpy as np

    days = min(MEMORY, at + 1)
    since = slice(at + 1 - days, at + 1)
    mean = max(float(known.mean()), 1e-9)
    costs = np.tile(known, -(-days // _SETTLED))[-days:]
    shape = np.tile(np.maximum(known.reshape(2, WEEK).mean(axis=0) / mean, 0.05), -(-days // WEEK))[-days:]
    past.clean[series, since] = past.seen[series, since] = costs
    past.ratio[series, since], past.profile[series, since] = costs / mean, shape
    past.even[series, since] = costs / shape
    off = costs / (shape * mean) - 1
    past.off[series, since] = past.surprise[series, since] = off
    past.deviation[series, since] = np.abs(off)


def _end(past: Past, watch: Watch, event: Event, state: State) -> None:
    del watch.open[event.series]
    watch.closed[event.series] = event.last + 1
    watch.cusum[event.series] = 0
    watch.gone.setdefault(event.series, []).append(event)
    if event.last - event.start >= 4:
        # Too long to be something that the calendar brings back.
        past.off[event.series, event.start : event.last + 1] = 0
    if event.detected is not None:
        watch.alarms.append(_alarm(past, event, event.detected, state))


def finish(past: Past, watch: Watch) -> tuple[Alarm, ...]:
    """The alarms of all days, in the order in which they were raised."""
    going_on = [_alarm(past, one, one.detected, "open") for one in watch.open.values() if one.detected is not None]
    return tuple(sorted([*watch.alarms, *going_on], key=lambda one: (one.detected, one.series)))


def _alarm(past: Past, event: Event, detected: int, state: State) -> Alarm:
    return Alarm(
        event.series, event.start, event.last + 1, detected, _kind(past, event), event.rises, event.score, state
    )


def _kind(past: Past, event: Event) -> Kind:
    before = past.costs[event.series, max(0, event.start - 2 * FORTNIGHT) : event.start]
    if not event.rises:
        return "disappearing"
    if not before.any():
        return "new"
    if event.last + 1 - event.start < WEEK:
        return "slow leak" if event.sign == "slope" else "spike"
    return "slow leak" if event.sign == "slope" or _climbs(past, event) else "level shift"


def _climbs(past: Past, event: Event) -> bool:
    """Whether the excess of the last third of the event's days is twice that of the first."""
    days = slice(event.start, event.last + 1)
    excess = past.costs[event.series, days] - past.expected[event.series, days]
    third = len(excess) // 3
    return bool(excess[-third:].mean() > 2 * excess[:third].mean())
