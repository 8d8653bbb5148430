"""The detector run over the user's own days, as it would have run on each of them, with known anomalies put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.advice.anomaly import Alarm, Thresholds, judge
from finops.anomalies.levels import levels_of
from finops.anomalies.series import Series, read_series
from finops.document import Column, Document, Rows, basis_of
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array
    from finops.reader import Ledger

COLUMNS = (
    Column("sigmas", "money"),
    Column("min_impact", "money"),
    Column("setting"),
    Column("precision", "percent"),
    Column("recall", "percent"),
    Column("delay_days", "money"),
    Column("false_alarms_per_month", "money"),
)
BY_KIND = (Column("kind"), Column("injected", "count"), Column("found", "count"), Column("delay_days", "money"))
_SIGMAS = (4, 5, 6, 7, 8, 10)
# Times the least impact of the settings.
_IMPACTS = (0.5, 2.0)
_SEED = 20_260_101
_TRIALS = 240
_MONTH = 30.4
# Cost that goes back to what it was is no false alarm.
_AFTERMATH = 14
_LEAST_HISTORY = 28
_LEAST_DAYS = 42
# What is put in, of an ordinary day's cost: by how much, and for how many days. A leak adds so much each day.
_KINDS: Mapping[str, tuple[float, int]] = {
    "spike": (1.0, 2),
    "level shift": (0.6, 14),
    "slow leak": (0.04, 21),
    "new": (1.0, 14),
    "disappearing": (-1.0, 7),
}


@dataclass(frozen=True)
class Injected:
    """One anomaly that was put into the row `at` of copies of the bill's series: days [start, end)."""

    at: int
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Result:
    """What one setting finds: each injected anomaly with its delay in days, and alarms on anything else."""

    delays: Mapping[Injected, int]
    others: int
    own: int
    """Alarms on the bill as it is."""


def replay(ledger: Ledger, days: int) -> Document:
    """How each of several thresholds would have done over the last `days` days of an open ledger.

    Every alarm on what was not injected counts as false, so precision and false alarms a month (over the narrowest
    level) are on the safe side where the bill has anomalies of its own. Raises DataError where too few days
    are loaded or nothing costs enough, UsageError for fewer days than what is put in takes.
    """
    if days < _LEAST_DAYS:
        raise UsageError(f"a replay takes {_LEAST_DAYS} days at least", "--replay", f"--replay {_LEAST_DAYS}d")
    series = _narrowest(ledger)
    first = max(len(series.days) - days, _LEAST_HISTORY)
    costs, injected = _inject(series, first, float(ledger.settings.anomalies.min_impact))
    own = _own(ledger)
    found = {wanted: _judge(series, costs, injected, first, wanted) for wanted in (own, *_choices(own))}
    months = (len(series.days) - first) / _MONTH
    return Document(
        command="anomalies --replay",
        basis=replace(basis_of(ledger), start=series.day(first), end=series.day(len(series.days))),
        rows=Rows.of(
            COLUMNS, [_row(wanted, found[wanted], len(injected), months, own) for wanted in sorted(found, key=_order)]
        ),
        totals={"by_kind": Rows.of(BY_KIND, _by_kind(injected, found[own])), "series": len(series.keys), "seed": _SEED},
        problems=ledger.problems,
    )


def _narrowest(ledger: Ledger) -> Series:
    levels, _ = levels_of(ledger)
    least = float(ledger.settings.anomalies.min_impact)
    series = read_series(ledger, levels[:1], least)
    if series is None or len(series.days) < _LEAST_HISTORY + _LEAST_DAYS:
        known = len(series.days) if series else 0
        raise DataError(f"{known} days of usage are loaded, too few to replay", "--replay", "load the months before")
    return series


def _inject(series: Series, first: int, impact: float) -> tuple[Array, list[Injected]]:
    """Copies of series with one anomaly each, drawn with a fixed seed; only what is worth telling is put in."""
    import numpy as np

    drawn = np.random.default_rng(_SEED)
    usual = np.median(series.costs[:, first - _LEAST_HISTORY : first], axis=1)
    rows, injected = [], []
    for trial in range(_TRIALS):
        kind = list(_KINDS)[trial % len(_KINDS)]
        share, days = _KINDS[kind]
        whole = usual * abs(share) * (days * (days + 1) / 2 if kind == "slow leak" else days)
        able = np.flatnonzero(whole >= 2 * impact)
        if len(able):
            at, start = int(drawn.choice(able)), int(drawn.integers(first, len(series.days) - days))
            rows.append(_with(series.costs[at], kind, start, days, float(usual[at]) * share))
            injected.append(Injected(len(rows) - 1, kind, start, start + days))
    if not injected:
        raise DataError(
            "nothing costs enough for an anomaly worth telling", "--replay", "a lower [anomalies] min_impact"
        )
    return np.array(rows), injected


def _with(costs: Array, kind: str, start: int, days: int, amount: float) -> Array:
    import numpy as np

    changed, span = costs.copy(), slice(start, start + days)
    if kind == "new":
        changed = np.zeros_like(costs)
    if kind == "slow leak":
        changed[span] += amount * np.arange(1, days + 1)
    elif kind == "disappearing":
        changed[span] = 0
    else:
        changed[span] += amount
    return changed


def _judge(series: Series, costs: Array, injected: Sequence[Injected], first: int, wanted: Thresholds) -> Result:
    import numpy as np

    complete = np.tile(series.complete[0], (len(costs), 1))
    alarms = judge(costs, series.start, complete, np.zeros(costs.shape, bool), wanted).alarms
    delays: dict[Injected, int] = {}
    others = 0
    for alarm in alarms:
        put_in = injected[alarm.series]
        if _fits(alarm, put_in):
            delays.setdefault(put_in, alarm.detected - put_in.start)
        elif alarm.detected >= first and not put_in.start <= alarm.detected < put_in.end + _AFTERMATH:
            others += 1
    clean = judge(series.costs, series.start, series.complete, np.zeros(series.costs.shape, bool), wanted).alarms
    return Result(delays, others, sum(one.detected >= first for one in clean))


def _fits(alarm: Alarm, put_in: Injected) -> bool:
    return put_in.start <= alarm.detected < put_in.end and alarm.rises == (put_in.kind != "disappearing")


def _own(ledger: Ledger) -> Thresholds:
    policy = ledger.settings.anomalies
    return Thresholds(float(policy.min_impact), float(policy.min_percent), float(policy.sigmas))


def _choices(own: Thresholds) -> list[Thresholds]:
    """Other rarities at the impact of the settings, and half and twice that impact."""
    rarer = [replace(own, sigmas=sigmas) for sigmas in _SIGMAS if sigmas != own.sigmas]
    return [*rarer, *(replace(own, impact=share * own.impact) for share in _IMPACTS)]


def _order(wanted: Thresholds) -> tuple[float, float]:
    return wanted.impact, wanted.sigmas


def _row(wanted: Thresholds, found: Result, injected: int, months: float, own: Thresholds) -> tuple[object, ...]:
    right = len(found.delays)
    return (
        _figure(wanted.sigmas),
        _figure(wanted.impact),
        "yours" if wanted == own else "",
        _percent(right, right + found.others),
        _percent(right, injected),
        _mean(found.delays.values()),
        _figure(found.own / months),
    )


def _by_kind(injected: Sequence[Injected], found: Result) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for kind in _KINDS:
        all_of_it = [one for one in injected if one.kind == kind]
        delays = [delay for one, delay in found.delays.items() if one.kind == kind]
        rows.append((kind, len(all_of_it), len(delays), _mean(delays)))
    return rows


def _mean(delays: Iterable[int]) -> Decimal | None:
    known = list(delays)
    return _figure(sum(known) / len(known)) if known else None


def _percent(part: int, whole: int) -> Decimal | None:
    return _figure(100 * part / whole) if whole else None


def _figure(value: float) -> Decimal:
    """A figure that is no money, to two places."""
    return Decimal(repr(round(value, 2)))
