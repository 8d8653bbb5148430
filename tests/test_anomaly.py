"""The anomaly detector: what it finds in labelled series, and what it must not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from finops.advice.anomaly import Alarm, Judged, Thresholds, judge
from tests.anomaly_score import Raised, score
from tests.anomaly_series import LEARNING, START, Floats, Labelled, labelled

MONDAY = date(2026, 6, 1)
DAYS = 120


@pytest.fixture(scope="module")
def held_out() -> Labelled:
    """A seed that no setting of the detector was chosen by."""
    return labelled(1001, series=150)


@pytest.fixture(scope="module")
def judged(held_out: Labelled) -> Judged:
    return judge(held_out.costs, START, held_out.complete, held_out.planned)


def week(level: float = 100.0, days: int = DAYS) -> Floats:
    """Weekdays at the level, weekends at half of it, with a little chance."""
    chance = np.random.default_rng(7).normal(1, 0.01, days)
    return np.array([level * (0.5 if day % 7 > 4 else 1.0) for day in range(days)]) * chance


def alarms(
    costs: Floats, complete: Floats | None = None, planned: Floats | None = None, wanted: Thresholds | None = None
) -> list[Alarm]:
    known = np.ones((1, len(costs)), bool) if complete is None else complete.reshape(1, -1)
    expected = np.zeros((1, len(costs)), bool) if planned is None else planned.reshape(1, -1)
    return list(judge(costs.reshape(1, -1), MONDAY, known, expected, wanted).alarms)


def test_it_finds_what_was_put_into_series_that_it_was_not_tuned_on(held_out: Labelled, judged: Judged) -> None:
    found = score(held_out, [Raised(one.series, one.detected, one.rises) for one in judged.alarms])
    assert found.f1 >= 0.85
    assert found.false_rate <= 0.02
    assert found.by_dollars >= 0.9


@pytest.mark.parametrize("days", [60, 61, 118, 200, 301, 399])
def test_the_alarm_of_a_day_uses_nothing_after_it(held_out: Labelled, judged: Judged, days: int) -> None:
    cut = judge(held_out.costs[:, :days], START, held_out.complete[:, :days], held_out.planned[:, :days])
    whole = [one for one in judged.alarms if one.detected < days]
    assert [_raised(one) for one in cut.alarms] == [_raised(one) for one in whole]


def test_an_ordinary_week_raises_nothing() -> None:
    assert alarms(week()) == []


def test_a_spike_is_raised_on_its_day() -> None:
    costs = week()
    costs[80] += 150
    (found,) = alarms(costs)
    assert (found.start, found.end, found.detected, found.kind, found.rises) == (80, 81, 80, "spike", True)


def test_a_new_level_is_raised_once_and_then_is_the_ordinary_one() -> None:
    costs = week()
    costs[70:] *= 1.6
    (found,) = alarms(costs)
    assert (found.start, found.detected, found.kind, found.state) == (70, 70, "level shift", "stays")


def test_cost_that_goes_back_to_the_level_before_is_no_second_event() -> None:
    costs = week()
    costs[50:75] *= 2
    assert [one.start for one in alarms(costs)] == [50]


def test_a_slow_leak_is_found_before_it_has_doubled_the_cost() -> None:
    costs = week()
    costs[60:] += 2.5 * np.arange(1, DAYS - 59)
    (found,) = [one for one in alarms(costs) if one.detected < 100]
    assert found.kind == "slow leak"
    assert 60 <= found.start <= found.detected <= 70


def test_steady_growth_is_no_leak() -> None:
    assert alarms(week() * 1.003 ** np.arange(DAYS)) == []


def test_what_was_never_there_is_new_and_raised_by_what_it_costs() -> None:
    costs = np.zeros(DAYS)
    costs[60:] = 4.0
    (found,) = alarms(costs, wanted=Thresholds(impact=30))
    assert (found.start, found.kind) == (60, "new")
    assert found.detected == 67


def test_what_is_there_from_the_first_day_is_not_new() -> None:
    assert alarms(week(level=5000)) == []


def test_cost_that_is_gone_is_said_when_a_second_day_says_so() -> None:
    costs = week()
    costs[65:] = 0
    (found,) = alarms(costs)
    assert (found.start, found.detected, found.kind, found.rises) == (65, 66, "disappearing", False)


def test_an_incomplete_day_may_be_too_dear_but_never_too_cheap() -> None:
    complete = np.ones(DAYS, bool)
    complete[-2:] = False
    low, high = week(), week()
    low[-2:] = 0
    high[-2:] = 400
    assert alarms(low, complete) == []
    assert [one.start for one in alarms(high, complete)] == [DAYS - 2]


def test_a_planned_change_is_expected_and_the_next_one_is_not() -> None:
    costs = week()
    costs[60:] *= 2
    costs[100:] *= 2
    planned = np.zeros(DAYS, bool)
    planned[60:74] = True
    assert [one.start for one in alarms(costs, planned=planned)] == [100]


def test_a_batch_at_the_end_of_each_month_is_told_at_most_once() -> None:
    costs = week()
    for day in range(DAYS):
        if (MONDAY + timedelta(days=day + 1)).day == 1:
            costs[day] += 120
    assert [MONDAY + timedelta(days=one.start) for one in alarms(costs)] == [date(2026, 6, 30)]


def test_less_than_is_worth_telling_is_not_told() -> None:
    costs = week()
    costs[80] += 150
    assert alarms(costs, wanted=Thresholds(impact=200)) == []
    assert len(alarms(costs, wanted=Thresholds(impact=140))) == 1


def test_the_same_seed_is_the_same_series_and_labels_carry_their_impact() -> None:
    one, two = labelled(5, series=20), labelled(5, series=20)
    assert np.array_equal(one.costs, two.costs)
    assert one.labels == two.labels
    assert all(label.start >= LEARNING and abs(label.impact) >= 25 for label in one.labels)


def _raised(one: Alarm) -> Alarm:
    """What is known of an alarm on the day it is raised."""
    return replace(one, end=0, kind="spike", score=0, state="open")
