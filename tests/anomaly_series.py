"""Labelled daily cost series: what bills look like, with anomalies of known days and dollars put into them.

Written from what services cost like (weekly rhythm, month ends, launches, late deliveries), without looking at what any
detector assumes. An anomaly is a change that somebody would want to be told: at least `WORTH` dollars in all. Changes
that nobody would (growth, batches, holidays, planned work, rightsizing) are in the same series, unlabelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

START = date(2025, 9, 1)
WORTH = 25.0
# Detectors are compared from here on: five weeks of every series are there to learn from.
LEARNING = 35

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Label:
    """One injected anomaly of series `series`: days [start, end) and what it costs beyond the ordinary, by day."""

    series: int
    start: int
    end: int
    kind: str
    excess: tuple[float, ...]

    @property
    def impact(self) -> float:
        """Dollars beyond the ordinary, below zero where cost went away."""
        return sum(self.excess)


@dataclass(frozen=True)
class Labelled:
    """Series as rows, days as columns, from `START`. `planned` marks the two weeks from a declared day on."""

    costs: Floats
    complete: Flags
    planned: Flags
    labels: tuple[Label, ...]


def labelled(seed: int, series: int = 200, days: int = 400) -> Labelled:
    """Series of one seed; the same seed is the same series."""
    drawn = np.random.default_rng(seed)
    costs, planned = np.zeros((series, days)), np.zeros((series, days), bool)
    labels: list[Label] = []
    for at in range(series):
        ordinary, planned[at], noise = _ordinary(drawn, days)
        costs[at], found = _inject(drawn, at, ordinary, planned[at])
        costs[at] = np.maximum(costs[at] * noise, 0)
        labels += found
    complete = _deliver(drawn, costs, labels)
    return Labelled(np.round(costs, 4), complete, planned, tuple(labels))


# --- what is ordinary ---------------------------------------------------------------------------


def _ordinary(drawn: np.random.Generator, days: int) -> tuple[Floats, Flags, Floats]:
    """The cost that nobody asks about, the days of declared changes, and the factor of chance on each day."""
    level = float(np.exp(drawn.normal(np.log(60), 1.4)))
    shape = _weekly(drawn, days) * _trend(drawn, days) * _monthly(drawn, days)
    declared = np.zeros(days, bool)
    if drawn.random() < 0.06:
        shape, declared = _declared_change(drawn, shape)
    if drawn.random() < 0.12:
        shape = _rightsized(drawn, shape)
    if drawn.random() < 0.05:
        shape = shape * (drawn.random(days) < drawn.uniform(0.4, 0.9))
    return level * shape, declared, _chance(drawn, days)


def _weekly(drawn: np.random.Generator, days: int) -> Floats:
    """Flat, office hours (public holidays are days off), a batch at the weekend, or one heavy job a week."""
    kind = drawn.choice(["flat", "office", "batch", "job"], p=[0.42, 0.36, 0.1, 0.12])
    week = 1 + drawn.normal(0, 0.03, 7)
    if kind == "office":
        week[5:] *= drawn.uniform(0.25, 0.85)
    elif kind == "batch":
        week[5:] *= drawn.uniform(1.3, 2.8)
    elif kind == "job":
        week[drawn.integers(7)] *= drawn.uniform(1.3, 3.0)
    when = [START + timedelta(days=n) for n in range(days)]
    off = [kind == "office" and (one.month, one.day) in _HOLIDAYS for one in when]
    return np.array([week[6 if holiday else one.weekday()] for one, holiday in zip(when, off, strict=True)])


_HOLIDAYS = {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1), (5, 1), (11, 27), (7, 3)}


def _trend(drawn: np.random.Generator, days: int) -> Floats:
    """Nothing, growth or decline of up to a tenth a month, or the saturating ramp of a product that found users."""
    t, kind = np.arange(days), drawn.choice(["none", "grows", "falls", "ramp"], p=[0.5, 0.28, 0.12, 0.1])
    if kind == "grows":
        return np.asarray((1 + drawn.uniform(0.0003, 0.0033)) ** t)
    if kind == "falls":
        return np.asarray((1 - drawn.uniform(0.0003, 0.002)) ** t)
    if kind == "ramp":
        middle, width = drawn.uniform(80, 320), drawn.uniform(45, 90)
        return np.asarray(1 + drawn.uniform(0.4, 1.2) / (1 + np.exp(-(t - middle) / (width / 2))))
    return np.ones(days)


def _monthly(drawn: np.random.Generator, days: int) -> Floats:
    """Items priced by the month on day 1, a batch at the end of the month, tiers that start anew on day 1."""
    kind = drawn.choice(["none", "first", "end", "tiers"], p=[0.76, 0.08, 0.1, 0.06])
    share, last = drawn.uniform(0.3, 1.5), int(drawn.integers(1, 3))
    found = np.ones(days)
    for n in range(days):
        one = START + timedelta(days=n)
        to_end = ((one.replace(day=28) + timedelta(days=4)).replace(day=1) - one).days
        if kind == "first" and one.day == 1:
            found[n] += share
        elif kind == "end" and to_end <= last:
            found[n] += share * 0.7
        elif kind == "tiers":
            found[n] -= 0.25 * one.day / 31
    return found


def _declared_change(drawn: np.random.Generator, shape: Floats) -> tuple[Floats, Flags]:
    """Work that finops.toml announces: a load test of some days, or a migration that stays."""
    start, days = int(drawn.integers(LEARNING, len(shape) - 30)), len(shape)
    end = days if drawn.random() < 0.5 else start + int(drawn.integers(2, 8))
    declared, found = np.zeros(days, bool), shape.copy()
    declared[start : start + 14] = True
    found[start:end] *= drawn.uniform(1.5, 3.5)
    return found, declared


def _rightsized(drawn: np.random.Generator, shape: Floats) -> Floats:
    """Somebody did the advice: a tenth to a third less from one day on."""
    start, found = int(drawn.integers(LEARNING, len(shape))), shape.copy()
    found[start:] *= drawn.uniform(0.67, 0.9)
    return found


def _chance(drawn: np.random.Generator, days: int) -> Floats:
    """Heavy-tailed from day to day, with a memory of some days; between 1 and 10 percent of the cost."""
    spread, memory = float(np.exp(drawn.uniform(np.log(0.01), np.log(0.10)))), drawn.uniform(0, 0.6)
    shocks = np.clip(drawn.standard_t(4, days), -6, 6) / np.sqrt(2) * spread
    state = np.zeros(days)
    for n in range(1, days):
        state[n] = memory * state[n - 1] + np.sqrt(1 - memory**2) * shocks[n]
    return np.asarray(np.exp(state))


# --- what is not --------------------------------------------------------------------------------


def _inject(drawn: np.random.Generator, at: int, ordinary: Floats, planned: Flags) -> tuple[Floats, list[Label]]:
    """Up to three anomalies, weeks apart; half of the series have none."""
    costs, found, free = ordinary.copy(), [], LEARNING + int(drawn.integers(0, 60))
    for _ in range(int(drawn.choice([0, 1, 2, 3], p=[0.5, 0.28, 0.15, 0.07]))):
        kind = str(drawn.choice(list(KINDS), p=[share for share, _ in KINDS.values()]))
        if kind == "new" and found:
            continue
        if free >= len(costs) - 25:
            break
        start = int(drawn.integers(free, min(len(costs) - 20, free + 120)))
        changed, end = KINDS[kind][1](drawn, costs, start)
        excess = changed[start:end] - costs[start:end]
        if abs(excess.sum()) >= WORTH and not planned[start:end].any():
            label = Label(at, start, end, kind, tuple(map(float, excess)))
            costs, free = changed, end + 40
            found.append(label)
    return costs, found


Change = Callable[[np.random.Generator, Floats, int], tuple[Floats, int]]


def _spike(drawn: np.random.Generator, costs: Floats, start: int) -> tuple[Floats, int]:
    """A runaway job, a copy across regions, a crawler: one to four days."""
    end = start + int(drawn.choice([1, 2, 3, 4], p=[0.4, 0.3, 0.2, 0.1]))
    changed = costs.copy()
    changed[start:end] += _usual(costs, start) * np.exp(drawn.uniform(np.log(0.5), np.log(6), end - start))
    return changed, end


def _shift(drawn: np.random.Generator, costs: Floats, start: int) -> tuple[Floats, int]:
    """Something was left running: for good, or until somebody found it."""
    end = min(len(costs), start + int(drawn.integers(8, 46)))
    changed, more = costs.copy(), _usual(costs, start) * np.exp(drawn.uniform(np.log(0.3), np.log(2.5)))
    changed[start : end if drawn.random() < 0.5 else None] += more
    return changed, end


def _leak(drawn: np.random.Generator, costs: Floats, start: int) -> tuple[Floats, int]:
    """Snapshots that nobody deletes, logs without retention: a little more every day until somebody looks."""
    end = min(len(costs), start + int(drawn.integers(20, 50)))
    rise = _usual(costs, start) * drawn.uniform(0.02, 0.06) * np.arange(1, len(costs) - start + 1)
    changed, found = costs.copy(), drawn.random() < 0.6
    rise[end - start :] = 0 if found else rise[end - start - 1]
    changed[start:] += rise
    return changed, end


def _appears(drawn: np.random.Generator, costs: Floats, start: int) -> tuple[Floats, int]:
    """A service, region or account that was never there: nothing before, then its cost."""
    changed, end = costs.copy(), min(len(costs), start + 21)
    costs[:start] = 0
    costs[start:] = 0
    changed[:start] = 0
    return changed, end


def _disappears(drawn: np.random.Generator, costs: Floats, start: int) -> tuple[Floats, int]:
    """An outage, or a service that was switched off: nearly nothing is left, for a while or for good."""
    gone = int(drawn.integers(6, 25))
    changed, end = costs.copy(), min(len(costs), start + gone)
    changed[start : end if drawn.random() < 0.4 else None] *= drawn.uniform(0, 0.08)
    return changed, end


KINDS: dict[str, tuple[float, Change]] = {
    "spike": (0.38, _spike),
    "level shift": (0.28, _shift),
    "slow leak": (0.16, _leak),
    "new": (0.08, _appears),
    "disappearing": (0.1, _disappears),
}


def _usual(costs: Floats, start: int) -> float:
    """What an ordinary day costs before the anomaly."""
    return float(np.mean(costs[max(0, start - 28) : start]))


# --- how it is delivered ------------------------------------------------------------------------


def _deliver(drawn: np.random.Generator, costs: Floats, labels: list[Label]) -> Flags:
    """The last two days are not all there yet, nor are a few days in between; says which days are complete."""
    complete = np.ones(costs.shape, bool)
    labelled_days = np.zeros(costs.shape, bool)
    for one in labels:
        labelled_days[one.series, one.start : one.end] = True
    late = (drawn.random(costs.shape) < 0.002) & ~labelled_days
    late[:, -2:] = True
    complete[late] = False
    costs[late] *= drawn.uniform(0.1, 0.9, int(late.sum()))
    return complete
