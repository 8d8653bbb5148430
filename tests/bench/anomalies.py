"""The detector of anomalies beside simple ones, on labelled series: `make bench-anomalies` writes docs/anomalies.md.

Every detector is causal, and its alarms on days in a row count as one. Each simple one is run as textbooks have it, and
once more with what is best for it on the seeds the detector was tuned on: its threshold, and how many quiet days end
an alarm; then it also has the detector's floors of percent, money and spread. All are judged on other seeds.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from finops.advice.anomaly import Thresholds, judge
from tests.anomaly_score import Raised, Score, mean, score
from tests.anomaly_series import LEARNING, START, Floats, Label, Labelled, labelled

TUNED_ON = (1, 2, 3, 4, 5)
HELD_OUT = (101, 102, 103, 104, 105, 106, 107, 108)
# STL and ETS are fitted for every day and week of every series: one seed of few series, or it takes most of an hour.
SLOW_SEEDS, SLOW_SERIES = (101,), 24
CHOICES = [(spreads, quiet) for spreads in (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0) for quiet in (2, 7, 21)]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "anomalies.md"
_HEADING = "## How well it works"
_WANTED = Thresholds()
Deviations = Callable[[Floats], tuple[Floats, Floats]]
"""From costs to the expected cost of each day and the spread around it, each from the days before."""


def main(arguments: Sequence[str]) -> None:
    """Print the table; with --slow also STL and ETS, with --write into the page."""
    found = section("--slow" in arguments)
    print(found)
    if "--write" in arguments:
        text = PAGE.read_text(encoding="utf-8")
        body = re.compile(rf"{_HEADING}\n.*?(?=\n## |\Z)", re.DOTALL)
        page = body.sub(lambda _: found.rstrip(), text) if _HEADING in text else f"{text}\n{found}"
        PAGE.write_text(page.rstrip() + "\n", encoding="utf-8")


def section(slow: bool) -> str:
    """The part of the page that says how well it works."""
    heads = (
        "detector", "F1", "precision", "recall", "recall by dollars", "false alarms per series and month",
        "delay in days", "dollars ahead", "dollars after the day",
    )  # fmt: skip
    lines = [heads, ("---",) * len(heads), *figures(slow)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{_HEADING}\n\n{_about()}\n\n{table}\n\n{_speed()}\n"


def figures(slow: bool = False) -> list[tuple[str, ...]]:
    """A row per detector, as text: its name, then F1, precision, recall, ... as in the page."""
    rows = [("finops", _mean(HELD_OUT, 200, ours)), ("finops, seeds it was tuned on", _mean(TUNED_ON, 200, ours))]
    for name, deviations in SIMPLE.items():
        choice = _best(_known(deviations, TUNED_ON, 200))
        held_out = _known(deviations, HELD_OUT, 200)
        rows += [
            (f"{name}, 3 spreads", _scored(held_out, 3.0, None)),
            (_tuned(name, choice), _scored(held_out, *choice)),
        ]
    for name, deviations in SLOW.items() if slow else ():
        rows += _slow(name, deviations)
    return [_line(name, one) for name, one in rows]


def ours(data: Labelled) -> list[Raised]:
    """The detector of finops."""
    found = judge(data.costs, START, data.complete, data.planned, _WANTED).alarms
    return [Raised(one.series, one.detected, one.rises) for one in found]


def simple(data: Labelled, deviations: Deviations, spreads: float, quiet: int | None = None) -> list[Raised]:
    """Days beyond so many spreads, runs of them as one alarm; drops only on complete days.

    With `quiet` so many days end a run, and the floors of the detector hold.
    """
    expected, spread = deviations(data.costs)
    excess, least = data.costs - expected, np.zeros_like(data.costs)
    if quiet is not None:
        spread = np.maximum(np.maximum(spread, 0.05 * np.abs(expected)), 1.0)
        least = np.maximum(_WANTED.percent / 100 * np.abs(expected), _WANTED.impact)
    found = []
    for rises, beyond in ((True, excess), (False, -excess)):
        off = (beyond > spreads * spread) & (beyond > least) & (rises | data.complete)
        found += [Raised(series, day, rises) for series, row in enumerate(off) for day in _starts(row, quiet or 1)]
    return found


def _starts(row: Floats, quiet: int) -> Iterable[int]:
    last = -100
    for day in np.flatnonzero(row):
        if day >= LEARNING:
            if day - last > quiet:
                yield int(day)
            last = int(day)


def _seven_days(costs: Floats) -> tuple[Floats, Floats]:
    expected, spread = np.full_like(costs, np.nan), np.full_like(costs, np.nan)
    for day in range(7, costs.shape[1]):
        window = costs[:, day - 7 : day]
        expected[:, day], spread[:, day] = window.mean(axis=1), window.std(axis=1)
    return expected, spread


def _same_weekday(costs: Floats) -> tuple[Floats, Floats]:
    expected, spread = np.full_like(costs, np.nan), np.full_like(costs, np.nan)
    for day in range(28, costs.shape[1]):
        window = costs[:, list(range(day - 7, max(-1, day - 57), -7))]
        expected[:, day] = np.median(window, axis=1)
        spread[:, day] = 1.4826 * np.median(np.abs(window - expected[:, [day]]), axis=1)
    return expected, spread


def _stl(costs: Floats) -> tuple[Floats, Floats]:
    """Robust STL of the last eight weeks and the day: what is left over on the day, by the spread of what is left."""
    from statsmodels.tsa.seasonal import STL

    expected, spread = np.full_like(costs, np.nan), np.full_like(costs, np.nan)
    for series, row in enumerate(costs):
        for day in range(LEARNING, len(row)):
            fitted = STL(row[max(0, day - 56) : day + 1], period=7, robust=True).fit()
            left = fitted.resid
            expected[series, day] = row[day] - left[-1]
            spread[series, day] = 1.4826 * np.median(np.abs(left[:-1] - np.median(left[:-1])))
    return expected, spread


def _ets(costs: Floats) -> tuple[Floats, Floats]:
    """Holt-Winters with damped trend and weekly season, fitted each week on eight weeks, a week ahead."""
    import warnings

    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    expected, spread = np.full_like(costs, np.nan), np.full_like(costs, np.nan)
    for series, row in enumerate(costs):
        for day in range(LEARNING, len(row), 7):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                past = row[max(0, day - 56) : day]
                model = ExponentialSmoothing(past, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7)
                fitted = model.fit()
            days = slice(day, min(day + 7, len(row)))
            expected[series, days] = fitted.forecast(days.stop - day)
            spread[series, days] = np.std(fitted.resid)
    return expected, spread


SIMPLE: dict[str, Deviations] = {
    "mean of 7 days, standard deviation": _seven_days,
    "median of the weekday, MAD": _same_weekday,
}
SLOW: dict[str, Deviations] = {"STL": _stl, "ETS": _ets}


@cache
def _data(seed: int, series: int) -> Labelled:
    return labelled(seed, series)


def _mean(seeds: Sequence[int], series: int, detector: Callable[[Labelled], Iterable[Raised]]) -> Score:
    return mean([score(_data(seed, series), detector(_data(seed, series))) for seed in seeds])


Known = list[tuple[Labelled, tuple[Floats, Floats]]]


def _known(deviations: Deviations, seeds: Sequence[int], series: int) -> Known:
    return [(_data(seed, series), deviations(_data(seed, series).costs)) for seed in seeds]


def _scored(known: Known, spreads: float, quiet: int | None) -> Score:
    return mean([score(data, simple(data, lambda _, of=of: of, spreads, quiet)) for data, of in known])


def _best(known: Known) -> tuple[float, int]:
    return max(CHOICES, key=lambda choice: _scored(known, *choice).f1)


def _tuned(name: str, choice: tuple[float, int]) -> str:
    return f"{name}, tuned: {choice[0]:g} spreads, {choice[1]} quiet days"


def _slow(name: str, deviations: Deviations) -> list[tuple[str, Score]]:
    """One that is too slow to fit twice: told at 3 spreads and, in its favour, at its best on these very seeds."""
    known = _known(deviations, SLOW_SEEDS, SLOW_SERIES)
    choice = _best(known)
    return [
        (f"{name}, 3 spreads", _scored(known, 3.0, None)),
        (_tuned(name, choice) + " (here)", _scored(known, *choice)),
    ]


def _line(name: str, one: Score) -> tuple[str, ...]:
    figures = (one.f1, one.precision, one.recall, one.by_dollars)
    shares = (one.ahead, one.after)
    return (
        name,
        *(f"{figure:.3f}" for figure in figures),
        f"{one.false_rate:.4f}",
        f"{one.delay:.1f}",
        *(f"{share:.3f}" for share in shares),
    )


def _about() -> str:
    labels = sum(len(_data(seed, 200).labels) for seed in HELD_OUT)
    return f"""\
`make bench-anomalies` puts {labels:,} anomalies of known days and dollars into {len(HELD_OUT)} seeds of 200 series of 400 days:
spikes, shifts, leaks, what is new and what disappears, among weekly rhythms, month ends, growth, launches, holidays,
rightsizing, planned work, days without cost and late deliveries. The detector's settings were chosen on seeds
{TUNED_ON[0]} to {TUNED_ON[-1]}; all others are judged on seeds {HELD_OUT[0]} to {HELD_OUT[-1]}, which no setting has seen (STL and ETS: {SLOW_SERIES} series
of seed {", ".join(map(str, SLOW_SEEDS))}). The first alarm inside an anomaly finds it; every other alarm is false, a second one for the same anomaly
too. Dollars ahead are those of the day of the first alarm and after it, of all that the anomalies cost; an alarm on
the first day of each, the best there can be, would leave {_most_after():.3f} of them after that day."""  # noqa: E501


def _most_after() -> float:
    """The mean over the seeds of the share of dollars that lies after the first day of its anomaly."""
    return float(np.mean([_after_first_day(_data(seed, 200).labels) for seed in HELD_OUT]))


def _after_first_day(labels: Sequence[Label]) -> float:
    return sum(abs(sum(label.excess[1:])) for label in labels) / sum(abs(label.impact) for label in labels)


def _speed() -> str:
    data = labelled(7, series=2000)
    started = time.process_time()
    judge(data.costs, START, data.complete, data.planned)
    whole = time.process_time() - started
    return (
        f"2,000 series of 400 days are judged in {whole:.1f} s of processor time, each day by the days before it;\n"
        "so whoever wants the newest day alone gets it from the same run."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
