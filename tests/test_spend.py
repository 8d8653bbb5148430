"""Spend by any dimension: every row there, in the right order, summing to the mart."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.dimensions import DIMENSIONS, parse_by
from finops.document import Document
from finops.reader import Ledger
from finops.spend import spend
from tests.small_ledger import LINES, Line, small_ledger

TOTAL = sum(Decimal(line.cost) for line in LINES)
WORDS = [word.replace("NAME", "team").replace("KEY", "Environment") for word in DIMENSIONS]


def rows(document: Document) -> list[dict[str, Any]]:
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def test_no_dimension_is_one_row_of_everything() -> None:
    document = spend(small_ledger(), [])
    assert rows(document) == [{"cost": TOTAL}]
    assert document.totals == {"cost": TOTAL}


@cache
def one_ledger() -> Ledger:
    return small_ledger()


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True))
def test_the_rows_of_any_dimensions_sum_to_the_total(words: list[str]) -> None:
    document = spend(one_ledger(), parse_by(",".join(words)))
    assert sum(row["cost"] for row in rows(document)) == TOTAL
    assert document.rows.count == len(rows(document))


def test_rows_carry_the_dimensions_as_typed_and_the_dearest_comes_first() -> None:
    document = spend(small_ledger(), parse_by("tag:Environment,resource"))
    assert rows(document)[:2] == [
        {"tag:Environment": "prod", "resource_id": "i-web", "cost": Decimal("100.0000000001")},
        {"tag:Environment": "(invalid)", "resource_id": "i-qa", "cost": Decimal("50.5")},
    ]


def test_time_runs_forward_when_it_comes_first() -> None:
    found = rows(spend(small_ledger(), parse_by("month,day,service")))
    days = [row["day"] for row in found]
    assert days == sorted(days)
    of_13th = [row["cost"] for row in found if row["day"] == "2026-10-13"]
    assert of_13th == sorted(of_13th, reverse=True)


def test_time_behind_another_dimension_does_not_decide_the_order() -> None:
    costs = [row["cost"] for row in rows(spend(small_ledger(), parse_by("service,day")))]
    assert costs == sorted(costs, reverse=True)


def test_amortized_takes_the_plan_apart_where_it_was_used() -> None:
    by_type = {
        row["line_item_type"]: row["cost"]
        for row in rows(spend(small_ledger(metric="amortized"), parse_by("line_item_type")))
    }
    assert by_type["SavingsPlanCoveredUsage"] == 21
    assert by_type["SavingsPlanNegation"] == 0


@pytest.mark.parametrize("by", ["tag:Environment", "resource", "environment", "day,cost_category:team"])
def test_unblended_by_tag_or_resource_says_where_the_negation_stands(by: str) -> None:
    codes = [problem.code for problem in spend(small_ledger(), parse_by(by)).problems]
    assert codes == ["negation_without_tag"]


@pytest.mark.parametrize(("metric", "by"), [("amortized", "tag:Environment"), ("unblended", "service,day")])
def test_nothing_is_said_of_negation_where_it_does_no_harm(metric: str, by: str) -> None:
    assert spend(small_ledger(metric=metric), parse_by(by)).problems == []


def test_a_tag_that_the_settings_do_not_name_can_be_asked_for() -> None:
    found = rows(spend(small_ledger(tags=["OWNER"]), parse_by("tag:OWNER")))
    assert {row["tag:OWNER"] for row in found} == {"web", "data", "(untagged)", "(untaggable)"}


def test_nothing_charged_is_no_row_and_is_said() -> None:
    document = spend(small_ledger(lines=[]), parse_by("day"))
    assert rows(document) == []
    assert document.totals == {"cost": 0}
    assert [problem.code for problem in document.problems] == ["no_rows"]


def test_ten_decimals_and_large_sums_stay_exact() -> None:
    lines = [Line("2026-10-01", "99999999999999999999.0000000001"), Line("2026-10-01", "0.0000000001")]
    assert spend(small_ledger(lines), []).totals["cost"] == Decimal("99999999999999999999.0000000002")
