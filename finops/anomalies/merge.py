"""From alarms of many series to events: what one cause raised at several levels is one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.anomalies.cells import Cell, Slice
from finops.anomalies.levels import NARROWEST, TOTAL

if TYPE_CHECKING:
    from finops.advice.anomaly import Alarm

# How much of the smaller excess two alarms must share to be of one cause, and how far their starts may be apart.
_SHARED = 0.5
_ALL_OF_IT = 0.8
_MOST_OF_IT = 0.7
_DAYS_APART = 3
_ZERO = Decimal(0)


@dataclass
class Raised:
    """An alarm with its slice of the bill and what made it up, by place."""

    alarm: Alarm
    slice: Slice
    cells: Sequence[Cell]
    also: list[Raised] = field(default_factory=list)
    """Alarms of other levels that the same cause raised."""

    @property
    def excess(self) -> Decimal:
        """What it cost beyond what was expected."""
        return sum((cell.excess for cell in self.cells), _ZERO)

    @property
    def all(self) -> list[Raised]:
        """This alarm and those merged into it."""
        return [self, *(one for other in self.also for one in other.all)]


def merge(alarms: Sequence[Raised]) -> list[Raised]:
    """One alarm per cause, the others inside it.

    From the narrowest level up: a wider alarm is part of a narrower one whose excess is its own, and part of several
    when they explain it together. Several that began together inside one account, environment or tag value, and make
    up its excess, are one event there.
    """
    found: list[Raised] = []
    for one in sorted(alarms, key=_narrow_first):
        inside = [event for event in found if _same_time(one, event) and _shared(one, event) >= _SHARED]
        if not inside:
            found.append(one)
        elif len(inside) > 1 and _gathers(one, inside):
            one.also += inside
            found = [event for event in found if event not in inside] + [one]
        elif len(inside) > 1 or _covers(inside[0], one):
            max(inside, key=lambda event: abs(event.excess)).also.append(one)
        else:
            one.also += inside
            found = [event for event in found if event not in inside] + [one]
    return found


def _narrow_first(one: Raised) -> tuple[int, Decimal]:
    order = {NARROWEST: 0, "service": 1, "account": 2, "region": 4, TOTAL: 5}
    return order.get(one.slice.level.name, 3), -abs(one.excess)


def _same_time(one: Raised, other: Raised) -> bool:
    if one.alarm.rises != other.alarm.rises:
        return False
    near = abs(one.alarm.start - other.alarm.start) <= _DAYS_APART
    return near or (one.alarm.start < other.alarm.end and other.alarm.start < one.alarm.end)


def _shared(one: Raised, other: Raised) -> float:
    """The part of the smaller excess a day that is of the same places."""
    mine, theirs = _by_place(one), _by_place(other)
    both = sum(min(amount, theirs[place]) for place, amount in mine.items() if place in theirs)
    smaller = min(sum(mine.values()), sum(theirs.values()))
    return both / smaller if smaller > 0 else 0.0


def _by_place(one: Raised) -> Mapping[tuple[str, ...], float]:
    """The excess a day by place, as far as it goes the way of the alarm; without its sign."""
    days = max(1, one.alarm.end - one.alarm.start)
    found: dict[tuple[str, ...], float] = defaultdict(float)
    for cell in one.cells:
        found[cell.place] += float(cell.excess) / days
    sign = 1 if one.alarm.rises else -1
    return {place: sign * amount for place, amount in found.items() if sign * amount > 0}


def _covers(narrow: Raised, wide: Raised) -> bool:
    """Whether nearly all of the wider alarm's excess a day is that of the narrower one."""
    return sum(_by_place(narrow).values()) >= _ALL_OF_IT * float(_net(wide))


def _gathers(wide: Raised, inside: Sequence[Raised]) -> bool:
    """Whether several alarms are one event at the wider level, and none of them is nearly all of it."""
    if wide.slice.level.name == TOTAL or any(abs(one.alarm.start - wide.alarm.start) > 1 for one in inside):
        return False
    parts = [sum(_by_place(one).values()) for one in inside]
    return sum(parts) >= _MOST_OF_IT * _net(wide) and max(parts) < _ALL_OF_IT * _net(wide)


def _net(one: Raised) -> float:
    return abs(float(one.excess)) / max(1, one.alarm.end - one.alarm.start)


def levels_of(event: Raised) -> Iterator[str]:
    """The levels that the event was seen at, each once, its own first."""
    yield from dict.fromkeys(one.slice.level.name for one in event.all)
