"""What Cost Explorer alone can answer, what it cannot, and how it stands beside exports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.catalog import deliveries
from tests.cost_explorer_desk import CHARGES, SEPTEMBER, Ask, Captured, document, error, rows, serving, verbs
from tests.cost_explorer_server import ACCOUNT, Charge
from tests.tiny_export import write_export


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loaded")


@pytest.fixture(scope="module")
def loaded(home: Path) -> Ask:
    """Runs verbs over the months of Cost Explorer, loaded once."""
    ask = verbs(home)
    with serving():
        assert ask("ingest", "ce", "--days", "80") == 0
    return ask


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return verbs(tmp_path)


# --- what is loaded


@pytest.mark.parametrize("by", ["service", "line_item_type", "account", "tag:Owner", "tag:Environment", "week,service"])
@pytest.mark.parametrize("metric", ["unblended", "amortized"])
def test_every_cut_of_a_month_sums_to_the_same(by: str, metric: str, loaded: Ask, capsys: Captured) -> None:
    found = rows(loaded, capsys, "spend", "--by", by, "--metric", metric, "--period", "2026-09")
    name = {"unblended": "UnblendedCost", "amortized": "AmortizedCost"}[metric]
    assert sum(row["cost"] for row in found) == sum(c.cost(name) for c in CHARGES if c.day.month == 9)


def test_names_of_the_console_are_those_of_the_report(loaded: Ask, capsys: Captured) -> None:
    found = rows(loaded, capsys, "spend", "--by", "service,line_item_type,charge_category", "--period", "2026-09")
    named = {tuple(list(row.values())[:3]) for row in found}
    assert named == {
        ("Tax", "Tax", "Tax"),
        ("AmazonRDS", "RIFee", "Purchase"),
        ("AmazonEC2", "Usage", "Usage"),
        ("AWSLambda", "Credit", "Credit"),
        ("AWSLambda", "SavingsPlanCoveredUsage", "Usage"),
        ("AWSLambda", "SavingsPlanNegation", "Usage"),
    }


def test_a_tag_value_is_what_stands_behind_the_first_dollar(loaded: Ask, capsys: Captured) -> None:
    found = rows(loaded, capsys, "spend", "--by", "tag:environment", "--period", "2026-10")
    assert found == [{"tag:environment": "qa$1", "cost": Decimal("7.25")}]


def test_what_can_carry_no_tag_is_told_from_what_does_not(loaded: Ask, capsys: Captured) -> None:
    found = rows(loaded, capsys, "spend", "--by", "tag:Owner", "--period", "2026-09")
    assert {row["tag:Owner"]: row["cost"] for row in found} == {
        "web": Decimal("15.0000000001"),
        "(untagged)": Decimal(30),
        "(untaggable)": Decimal(8 + 9 - 30) - Decimal("2.5"),
    }


def test_a_month_with_an_estimated_day_is_not_final(loaded: Ask, home: Path) -> None:
    finality = {one.period: (one.format, one.final, one.vouched) for one in deliveries(home / "x.duckdb")}
    assert finality == {
        "2026-08": ("Cost Explorer", True, True),
        "2026-09": ("Cost Explorer", True, True),
        "2026-10": ("Cost Explorer", False, True),
    }


def test_what_was_not_asked_together_is_an_error_that_says_what_was(loaded: Ask, capsys: Captured) -> None:
    assert loaded("spend", "--by", "account,tag:Owner") == 2
    assert error(capsys) == [
        "error: Cost Explorer was not asked for account and tag:Owner together",
        "where: cost-explorer 2026-08 has service with one of line_item_type, account, tag:Environment, tag:Owner",
        "try: load an export: it has all dimensions",
    ]


NOT_ASKED, LOAD = "Cost Explorer was not asked for", "load an export: it has all dimensions"


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        ("--by region", f"{NOT_ASKED} region", LOAD),
        ("--where resource=i-1", f"{NOT_ASKED} resource", LOAD),
        ("--by tag:Team", f"{NOT_ASKED} tag:Team", "name Team in [tags] required and run finops ingest ce"),
        (
            "--metric list",
            "the export cannot give list cost: it has no usable list price",
            "another --metric, or deliver the export with that column",
        ),
    ],
    ids=["dimension", "filter", "tag", "metric"],
)
def test_what_cost_explorer_does_not_have_is_an_error_that_says_so(
    words: str, what: str, fix: str, loaded: Ask, capsys: Captured
) -> None:
    assert loaded("spend", *words.split()) == 2
    told = error(capsys)
    assert (told[0], told[-1]) == (f"error: {what}", f"try: {fix}")


def test_gaps_are_by_service_and_say_so(loaded: Ask, capsys: Captured) -> None:
    found = document(loaded, capsys, "tag-gaps", "--period", "2026-09")
    keys = ("tag", "cause", "account", "region", "service", "resource_id", "cost")
    assert [{key: row[key] for key in keys} for row in found["rows"]] == [
        {"tag": tag, "cause": "missing", "account": "(none)", "region": "(none)", "service": service,
         "resource_id": "(none)", "cost": cost}
        for tag, service, cost in (
            ("Environment", "AWSLambda", Decimal(21)),
            ("Owner", "AWSLambda", Decimal(21)),
            ("Environment", "AmazonEC2", Decimal(5)),
        )
    ]  # fmt: skip
    by_tag = {row["tag"]: row for row in found["totals"]["by_tag"]}
    assert (by_tag["Owner"]["tagged_cost"], by_tag["Owner"]["gap_cost"]) == (Decimal("15.0000000001"), Decimal(21))
    assert {row["total_cost"] for row in by_tag.values()} == {Decimal("50.5000000001")}
    assert "no_resources" in {problem["code"] for problem in found["problems"]}


def test_a_key_on_no_cost_may_not_be_activated(ask: Ask, capsys: Captured) -> None:
    with serving(active_tags=frozenset({"Environment"})):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "tag-gaps", "--period", "2026-09")
    assert {row["cause"] for row in found["rows"] if row["tag"] == "Owner"} == {"key_not_in_export"}
    (note,) = [problem for problem in found["problems"] if problem["code"] == "tag_on_no_cost"]
    assert (note["where"], "not activated" in note["message"]) == ("tag:Owner 2026-09", True)


def test_the_report_is_made_from_cost_explorer_alone(loaded: Ask, tmp_path: Path) -> None:
    assert loaded("report", "monthly", "-o", str(tmp_path / "report.md")) == 0
    text = (tmp_path / "report.md").read_text()
    assert "| 000000000003 | $5.00 |" in text
    assert "### Biggest gaps by service" in text
    assert "| Owner | AWSLambda | $21.00 |" in text
    assert "no\\_resources" in text


def test_longer_charges_that_cannot_be_told_by_account_are_named(ask: Ask, tmp_path: Path) -> None:
    fee = Charge(date(2026, 9, 2), Decimal("60"), record_type="RIFee")
    with serving(charges=(*CHARGES, fee)):
        assert ask("ingest", "ce", "--days", "80") == 0
    assert ask("report", "monthly", "-o", str(tmp_path / "report.md")) == 0
    assert "by account, 60.00 USD of longer charges stand among the daily ones" in (tmp_path / "report.md").read_text()


def test_what_a_grouping_leaves_out_has_a_name_and_a_note(ask: Ask, capsys: Captured) -> None:
    def without_tax(answer: dict[str, Any]) -> dict[str, Any]:
        if answer["GroupDefinitions"][1]["Key"] == "LINKED_ACCOUNT":
            for day in answer["ResultsByTime"]:
                day["Groups"] = [group for group in day["Groups"] if group["Keys"][0] != "Tax"]
        return answer

    with serving(edit=without_tax):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "spend", "--by", "account", "--period", "2026-09")
    assert {"account": "(not in this grouping)", "cost": Decimal(8)} in found["rows"]
    assert sum(row["cost"] for row in found["rows"]) == SEPTEMBER
    assert "not_in_grouping" in {problem["code"] for problem in found["problems"]}


# --- beside exports


def test_a_payers_month_that_an_export_holds_is_counted_from_the_export(
    ask: Ask, capsys: Captured, tmp_path: Path
) -> None:
    assert ask("ingest", str(write_export(tmp_path))) == 0
    with serving(payer="000000000001"):
        assert ask("ingest", "ce", "--days", "80") == 0
    found = document(ask, capsys, "spend", "--by", "billing_period,export")
    assert {(row["billing_period"], row["export"]) for row in found["rows"]} == {
        ("2026-08", "cost-explorer"), ("2026-09", "cost-explorer"), ("2026-10", "acme"),
    }  # fmt: skip
    codes = {problem["code"] for problem in found["problems"]}
    assert {"several_exports", "one_member_account"} <= codes
    regions = document(ask, capsys, "spend", "--by", "region,billing_period")
    assert {row["region"] for row in regions["rows"] if row["billing_period"] < "2026-10"} == {"(none)"}
    assert "dimension_missing" in {problem["code"] for problem in regions["problems"]}


def test_gaps_of_an_export_and_of_cost_explorer_stand_side_by_side(ask: Ask, capsys: Captured, tmp_path: Path) -> None:
    assert ask("ingest", str(write_export(tmp_path))) == 0
    with serving(payer="000000000001"):
        assert ask("ingest", "ce", "--days", "80") == 0
    found = document(ask, capsys, "tag-gaps", "--metric", "unblended")
    gaps = {(row["tag"], row["resource_id"], row["service"]): row["cost"] for row in found["rows"]}
    assert gaps["Owner", "i-2", "AmazonEC2"] == Decimal("4.5")
    assert gaps["Owner", "(none)", "AWSLambda"] == Decimal(30)
    assert ask("report", "monthly", "--metric", "unblended", "-o", str(tmp_path / "report.md")) == 0


def test_a_payer_that_may_not_be_asked_for_is_the_account_and_said(ask: Ask, capsys: Captured) -> None:
    with serving(payer=None):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "spend", "--by", "payer")
    assert [row["payer"] for row in found["rows"]] == [ACCOUNT]
    assert "payer_unknown" in {problem["code"] for problem in found["problems"]}


def test_an_account_without_an_organization_pays_itself(ask: Ask, capsys: Captured) -> None:
    with serving(payer=""):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "spend", "--by", "payer")
    assert [row["payer"] for row in found["rows"]] == [ACCOUNT]
    assert not {"payer_unknown", "one_member_account"} & {problem["code"] for problem in found["problems"]}


def test_two_currencies_are_kept_apart(ask: Ask, capsys: Captured) -> None:
    with serving(charges=(*CHARGES, Charge(date(2026, 9, 5), Decimal(3), "Amazon Braid", currency="CNY"))):
        assert ask("ingest", "ce", "--days", "30") == 0
    assert ask("spend") == 2
    assert error(capsys)[0] == "error: a total over CNY and USD means nothing"
    (total,) = rows(ask, capsys, "spend", "--where", "currency=CNY")
    assert total["cost"] == 3


def test_estimates_are_held_against_cost_explorer_by_service_and_that_is_said(
    ask: Ask, capsys: Captured, tmp_path: Path
) -> None:
    (tmp_path / "review.md").write_text("## Production (monthly)\n\n- ECS Fargate: $10\n- Lambda: $4\n")
    settings = tmp_path / "finops.toml"
    matched = '[environments.prod]\nmatch = { "tag:Environment" = ["prod"] }\nestimates = ["review.md"]\n'
    settings.write_text(settings.read_text() + matched)
    tags = {"Environment": "prod", "Owner": "web"}
    ecs = [Charge(date(2026, 10, day), Decimal("0.5"), "Amazon Elastic Container Service", tags=tags) for day in (5, 6)]
    with serving(charges=(*CHARGES, *ecs)):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "variance", "--period", "2026-10", "--env", "prod")
    lines = {row["line"]: (row["actual"], row["class"]) for row in found["rows"]}
    assert lines["ECS Fargate"] == (Decimal(1), "under")
    (note,) = [problem for problem in found["problems"] if problem["code"] == "usage_types_unknown"]
    assert "ECS Fargate is held against all of AmazonECS" in note["message"]
