"""Cost that did not change but is called something else: one value of a dimension falls as another one rises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.anomalies.cells import Cell, Cells, Slice
from finops.anomalies.levels import TOTAL
from finops.anomalies.merge import Raised
from finops.anomalies.series import Series

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array

# Between what falls and what rises, and how much of it has to be of the same accounts, regions and kinds of usage.
_ALIKE = 0.25
_SAME_PLACES = 0.7
_SCALE = Decimal("1e-10")
Place = Callable[[Cell], tuple[str, ...]]


@dataclass(frozen=True)
class Moved:
    """From `start` on, cost of `source` at a level is cost of `target`: `daily` of it a day. No money was spent."""

    start: date
    level: str
    source: str
    target: str
    daily: Decimal


def find_moved(
    series: Series, expected: Array, raised: Sequence[Raised], cells: Cells, slice_of: Callable[[int, Raised], Slice]
) -> Mapping[int, Moved]:
    """By their place among `raised`, the alarms that another value of the same dimension takes back.

    What falls has to be what rises: within a quarter of it, and of the same places. `slice_of` gives another series
    the days of an alarm.
    """
    found: dict[int, Moved] = {}
    for at, one in enumerate(raised):
        if one.slice.level.name == TOTAL:
            continue
        for peer in _peers(series, expected, one):
            other = cells.of(slice_of(peer, one))
            if _is_same(one, other):
                found[at] = _moved(series, one, series.keys[peer][1])
                break
    return found


def _peers(series: Series, expected: Array, one: Raised) -> Iterator[int]:
    """The series of the alarm's level that changed by about as much the other way, the nearest first."""
    days = slice(one.alarm.start, one.alarm.end)
    excess = (series.costs[:, days] - expected[:, days]).sum(axis=1)
    mine = float(excess[one.alarm.series])
    apart = abs(excess + mine)
    near = [
        at
        for at, (level, _) in enumerate(series.keys)
        if level.name == one.slice.level.name and apart[at] <= _ALIKE * abs(mine)
    ]
    yield from sorted(near, key=lambda at: float(apart[at]))


def _is_same(one: Raised, other: Sequence[Cell]) -> bool:
    place = _place_at(one.slice.level.name)
    mine, theirs = _by_place(one.cells, place), _by_place(other, place)
    shared = sum(min(abs(amount), abs(theirs[at])) for at, amount in mine.items() if theirs.get(at, 0) * amount < 0)
    return shared >= _SAME_PLACES * abs(float(one.excess)) > 0


def _place_at(level: str) -> Place:
    """What stays the same when a value of the level changes: a service that is renamed renames its usage types too."""
    if level == "service":
        return lambda cell: (cell.account, cell.region)
    if level in ("account", "service_account"):
        return lambda cell: (cell.region, cell.usage_type)
    return lambda cell: cell.place


def _by_place(cells: Sequence[Cell], place: Place) -> Mapping[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = defaultdict(float)
    for cell in cells:
        found[place(cell)] += float(cell.excess)
    return found


def _moved(series: Series, one: Raised, other: tuple[str, ...]) -> Moved:
    daily = one.excess / (one.alarm.end - one.alarm.start)
    names = " / ".join(other), " / ".join(one.slice.key)
    source, target = names if daily > 0 else names[::-1]
    return Moved(series.day(one.alarm.start), one.slice.level.name, source, target, abs(daily).quantize(_SCALE))
