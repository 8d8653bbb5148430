"""The commitment that costs least: worked examples, an independent linear program, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array

from finops.advice.allocation import Eligible, allocate
from finops.advice.commitment import Demand, best_commitment, cost_curve, covered_share, demand, outcome


def uniform(hourly: list[float], discount: float) -> Demand:
    used = [(hour, cost) for hour, cost in enumerate(hourly) if cost]
    costs = np.array([cost for _, cost in used])
    return demand(len(hourly), [hour for hour, _ in used], costs, costs * (1 - discount))


def test_a_day_at_one_discount() -> None:
    # twelve hours of 10, eight of 6, four of 4, at 28 %: worked by hand
    day = uniform([10.0] * 12 + [6.0] * 8 + [4.0] * 4, 0.28)
    assert best_commitment(day) == pytest.approx(4.32)
    assert outcome(day, 4.32).cost == pytest.approx(151.68)
    assert day.on_demand.sum() == 184


def test_the_highest_saving_is_covered_first_and_the_last_item_in_part() -> None:
    # four r5 at 1.00 -> 0.60, ten Fargate at 0.10 -> 0.08, one Windows at 2.00 -> 1.70, commitment 3.00
    hour = demand(1, [0] * 15, [2.0] + [0.1] * 10 + [1.0] * 4, [1.7] + [0.08] * 10 + [0.6] * 4)
    share = covered_share(hour, np.array([3.0]))
    assert share[:4].tolist() == [1.0] * 4
    assert share[4:14].sum() == pytest.approx(7.5)
    assert share[14] == 0
    assert outcome(hour, 3.0).cost == pytest.approx(5.25)


@pytest.mark.parametrize("discount", [0.1, 0.28, 0.5, 0.72])
def test_at_one_discount_the_best_is_that_quantile_of_the_demand(discount: float) -> None:
    hourly = np.random.default_rng(7).uniform(1, 100, 1000).round(4)
    best = best_commitment(uniform(list(hourly), discount))
    needed = np.sort(hourly * (1 - discount))
    assert best == pytest.approx(needed[round(discount * 1000) - 1])


def test_hours_without_usage_count() -> None:
    # used in 60 of 100 hours: a plan must save more than 40 % to be worth anything
    rare = [10.0] * 60 + [0.0] * 40
    assert best_commitment(uniform(rare, 0.39)) == 0
    assert best_commitment(uniform(rare, 0.41)) == pytest.approx(5.9)


def test_nothing_to_cover_needs_no_commitment() -> None:
    nothing = demand(24, [], [], [])
    assert best_commitment(nothing) == 0
    assert outcome(nothing, 0).utilisation is None
    assert outcome(nothing, 1.0).unused == 24


@pytest.mark.parametrize(
    ("hour", "full", "reduced"), [([2], [1.0], [0.5]), ([0], [1.0], [0.0]), ([0], [1.0], [1.1]), ([-1], [1.0], [1.0])]
)
def test_items_that_no_plan_could_cover_are_refused(hour: list[int], full: list[float], reduced: list[float]) -> None:
    with pytest.raises(ValueError, match=r"hour|cost"):
        demand(2, hour, full, reduced)


items = st.lists(st.tuples(st.integers(0, 5), st.floats(0.001, 50), st.floats(0.0, 0.75)), min_size=0, max_size=60)


def of_items(found: list[tuple[int, float, float]]) -> Demand:
    full = np.array([cost for _, cost, _ in found])
    reduced = full * (1 - np.array([saved for _, _, saved in found]))
    return demand(6, [hour for hour, _, _ in found], full, reduced)


def least_cost_by_linear_program(asked: Demand, committed: float | None = None, least: float = 0.0) -> float:
    """The least cost over commitments (at one, or from one on), each item covered in any share and in any order."""
    count = len(asked.hour)
    costs = np.append(-asked.on_demand, asked.hours)
    rows = np.append(asked.hour, np.arange(asked.hours))
    columns = np.append(np.arange(count), np.full(asked.hours, count))
    values = np.append(asked.plan_cost, np.full(asked.hours, -1.0))
    limits = coo_array((values, (rows, columns)), shape=(asked.hours, count + 1))
    bounds = [(0.0, 1.0)] * count + [(committed or least, committed)]
    solved = linprog(costs, A_ub=limits.tocsr(), b_ub=np.zeros(asked.hours), bounds=bounds, method="highs")
    assert solved.success
    return float(solved.fun + asked.on_demand.sum())


@settings(max_examples=150, deadline=None)
@given(items)
def test_the_minimum_is_that_of_a_linear_program(found: list[tuple[int, float, float]]) -> None:
    asked = of_items(found)
    best = outcome(asked, best_commitment(asked))
    assert best.cost == pytest.approx(least_cost_by_linear_program(asked), abs=1e-6, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(items, st.floats(0, 60))
def test_beside_a_plan_that_is_held_the_best_is_that_of_a_linear_program_from_it_on(
    found: list[tuple[int, float, float]], held: float
) -> None:
    # what the plan covers is taken away first, in AWS's order; the rest is optimised
    asked = of_items(found)
    usage = Eligible(asked.hour, asked.on_demand, asked.plan_cost, asked.plan_cost, np.ones(len(asked.hour), bool))
    left = 1 - allocate(usage, np.full(asked.hours, held))
    rest = left > 1e-12
    residual = demand(6, asked.hour[rest], (asked.on_demand * left)[rest], (asked.plan_cost * left)[rest])
    cost = outcome(residual, best_commitment(residual)).cost + held * asked.hours
    assert cost == pytest.approx(least_cost_by_linear_program(asked, least=held), abs=1e-6, rel=1e-9)


@settings(max_examples=75, deadline=None)
@given(items, st.floats(0, 60))
def test_any_commitment_costs_what_a_linear_program_says(found: list[tuple[int, float, float]], at: float) -> None:
    # covering the highest saving first is the best a commitment can do
    asked = of_items(found)
    assert outcome(asked, at).cost == pytest.approx(least_cost_by_linear_program(asked, at), abs=1e-6, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(items, st.floats(0, 100))
def test_what_is_paid_is_used_or_lost_and_what_is_saved_is_the_difference(
    found: list[tuple[int, float, float]], at: float
) -> None:
    asked, full = of_items(found), sum(cost for _, cost, _ in found)
    told = outcome(asked, at)
    assert told.cost == pytest.approx(full - told.saving)
    assert told.cost == pytest.approx(at * 6 + full - told.covered)
    assert -1e-9 <= told.unused <= at * 6 + 1e-9
    assert told.cost >= outcome(asked, best_commitment(asked)).cost - 1e-9


def test_existing_commitments_of_each_hour_take_their_share() -> None:
    usage = demand(2, [0, 1], [10.0, 10.0], [5.0, 5.0])
    assert covered_share(usage, np.array([2.5, 7.0])).tolist() == [0.5, 1.0]


def test_the_curve_is_the_cost_at_each_commitment() -> None:
    day = uniform([10.0] * 12 + [6.0] * 8 + [4.0] * 4, 0.28)
    assert cost_curve(day, [0, 4.32]).tolist() == pytest.approx([184, 151.68])
