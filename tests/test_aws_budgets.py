"""What AWS Budgets says, beside our own budgets: the real client against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from tests.aws_json_server import AwsServer, Refusal, aws_server, writing
from tests.estimated_bill import october

ACCOUNT = "000000000001"
INCLUDED = (
    "IncludeTax", "IncludeSubscription", "IncludeRefund", "IncludeCredit", "IncludeUpfront", "IncludeRecurring",
    "IncludeOtherSubscription", "IncludeSupport", "IncludeDiscount",
)  # fmt: skip
ALL_TYPES = {**dict.fromkeys(INCLUDED, True), "UseBlended": False, "UseAmortized": False}


def usd(amount: str, unit: str = "USD") -> dict[str, str]:
    return {"Amount": amount, "Unit": unit}


def cost_budget(name: str, limit: str = "100", actual: str = "40", ahead: str = "90", **values: Any) -> dict[str, Any]:
    return {
        "BudgetName": name,
        "BudgetLimit": usd(limit),
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": 1477958399.0, "End": 3706473600.0},
        "CostTypes": ALL_TYPES,
        "CalculatedSpend": {"ActualSpend": usd(actual), "ForecastedSpend": usd(ahead)},
        "LastUpdatedTime": datetime(2026, 10, 22, 7, 30, tzinfo=UTC).timestamp(),
        **values,
    }


def notice(kind: str, threshold: float, **values: Any) -> dict[str, Any]:
    return {"NotificationType": kind, "ComparisonOperator": "GREATER_THAN", "Threshold": threshold, **values}


FIRST = [
    cost_budget("all", "100", "104.4560000000000172803993336856365203857421875", "2641.548"),
    cost_budget("hours", BudgetType="USAGE", BudgetLimit=usd("10", "Hrs")),
]
SECOND = [
    cost_budget("web", CostTypes={**ALL_TYPES, "IncludeCredit": False, "UseAmortized": True},
                CostFilters={"Service": ["Amazon Simple Storage Service"]}),
    cost_budget("euro", BudgetLimit=usd("100", "EUR")),
    cost_budget("new", CalculatedSpend={"ActualSpend": usd("1")}, TimeUnit="QUARTERLY"),
    cost_budget("sick", HealthStatus={"Status": "UNHEALTHY", "StatusReason": "FILTER_INVALID"}),
    {key: value for key, value in cost_budget("plan", PlannedBudgetLimits={
        "1759276800": usd("30"), "1790812800": usd("60"), "1793491200": usd("99")}).items() if key != "BudgetLimit"},
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("aws_budgets")
    export = october(folder)
    text = '[environments.prod]\nmatch = { "tag:Environment" = ["prod"] }\nbudget = { month = 600 }\n'
    (folder / "finops.toml").write_text(text)
    with chdir(folder):
        assert main(["ingest", str(export)]) == 0
        yield folder


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with aws_server() as server:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_CONFIG_FILE": "/dev/null",
            "FINOPS_TODAY": "2026-10-22",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        server.answers["sts", "GetCallerIdentity"] = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/x"}
        server.answers["budgets", "DescribeBudgets"] = lambda asked: (
            {"Budgets": SECOND} if asked.get("NextToken") == "more" else {"Budgets": FIRST, "NextToken": "more"}
        )
        server.answers["budgets", "DescribeBudgetNotificationsForAccount"] = {
            "BudgetNotificationsForAccount": [
                {"BudgetName": "web", "Notifications": [notice("ACTUAL", 40.0), notice("ACTUAL", 85.5),
                                                       notice("ACTUAL", 30, ThresholdType="ABSOLUTE_VALUE"),
                                                       notice("FORECASTED", 80, ThresholdType="PERCENTAGE")]}
            ]
        }  # fmt: skip
        yield server


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["variance", "--budgets", "--aws", "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return found


def test_every_page_of_budgets_stands_below_ours(
    place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    document = answer(capsys)
    assert [(row["budget"], row["source"], row["class"]) for row in document["rows"]] == [
        ("prod", "finops.toml:3", "within"),
        ("all", "AWS Budgets", "over"),
        ("web", "AWS Budgets", "alert"),
        ("euro", "AWS Budgets", "could_not_check"),
        ("new", "AWS Budgets", "within"),
        ("sick", "AWS Budgets", "could_not_check"),
        ("plan", "AWS Budgets", "forecast_over"),
    ]
    assert document["totals"] == {"over": 1, "forecast_over": 1, "alert": 1, "within": 2, "could_not_check": 2}
    assert not writing(aws.calls)
    assert {call.body["AccountId"] for call in aws.calls if call.service == "budgets"} == {ACCOUNT}


def test_amounts_are_exact_to_ten_decimals(place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = [row for row in answer(capsys)["rows"] if row["budget"] == "all"]
    assert (row["actual"], row["forecast"], row["used_percent"]) == (
        Decimal("104.456"), Decimal("2641.548"), Decimal("104.456"),
    )  # fmt: skip
    assert (row["start"], row["end"], row["complete_through"]) == ("2026-10-01", "2026-11-01", None)
    assert (row["metric"], row["detail"]) == ("unblended", "updated 2026-10-22 07:30 UTC")


def test_notifications_are_the_steps(place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = [row for row in answer(capsys)["rows"] if row["budget"] == "web"]
    assert (row["alert_reached"], row["next_alert"], row["forecast_alert_reached"]) == (40, Decimal("85.5"), 80)
    assert row["metric"] == "amortized"
    assert row["detail"] == (
        "without credits; only Service Amazon Simple Storage Service; updated 2026-10-22 07:30 UTC"
    )


def test_what_aws_cannot_tell_is_said(place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["budget"]: row for row in answer(capsys)["rows"]}
    assert found["euro"]["detail"].startswith("it is in EUR, the bill in USD; ")
    assert found["sick"]["detail"].startswith("AWS calls it unhealthy: FILTER_INVALID; ")
    assert (found["new"]["forecast"], found["new"]["start"]) == (None, "2026-10-01")
    assert found["euro"]["actual"] is None


def test_of_planned_limits_the_one_that_has_begun_counts(
    place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = [row for row in answer(capsys)["rows"] if row["budget"] == "plan"]
    assert (row["limit"], row["class"]) == (60, "forecast_over")


def test_the_difference_and_budgets_of_no_cost_are_problems(
    place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {one["code"]: one["message"] for one in answer(capsys)["problems"]}
    assert found["aws_budgets"].startswith(
        f"account {ACCOUNT} has 6 cost budget(s) in AWS Budgets: unblended cost with"
    )
    assert found["budget_of_no_cost"] == "no budget of cost, but of USAGE: hours"


def test_an_account_without_budgets_is_an_answer(
    place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.answers["budgets", "DescribeBudgets"] = {"NextToken": None}
    document = answer(capsys)
    assert [row["source"] for row in document["rows"]] == ["finops.toml:3"]
    assert f"account {ACCOUNT} has 0 cost budget(s)" in str(document["problems"])


@pytest.mark.parametrize("operation", ["DescribeBudgets", "DescribeBudgetNotificationsForAccount"])
def test_a_refusal_names_the_permission(
    place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    aws.answers["budgets", operation] = Refusal("AccessDeniedException")
    capsys.readouterr()
    assert main(["variance", "--budgets", "--aws"]) == 4
    said = capsys.readouterr()
    assert said.err.startswith("error: access denied: budgets:ViewBudget\n  where: AWS Budgets\n")
    assert not said.out


def test_without_budgets_aws_is_not_asked(place: Path, aws: AwsServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["variance", "--aws"]) == 2
    assert main(["variance", "--budgets"]) == 0
    assert not aws.calls
