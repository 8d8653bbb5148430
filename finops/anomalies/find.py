"""The anomalies of an open ledger: every series judged, every alarm explained, one event per cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.advice.anomaly import WARM_UP, Alarm, Judged, Thresholds, judge
from finops.anomalies.cells import Slice, create_cells
from finops.anomalies.events import Event, event_of
from finops.anomalies.levels import TOTAL, levels_of
from finops.anomalies.merge import Raised, merge
from finops.anomalies.moved import Moved, find_moved
from finops.anomalies.series import Series, read_series
from finops.catalog import Problem

if TYPE_CHECKING:
    from finops.config.anomalies import AnomalyPolicy
    from finops.reader import Ledger

_SCALE = Decimal("1e-10")
_PLANNED = Decimal("0.7")
_ORDINARY_DAYS = 28
# Series beyond so many need rarer days: one false alarm in a thousand is many in a thousand series.
_FEW_SERIES = 200


@dataclass(frozen=True)
class Found:
    """What the bill's daily cost says. `unchecked` are the reasons why it could not be judged, or not all of it.

    `judged` are the days that were judged, `series` how many. `moved` and `planned` are no anomalies.
    """

    events: tuple[Event, ...] = ()
    moved: tuple[Moved, ...] = ()
    planned: tuple[Event, ...] = ()
    unchecked: tuple[Problem, ...] = ()
    judged: tuple[date, date] | None = None
    series: int = 0


def find_anomalies(ledger: Ledger, start: date | None = None, end: date | None = None) -> Found:
    """The events detected on days [start, end) of a ledger opened with all its days (see `levels.asked_by`).

    All days before count as history whatever the range is. What cannot be judged is in `unchecked`, never left out.
    """
    levels, problems = levels_of(ledger)
    policy = ledger.settings.anomalies
    series = read_series(ledger, levels, float(policy.min_impact))
    if series is None:
        return Found(unchecked=(*problems, Problem("nothing_to_judge", "there is no daily usage to judge", "--where")))
    if (short := _too_short(series, start, end)) is not None:
        return Found(unchecked=(*problems, short), series=len(series.keys))
    judged = _judged(series, policy)
    beyond = series.day(len(series.days))
    first, last = start or series.start, min(end or beyond, beyond)
    alarms = [one for one in judged.alarms if first <= series.day(one.detected) < last and _is_told(series, one)]
    events, planned, moved = _explained(ledger, series, judged, alarms)
    return Found(
        events=tuple(sorted(events, key=lambda one: (-abs(one.impact), one.start, one.key))),
        moved=tuple(moved),
        planned=tuple(planned),
        unchecked=tuple(problems),
        judged=(max(first, series.day(WARM_UP)), last),
        series=len(series.keys),
    )


def _judged(series: Series, policy: AnomalyPolicy) -> Judged:
    import numpy as np

    rarer = 0.5 * max(0.0, float(np.log10(len(series.keys) / _FEW_SERIES)))
    wanted = Thresholds(float(policy.min_impact), float(policy.min_percent), float(policy.sigmas) + rarer)
    nothing_planned = np.zeros(series.costs.shape, bool)
    return judge(series.costs, series.start, series.complete, nothing_planned, wanted)


def _too_short(series: Series, start: date | None, end: date | None) -> Problem | None:
    """Why nothing can be judged: too little history, or no day of the data in the range."""
    days = len(series.days)
    if days <= WARM_UP:
        text = f"{days} days of usage are loaded; the first that can be judged has {WARM_UP} before it"
        return Problem("too_little_history", text, str(series.start))
    last = series.day(days - 1)
    if (start and start > last) or (end and end <= series.day(WARM_UP)):
        text = f"no day of the range can be judged: {series.day(WARM_UP)} to {last} can"
        return Problem("range_not_judged", text, f"{start or ''} to {end or ''}")
    return None


def _is_told(series: Series, alarm: Alarm) -> bool:
    return not series.keys[alarm.series][0].only_new or alarm.kind == "new"


def _explained(
    ledger: Ledger, series: Series, judged: Judged, alarms: Sequence[Alarm]
) -> tuple[list[Event], list[Event], list[Moved]]:
    """The events, those that a planned change explains, and the alarms that are only cost called something else."""
    if not alarms:
        return [], [], []
    slices = [_slice(series, judged, one.series, one) for one in alarms]
    cells = create_cells(ledger, slices)
    raised = [Raised(one, part, cells.of(part)) for one, part in zip(alarms, slices, strict=True)]
    raised = [one for one in raised if one.cells]
    moved = find_moved(series, judged.expected, raised, cells, lambda at, one: _slice(series, judged, at, one.alarm))
    events: list[Event] = []
    planned: list[Event] = []
    for one in merge([one for at, one in enumerate(raised) if at not in moved]):
        event = event_of(
            one,
            cells.of(one.slice, resources=True),
            series,
            ledger.settings.owners,
            _ordinary_day(series, judged, one.alarm.start),
        )
        (planned if _is_planned(one) else events).append(event)
    told = {(one.start, one.level, one.source, one.target): one for one in moved.values()}
    return events, planned, sorted(told.values(), key=lambda one: (one.start, one.level, one.source))


def _is_planned(one: Raised) -> bool:
    by_plan = sum((cell.excess for cell in one.cells if cell.planned), Decimal(0))
    return one.excess != 0 and by_plan / one.excess >= _PLANNED


def _slice(series: Series, judged: Judged, at: int, alarm: Alarm) -> Slice:
    """The days of an alarm of a series, its own or another one."""
    level, key = series.keys[at]
    expected = float(judged.expected[at, alarm.start : alarm.end].sum())
    exact = Decimal(repr(max(0.0, expected))).quantize(_SCALE)
    known = [day for day in range(alarm.start) if series.days[day].gap is None] or [0]
    base = series.day(known[-_ORDINARY_DAYS:][0])
    return Slice(level, key, series.day(alarm.start), series.day(alarm.end), exact, base)


def _ordinary_day(series: Series, judged: Judged, at: int) -> Decimal:
    """What a day of everything was expected to cost, on average over the four weeks before a day."""
    whole = next(n for n, (level, _) in enumerate(series.keys) if level.name == TOTAL)
    days = judged.expected[whole, max(0, at - _ORDINARY_DAYS) : at + 1]
    return Decimal(repr(float(days.mean()))).quantize(_SCALE)
