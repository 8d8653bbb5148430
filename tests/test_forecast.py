"""The forecast: exact where the past is regular, honest about what it cannot know, the same every time."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.advice.forecast import forecast
from tests.bench.forecast import replay

MONDAY = date(2026, 8, 3)


def weeks(count: int, *week: str) -> list[Decimal]:
    return [Decimal(cost) for cost in week] * count


def test_a_steady_cost_goes_on() -> None:
    ahead = forecast(MONDAY, weeks(4, *["10"] * 7), MONDAY + timedelta(days=38))
    assert ahead is not None
    assert ahead.expected == 100
    assert ahead.p10 < 100 < ahead.p90


def test_weekends_cost_what_weekends_cost() -> None:
    costs = weeks(4, "10", "10", "10", "10", "10", "3", "3")
    saturday = MONDAY + timedelta(days=33)
    known = [*costs, *costs[:5]]
    ahead = forecast(MONDAY, known, saturday + timedelta(days=2))
    assert ahead is not None
    assert abs(ahead.expected - 6) < Decimal("0.2")


def test_the_level_is_that_of_the_last_week() -> None:
    ahead = forecast(MONDAY, [*weeks(3, *["10"] * 7), *weeks(1, *["20"] * 7)], MONDAY + timedelta(days=35))
    assert ahead is not None
    assert abs(ahead.expected - 140) < 1


def test_a_month_that_is_over_has_nothing_to_come() -> None:
    ahead = forecast(MONDAY, weeks(1, *["10"] * 7), MONDAY + timedelta(days=7))
    assert ahead is not None
    assert (ahead.expected, ahead.p10, ahead.p90) == (0, 0, 0)


def test_without_a_day_there_is_no_forecast() -> None:
    assert forecast(MONDAY, [], MONDAY + timedelta(days=7)) is None


def test_what_has_swung_before_is_given_a_wider_range() -> None:
    until = MONDAY + timedelta(days=49)
    calm = forecast(MONDAY, weeks(5, *["10"] * 7), until)
    wild = forecast(MONDAY, [Decimal(2 if n // 7 % 2 else 18) for n in range(28)] + weeks(1, *["10"] * 7), until)
    assert calm is not None
    assert wild is not None
    assert wild.p90 - wild.p10 > calm.p90 - calm.p10


@given(
    costs=st.lists(st.decimals(-50, 5000, places=4), min_size=1, max_size=70),
    days=st.integers(0, 40),
)
def test_the_range_holds_the_forecast_and_comes_out_the_same_again(costs: list[Decimal], days: int) -> None:
    until = MONDAY + timedelta(days=len(costs) + days)
    ahead = forecast(MONDAY, costs, until)
    assert ahead is not None
    assert ahead.p10 <= ahead.expected <= ahead.p90
    assert ahead == forecast(MONDAY, costs, until)


@given(st.lists(st.decimals(0, 100, places=2), min_size=14, max_size=40), st.sampled_from([2, 10]))
def test_ten_times_the_cost_is_ten_times_the_forecast(costs: list[Decimal], factor: int) -> None:
    until = MONDAY + timedelta(days=len(costs) + 10)
    once, more = forecast(MONDAY, costs, until), forecast(MONDAY, [cost * factor for cost in costs], until)
    assert once is not None
    assert more is not None
    assert abs(more.expected - once.expected * factor) < Decimal("0.001")


def test_a_replay_judges_only_whole_months_it_had_history_for() -> None:
    costs = {date(2026, 8, 1) + timedelta(days=n): Decimal(10) for n in range(61)}
    found = list(replay(costs))
    assert {one.known for one in found if one.inside} == set(range(2, 30))
    assert max(one.error for one in found) < Decimal("0.0001")
