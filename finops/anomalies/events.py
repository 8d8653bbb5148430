"""One event per cause: what it is, since when, by how much, where, why, who owns it, and what shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from finops.anomalies.cells import Cell
from finops.anomalies.merge import Raised, levels_of
from finops.anomalies.series import Series
from finops.config.settings import Owners
from finops.config.spellings import fold
from finops.dimensions import NONE
from finops.findings import finding_id

RULE = "anomaly"
Severity = Literal["info", "low", "medium", "high"]
Confidence = Literal["low", "medium", "high"]
# The share of an event that is of one place before the event is called that place's.
_MOSTLY = Decimal("0.8")
# Of the ordinary cost of a day of everything: from here on an event is medium, from there on high.
_MEDIUM, _HIGH = Decimal("0.03"), Decimal("0.10")
_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
_LONG = 7
_SURE = 2
_FAR_OUT = 14
# What is told of the parts of an event one by one, as a share of it; the rest is told in one sum.
_TOLD = Decimal("0.01")
_ZERO = Decimal(0)
_NO_VALUE = ("(untagged)", "(untaggable)", "(invalid)", NONE, "")
_STATES = {"over": "over", "stays": "has stayed since", "open": "going on"}
_NEW = (
    ("account", "new account"),
    ("region", "new region"),
    ("service", "new service"),
    ("service_account", "new service"),
)


@dataclass(frozen=True)
class Part:
    """What one resource and kind of usage, or all that is not told one by one, adds to an event."""

    account: str
    region: str
    service: str
    usage_type: str
    resource_id: str
    actual: Decimal
    expected: Decimal

    @property
    def excess(self) -> Decimal:
        """What it adds to the event's impact."""
        return self.actual - self.expected


@dataclass(frozen=True)
class Event:
    """One event: days [start, end), raised by the data up to and with `detected`; the parts sum to the impact."""

    id: str
    start: date
    end: date
    detected: date
    level: str
    key: str
    account: str
    service: str
    region: str
    kind: str
    expected: Decimal
    actual: Decimal
    severity: Severity
    confidence: Confidence
    cause: str
    owner: str
    evidence: str
    parts: tuple[Part, ...]

    @property
    def impact(self) -> Decimal:
        """Cost beyond what was expected; below zero where cost went away."""
        return self.actual - self.expected


def event_of(raised: Raised, cells: Sequence[Cell], series: Series, owners: Owners, ordinary_day: Decimal) -> Event:
    """The event of merged alarms; `cells` are those of its own slice by resource, `ordinary_day` the whole bill's."""
    alarm, own = raised.alarm, raised.slice
    key = " / ".join(own.key)
    actual, expected = _sum(cells, lambda cell: cell.actual), _sum(cells, lambda cell: cell.expected)
    first = min(one.slice.start for one in raised.all)
    return Event(
        id=finding_id(RULE, (own.level.name, key, str(own.start), "rise" if alarm.rises else "fall")),
        start=own.start,
        end=own.end,
        detected=min(series.day(one.alarm.detected) for one in raised.all if one.slice.start >= first),
        level=own.level.name,
        key=key,
        account=_of_most(cells, alarm.rises, lambda cell: cell.account),
        service=_of_most(cells, alarm.rises, lambda cell: cell.service),
        region=_of_most(cells, alarm.rises, lambda cell: cell.region),
        kind=_kind(raised),
        expected=expected,
        actual=actual,
        severity=_severity(raised, actual - expected, ordinary_day),
        confidence=_confidence(raised, series),
        cause=_cause(cells, alarm.rises),
        owner=_owner(cells, alarm.rises, owners),
        evidence=_evidence(raised, series, actual, expected),
        parts=_parts(cells, alarm.rises),
    )


def _sum(cells: Sequence[Cell], of: Callable[[Cell], Decimal]) -> Decimal:
    return sum(map(of, cells), _ZERO)


def _toward(cell: Cell, rises: bool) -> Decimal:
    """What the cell adds in the event's direction."""
    return max(_ZERO, cell.excess if rises else -cell.excess)


def _by(cells: Sequence[Cell], rises: bool, of: Callable[[Cell], str]) -> list[tuple[str, Decimal]]:
    """What the cells add in the event's direction by one of their properties, most first."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        found[of(cell)] += cell.excess if rises else -cell.excess
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def _of_most(cells: Sequence[Cell], rises: bool, of: Callable[[Cell], str]) -> str:
    """The value that nearly all of the event has in common, blank where there is none."""
    shares = _by(cells, rises, of)
    whole = sum((amount for _, amount in shares), _ZERO)
    return shares[0][0] if shares and shares[0][1] >= _MOSTLY * whole and shares[0][0] != NONE else ""


def _kind(raised: Raised) -> str:
    new = {one.slice.level.name for one in raised.all if one.alarm.kind == "new"}
    if raised.alarm.kind == "new" or "region" in new:
        return next((word for level, word in _NEW if level in new), "new value")
    return raised.alarm.kind


def _severity(raised: Raised, impact: Decimal, ordinary_day: Decimal) -> Severity:
    """By the event's share of an ordinary day of everything; a step more where it lasts."""
    if not raised.alarm.rises:
        return "info"
    days = raised.alarm.end - raised.alarm.start
    daily = impact / days
    steps = (daily >= _MEDIUM * ordinary_day) + (daily >= _HIGH * ordinary_day) + (days >= _LONG)
    return _SEVERITIES[min(2, steps)]


def _confidence(raised: Raised, series: Series) -> Confidence:
    """Low where no day of it is complete, high where it is far out or has been seen on several days."""
    alarm = raised.alarm
    whole = sum(series.days[at].gap is None for at in range(alarm.start, alarm.end))
    if not whole:
        return "low"
    return "high" if whole > _SURE or alarm.score >= _FAR_OUT else "medium"


def _cause(cells: Sequence[Cell], rises: bool) -> str:
    """The usage type and the resource that most of it is of."""
    usage, amount = _by(cells, rises, lambda cell: cell.usage_type)[0]
    whole = _sum(cells, lambda cell: cell.excess if rises else -cell.excess)
    inside = [cell for cell in cells if cell.usage_type == usage and _toward(cell, rises)]
    resource, most = _by(inside, rises, lambda cell: cell.resource_id)[0] if inside else (NONE, _ZERO)
    told = sorted({cell.resource_id for cell in inside} - {NONE})
    named = usage if usage != NONE else "usage"
    if most >= _MOSTLY * amount and resource != NONE:
        named += f" of {_short(resource)}"
    elif len(told) > 1:
        named += f" of {len(told):,} resources" + (f", most of it {_short(resource)}" if resource != NONE else "")
    share = min(Decimal(100), 100 * amount / whole) if whole > 0 else Decimal(100)
    return named if share >= 95 else f"{named} ({share:.0f}% of it)"


def _short(resource: str) -> str:
    """An ARN without what the row says beside it: partition, service, region and account."""
    return resource.split(":", 5)[-1] if resource.startswith("arn:") else resource


def _owner(cells: Sequence[Cell], rises: bool, owners: Owners) -> str:
    """Whom the owner tag of most of it names, else the owner of the account it is in."""
    handles = {fold(value): handle for value, handle in owners.handles.items()}
    tagged = [pair for pair in _by(cells, rises, lambda cell: cell.owner) if pair[0] not in _NO_VALUE and pair[1] > 0]
    whole = sum((_toward(cell, rises) for cell in cells), _ZERO)
    if tagged and 2 * tagged[0][1] >= whole:
        return handles.get(fold(tagged[0][0]), tagged[0][0])
    account = owners.accounts.get(_of_most(cells, rises, lambda cell: cell.account), "")
    return handles.get(fold(account), account)


def _evidence(raised: Raised, series: Series, actual: Decimal, expected: Decimal) -> str:
    alarm = raised.alarm
    days = alarm.end - alarm.start
    said = [f"{actual / days:,.2f} a day for {days} day{'' if days == 1 else 's'}, expected {expected / days:,.2f}"]
    said.append(_STATES[alarm.state])
    if any(series.days[at].gap for at in range(alarm.start, alarm.end)):
        said.append("partial: not all of its days are complete")
    levels = list(levels_of(raised))
    if len(levels) > 1:
        said.append(f"raised at {len(levels)} levels")
    return "; ".join(said)


def _parts(cells: Sequence[Cell], rises: bool) -> tuple[Part, ...]:
    """The cells that matter one by one, then all others in one sum."""
    whole = abs(_sum(cells, lambda cell: cell.excess))
    told = [cell for cell in cells if abs(cell.excess) >= _TOLD * whole and cell.excess]
    rest = [cell for cell in cells if not (abs(cell.excess) >= _TOLD * whole and cell.excess)]
    found = [
        Part(one.account, one.region, one.service, one.usage_type, one.resource_id, one.actual, one.expected)
        for one in sorted(told, key=lambda cell: (-_toward(cell, rises), cell.place, cell.resource_id))
    ]
    if rest:
        others = ("(others)",) * 5
        found.append(Part(*others, _sum(rest, lambda cell: cell.actual), _sum(rest, lambda cell: cell.expected)))
    return tuple(found)
