"""Tag gaps: who carries a required tag, who does not, who never could."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from finops.config import Settings, TagPolicy
from finops.document import Document
from finops.errors import UsageError
from finops.tag_gaps import below, coverage, tag_gaps
from tests.small_ledger import LINES, SETTINGS, Line, small_ledger

TOTAL = sum(Decimal(line.amortized or line.cost) for line in LINES)


def rows(document: Document) -> list[dict[str, Any]]:
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def by_tag(document: Document) -> dict[str, dict[str, Any]]:
    table = document.totals["by_tag"]
    found = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
    return {row["tag"]: row for row in found}


def gaps(**values: Any) -> Document:
    return tag_gaps(small_ledger(metric="amortized", **values))


def test_each_resource_without_a_tag_is_a_row_with_its_cause_dearest_first() -> None:
    assert [(row["tag"], row["cause"], row["resource_id"], row["cost"]) for row in rows(gaps())] == [
        ("Environment", "invalid_value", "i-qa", Decimal("50.5")),
        ("Owner", "empty", "i-qa", Decimal("50.5")),
        ("Environment", "missing", "arn:aws:s3:::logs", Decimal(25)),
        ("Environment", "missing", "i-plan", Decimal(21)),
        ("Owner", "missing", "i-plan", Decimal(21)),
    ]


def test_a_row_says_where_the_resource_is() -> None:
    row = rows(gaps())[2]
    assert list(row)[:6] == ["tag", "cause", "account", "region", "service", "resource_id"]
    assert (row["account"], row["region"], row["service"]) == ("000000000002", "us-east-2", "AmazonS3")


def test_tagged_gap_and_untaggable_are_the_whole_bill() -> None:
    for total in by_tag(gaps()).values():
        assert total["tagged_cost"] + total["gap_cost"] + total["untaggable_cost"] == total["total_cost"] == TOTAL
        assert total["tagged_cost"] + total["gap_cost"] == total["taggable_cost"]


def test_the_gap_of_a_tag_is_the_sum_of_its_rows_without_a_value() -> None:
    document = gaps()
    for tag, total in by_tag(document).items():
        held = [row for row in rows(document) if row["tag"] == tag]
        assert total["gap_cost"] == sum(row["cost"] for row in held if row["counts_as"] == "gap")
        assert total["invalid_cost"] == sum(row["cost"] for row in held if row["cause"] == "invalid_value")


def test_each_cause_is_the_sum_of_its_rows_and_says_what_closes_it() -> None:
    document = gaps()
    table = document.totals["by_cause"]
    for total in (dict(zip(table.names, row, strict=True)) for row in table.read(None)):
        held = [row for row in rows(document) if (row["tag"], row["cause"]) == (total["tag"], total["cause"])]
        assert (total["resources"], total["cost"]) == (len(held), sum(row["cost"] for row in held))
        assert total["fix"]


def test_what_can_carry_no_tag_is_told_by_kind_and_sums_to_the_untaggable_cost() -> None:
    document = gaps()
    charges = dict(document.totals["untaggable"].read(None))
    assert set(charges) == {"Tax", "SavingsPlanRecurringFee", "SavingsPlanNegation"}
    assert sum(charges.values()) == by_tag(document)["Owner"]["untaggable_cost"]


def test_coverage_is_told_week_by_week() -> None:
    table = gaps().totals["by_week"]
    assert table.names == ("week", "tag:Environment", "tag:Owner")
    assert [(str(week), owner) for week, _, owner in table.read(None)] == [
        ("2026-10-05", Decimal("66.4451")),
        ("2026-10-12", Decimal("54.3478")),
    ]


def test_resources_are_counted_beside_dollars() -> None:
    totals = by_tag(gaps())
    assert [(row["resources"], row["tagged_resources"]) for row in totals.values()] == [(5, 3), (5, 3)]
    assert totals["Owner"]["resource_coverage"] == 60


def test_every_key_that_decided_a_tag_is_there_with_the_rule_that_mapped_it() -> None:
    table = gaps().totals["keys"]
    assert list(table.read(None)) == [
        ("Environment", "user_environment", "exact", Decimal("150.5000000121")),
        ("Owner", "user_owner", "exact", Decimal("125.0000000121")),
    ]


def test_coverage_is_in_percent_of_what_could_carry_the_tag() -> None:
    totals = by_tag(gaps())
    assert totals["Environment"]["taggable_cost"] == Decimal("196.5000000121")
    assert totals["Environment"]["gap_cost"] == 46
    assert totals["Environment"]["coverage"] == Decimal("76.5903")


def test_a_value_the_policy_does_not_know_counts_as_tagged_and_is_said() -> None:
    (problem,) = gaps().problems
    assert (problem.code, problem.where) == ("invalid_tag_value", "tag:Environment")
    assert "50.50 USD" in problem.message
    assert problem.message.endswith("tag sets with one: 1")


def test_unblended_says_where_the_negation_of_savings_plans_stands() -> None:
    assert "negation_without_tag" in [problem.code for problem in tag_gaps(small_ledger()).problems]


def test_a_resource_that_is_charged_on_many_days_is_one_row() -> None:
    lines = [Line(f"2026-10-{day:02}", "1.5", resource_id="i-1") for day in range(1, 31)]
    assert [row["cost"] for row in rows(gaps(lines=lines))] == [45, 45]


def test_a_resource_that_was_tagged_later_is_counted_only_before() -> None:
    lines = [
        Line("2026-10-01", "4", resource_id="i-1"),
        Line("2026-10-02", "6", resource_id="i-1", tag_set_id=1),
    ]
    document = gaps(lines=lines)
    assert {row["tag"]: (row["cause"], row["cost"]) for row in rows(document)} == {
        "Environment": ("late", 4),
        "Owner": ("late", 4),
    }
    assert by_tag(document)["Owner"]["coverage"] == 60


@pytest.mark.parametrize("lines", [[], [Line("2026-10-01", "5")], [Line("2026-10-01", "0", resource_id="i-1")]])
def test_coverage_of_nothing_is_unknown_not_full(lines: list[Line]) -> None:
    document = gaps(lines=lines)
    assert [total["coverage"] for total in by_tag(document).values()] == [None, None]
    assert below(document, Decimal(0)) == [("Environment", None), ("Owner", None)]


def test_coverage_never_rounds_up_to_all() -> None:
    assert coverage(Decimal("999999.9999999999"), Decimal("1000000")) == Decimal("99.9999")
    assert coverage(Decimal("1000000"), Decimal("1000000")) == 100


def test_the_threshold_is_held_against_exact_figures() -> None:
    document = gaps(lines=[Line("2026-10-01", "999999.9999999999", resource_id="i-1", tag_set_id=1),
                           Line("2026-10-01", "0.0000000001", resource_id="i-2")])  # fmt: skip
    assert [tag for tag, _ in below(document, Decimal(100))] == ["Environment", "Owner"]
    assert below(document, Decimal("99.9999")) == []


def test_a_required_tag_that_no_line_carries_is_there() -> None:
    settings = replace(SETTINGS, tags=TagPolicy(required=("Project",)))
    document = gaps(settings=settings)
    assert by_tag(document)["Project"]["coverage"] == 0
    assert [(row["cause"], row["account"], row["resources"]) for row in rows(document)] == [
        ("key_not_in_export", "000000000001", 5)
    ]
    assert rows(document)[0]["cost"] == by_tag(document)["Project"]["gap_cost"]


def test_no_required_tag_is_an_error() -> None:
    with pytest.raises(UsageError, match="no tag is required"):
        gaps(settings=Settings(tags=TagPolicy(required=())))
