"""How well alarms fit the labels of labelled series: precision, recall, delay, dollars still ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.anomaly_series import LEARNING, Label, Labelled

DAYS_A_MONTH = 30.4


@dataclass(frozen=True)
class Raised:
    """An alarm of any detector: the series, the day it was raised, whether cost was too high or too low."""

    series: int
    day: int
    rises: bool


@dataclass(frozen=True)
class Score:
    """Shares are of 1. `ahead` is the share of all impact that lay on the day of the first alarm or after it,
    `after` that on days after it. `false_rate` is per series and month, `delay` in days after the first one.
    """

    precision: float
    recall: float
    by_dollars: float
    false_rate: float
    delay: float
    ahead: float
    after: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(data: Labelled, alarms: Iterable[Raised]) -> Score:
    """The first alarm inside a label finds it; every other alarm is false, a second one for the same label as well."""
    judged = [one for one in alarms if one.day >= LEARNING]
    found: dict[Label, int] = {}
    for one in sorted(judged, key=lambda alarm: alarm.day):
        label = next((label for label in data.labels if fits(one, label)), None)
        if label is not None:
            found.setdefault(label, one.day)
    series, days = data.costs.shape
    whole = sum(abs(label.impact) for label in data.labels)
    return Score(
        precision=len(found) / len(judged) if judged else 0.0,
        recall=len(found) / len(data.labels),
        by_dollars=sum(abs(label.impact) for label in found) / whole,
        false_rate=(len(judged) - len(found)) / (series * (days - LEARNING) / DAYS_A_MONTH),
        delay=sum(day - label.start for label, day in found.items()) / max(1, len(found)),
        ahead=sum(_from(label, day) for label, day in found.items()) / whole,
        after=sum(_from(label, day + 1) for label, day in found.items()) / whole,
    )


def mean(scores: Sequence[Score]) -> Score:
    """The mean of every figure over seeds."""
    names = Score.__dataclass_fields__
    return Score(**{name: sum(getattr(one, name) for one in scores) / len(scores) for name in names})


def fits(alarm: Raised, label: Label) -> bool:
    """Whether the alarm was raised on a day of the label and says the same of it: more cost, or less."""
    inside = label.series == alarm.series and label.start <= alarm.day < label.end
    return inside and alarm.rises == (label.kind != "disappearing")


def _from(label: Label, day: int) -> float:
    return abs(sum(label.excess[day - label.start :]))
