"""Cost that did not change but is called something else: one value of a dimension falls as another one rises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.anomalies.levels import TOTAL
from finops.anomalies.series import Series

if TYPE_CHECKING:
    from finops.advice.anomaly import Alarm
    from finops.advice.anomaly_baseline import Array

_SAME = 0.25
_SCALE = Decimal("1e-10")


@dataclass(frozen=True)
class Moved:
    """From `start` on, cost of `source` at a level is cost of `target`: `daily` of it a day. No money was spent."""

    start: date
    level: str
    source: str
    target: str
    daily: Decimal


def find_moved(series: Series, alarms: Sequence[Alarm], expected: Array) -> dict[Alarm, Moved]:
    """The alarms that another value of the same dimension takes back, day for day, within a quarter of them."""
    found: dict[Alarm, Moved] = {}
    for alarm in alarms:
        level, key = series.keys[alarm.series]
        if level.name == TOTAL:
            continue
        days = slice(alarm.start, alarm.end)
        excess = (series.costs[:, days] - expected[:, days]).mean(axis=1)
        mine = float(excess[alarm.series])
        peers = [at for at, (other, _) in enumerate(series.keys) if other.name == level.name and at != alarm.series]
        if not peers or not mine:
            continue
        other = min(peers, key=lambda at: excess[at] if mine > 0 else -excess[at])
        if abs(mine + float(excess[other])) <= _SAME * abs(mine):
            names = " / ".join(key), " / ".join(series.keys[other][1])
            source, target = names if mine < 0 else names[::-1]
            daily = Decimal(repr(abs(mine))).quantize(_SCALE)
            found[alarm] = Moved(series.day(alarm.start), level.name, source, target, daily)
    return found
