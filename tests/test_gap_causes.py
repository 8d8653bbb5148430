"""Each gap has one cause, what it should be, and somebody who can change it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.config import ValueRule, parse_settings
from finops.config.policy import value_reader
from finops.gaps.causes import causes
from finops.gaps.nearness import near_keys, value_hinter
from finops.tag_gaps import tag_gaps
from tests.gap_ledger import DEV, GOOD, LINES, SETTINGS, ingest, line, opened

Row = dict[str, Any]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(tmp_path_factory.mktemp("gaps"))


def found(database: Path, settings: str = SETTINGS, **asked: Any) -> list[Row]:
    with opened(database, settings, **asked) as ledger:
        document = tag_gaps(ledger)
        return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def of(rows: list[Row], resource: str) -> Row:
    (row,) = (row for row in rows if row["resource_id"] == resource)
    return row


@pytest.fixture(scope="module")
def rows(database: Path) -> list[Row]:
    return found(database)


@pytest.mark.parametrize(
    ("resource", "tag", "cause", "counts_as", "value", "suggestion", "cost"),
    [
        ("i-missing", "Environment", "missing", "gap", "", "", 10),
        ("i-empty", "Owner", "empty", "gap", "", "", 20),
        ("i-late", "Owner", "late", "gap", "", "", 3),
        ("i-listed", "Environment", "wrong_key", "tagged", "Production", "prod", 30),
        ("i-misspelled", "CostCenter", "wrong_key", "gap", "CC-1", "CC-1", 40),
        ("i-invalid", "Environment", "invalid_value", "tagged", "prodd", "prod", 50),
        ("i-contradicts", "Environment", "contradicts", "tagged", "prod", "dev", 60),
    ],
)
def test_each_fault_has_its_cause_its_suggestion_and_its_cost(
    rows: list[Row], resource: str, tag: str, cause: str, counts_as: str, value: str, suggestion: str, cost: int
) -> None:
    row = of(rows, resource)
    told = (row["tag"], row["cause"], row["counts_as"], row["value"], row["suggestion"], row["cost"])
    assert told == (tag, cause, counts_as, value, suggestion, cost)


def test_a_key_that_no_line_carries_is_one_finding_and_not_one_per_resource(rows: list[Row]) -> None:
    (row,) = (row for row in rows if row["tag"] == "Project")
    assert (row["cause"], row["account"], row["resource_id"]) == ("key_not_in_export", "000000000001", "(all)")
    assert (row["resources"], row["cost"]) == (8, sum(Decimal(one["lineItem/UnblendedCost"]) for one in LINES) - 7)


def test_what_is_right_is_no_finding_and_a_line_without_a_resource_is_none_either(rows: list[Row]) -> None:
    assert {row["resource_id"] for row in rows} == {
        "(all)", "i-missing", "i-empty", "i-late", "i-listed", "i-misspelled", "i-invalid", "i-contradicts",
    }  # fmt: skip


def test_the_raw_key_stands_beside_the_tag_it_means(rows: list[Row]) -> None:
    assert of(rows, "i-listed")["key"] == "user:env"
    assert of(rows, "i-misspelled")["key"] == "user:CostCentre"


def test_the_owner_is_whom_the_tag_names_by_handle_and_else_the_one_of_the_account(tmp_path: Path) -> None:
    database = ingest(tmp_path, [
        line("i-1", Owner="web"), line("i-2", account=DEV), line("i-3", Owner="x"), line("i-4", **GOOD, Name="four"),
    ])  # fmt: skip
    rows = [
        row for row in found(database, SETTINGS.replace('"CostCenter", "Project"', '"Name"')) if row["tag"] == "Name"
    ]
    assert {row["resource_id"]: (row["owner"], row["owner_basis"]) for row in rows} == {
        "i-1": ("@web-team", "tag"),
        "i-2": ("platform", "account"),
        "i-3": ("x", "tag"),
    }


def test_a_region_speaks_only_for_an_environment_that_names_no_account(tmp_path: Path) -> None:
    database = ingest(tmp_path, [line("i-1", account="000000000099", **GOOD)])
    by_region = SETTINGS.replace('["000000000010"] }', '["000000000010"], region = ["us-east-2"] }')
    assert "contradicts" not in {row["cause"] for row in found(database, by_region)}
    only_region = SETTINGS.replace('account = ["000000000010"]', 'region = ["us-east-2"]')
    assert (
        of([row for row in found(database, only_region) if row["cause"] == "contradicts"], "i-1")["suggestion"] == "dev"
    )


def test_the_first_and_the_last_day_of_a_gap_are_its_own(rows: list[Row]) -> None:
    row = of(rows, "i-late")
    assert (str(row["first_seen"]), str(row["last_seen"])) == ("2026-10-05", "2026-10-05")


def test_filters_keep_the_cause_that_the_whole_bill_shows(database: Path) -> None:
    (row,) = (row for row in found(database, where=("resource=i-late",)) if row["tag"] == "Owner")
    assert (row["cause"], row["cost"]) == ("late", 3)


def test_suppressed_gaps_stay_in_every_sum_and_say_why(database: Path) -> None:
    accepted = (
        SETTINGS
        + """
[[suppress]]
rule = "untagged_spend"
where = { resource = "i-mis*", cause = "missing" }
reason = "is torn down in March"
[[suppress]]
rule = "untagged_spend"
where = { resource = "i-empty" }
reason = "ended"
until = 2020-01-01
"""
    )
    with opened(database, accepted) as ledger:
        document = tag_gaps(ledger)
        rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
        totals = [
            dict(zip(document.totals["by_tag"].names, row, strict=True)) for row in document.totals["by_tag"].read(None)
        ]
    assert {row["resource_id"]: row["suppressed"] for row in rows if row["suppressed"]} == {
        "i-missing": "is torn down in March"
    }
    assert [one.code for one in document.problems if one.code.startswith("suppression")] == ["suppression_ended"]
    assert next(total for total in totals if total["tag"] == "Environment")["gap_cost"] == 10
    assert [total["suppressed_cost"] for total in totals] == [10, 0, 0, 0]


def test_every_id_is_of_one_finding_and_the_same_tomorrow(database: Path, rows: list[Row]) -> None:
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["id"] for row in rows} == {row["id"] for row in found(database)}


def test_every_cause_says_what_it_means_and_what_closes_it() -> None:
    assert all(one.meaning and one.fix and one.counts_as in ("gap", "tagged", "either") for one in causes().values())


# --- what it should have been


def test_a_misspelled_key_is_near_and_a_key_of_the_policy_is_not() -> None:
    policy = parse_settings('[tags]\nrequired = ["CostCenter", "Owner", "RTO"]\noptional = ["Owners"]').tags
    keys = ["user:CostCentre", "user:Owners", "user:RPO", "aws:createdBy", "user:Owner"]
    assert near_keys(policy, "CostCenter", keys) == ["user:CostCentre"]
    assert near_keys(policy, "Owner", keys) == []
    assert near_keys(policy, "RTO", keys) == []


@pytest.mark.parametrize(
    ("raw", "hint"), [("prodd", "prod"), (" PRODUCTIONS", "prod"), ("devel", "dev"), ("sandbox", ""), ("prod", "prod")]
)
def test_the_nearest_allowed_value_is_suggested_or_none(raw: str, hint: str) -> None:
    rule = ValueRule(allowed=("dev", "staging", "prod"), aliases={"prod": ("production",)})
    assert value_hinter(rule)(raw) == hint


def test_without_a_list_a_value_of_the_bill_that_is_nearly_the_same_is_suggested() -> None:
    hint = value_hinter(ValueRule(pattern="CC-[A-Z]+-[0-9]{3}"), ("CC-LAB-201", "CC-SHOP-101"))
    assert [hint("LAB-201"), hint("CC_SHOP_101"), hint("marketing")] == ["CC-LAB-201", "CC-SHOP-101", ""]


@given(st.text(max_size=12))
def test_a_suggestion_is_always_a_value_the_settings_allow(raw: str) -> None:
    rule = ValueRule(allowed=("dev", "Staging", "prod"), aliases={"prod": ("production",)})
    hint = value_hinter(rule)(raw)
    assert hint == "" or value_reader(rule)(hint) == (hint, "valid")


# --- typed values


@pytest.mark.parametrize(
    ("kind", "valid", "invalid"),
    [
        (
            'type = "number"\nmin = 0\nmax = 10.5',
            ["0", " 7 ", "10.5", "1e1"],
            ["-1", "10.51", "ten", "NaN", "inf", "1_0", "٣"],
        ),
        (
            'type = "date"\nmin = 2026-01-01',
            ["2026-01-01", " 2027-12-31 "],
            ["2025-12-31", "20270101", "2026-13-01", "soon"],
        ),
        ('type = "date"\nallowed = ["never"]', ["2026-01-01", "Never"], ["later"]),
    ],
)
def test_a_value_may_be_a_number_or_a_day_within_bounds(kind: str, valid: list[str], invalid: list[str]) -> None:
    policy = parse_settings(f'[tags]\nrequired = ["Until"]\n[tags.values.Until]\n{kind}').tags
    read = value_reader(policy.values["Until"])
    assert [read(value)[1] for value in valid] == ["valid"] * len(valid)
    assert [read(value)[1] for value in invalid] == ["invalid"] * len(invalid)


@pytest.mark.parametrize("kind", ["number", "date", "text"])
@given(raw=st.text(max_size=10) | st.decimals(allow_nan=False).map(str) | st.dates().map(str))
def test_reading_a_value_twice_changes_nothing(kind: str, raw: str) -> None:
    read = value_reader(ValueRule(type=kind, allowed=("Never",)))  # type: ignore[arg-type]
    printed, state = read(raw)
    assert printed is None or read(printed) == (printed, state)
