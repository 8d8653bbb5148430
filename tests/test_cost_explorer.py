"""finops ingest ce, from the command line to a server that speaks the protocol of Cost Explorer on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.catalog import deliveries, store_of
from finops.cli import main
from tests.cost_explorer_server import ACCOUNT, TODAY, Charge, Server, cost_explorer, environment
from tests.tiny_export import write_export

REQUIRED = ("Environment", "Owner")
CUTS = 2 + len(REQUIRED)
PROD = {"Environment": "prod", "Owner": "web"}
CHARGES = (
    Charge(date(2026, 8, 3), Decimal("20.5"), tags=PROD),
    Charge(date(2026, 9, 1), Decimal("8"), "Tax", "Tax"),
    Charge(date(2026, 9, 1), Decimal("9"), "Amazon Relational Database Service", "Recurring reservation fee"),
    Charge(date(2026, 9, 2), Decimal("10.0000000001"), tags=PROD),
    Charge(date(2026, 9, 2), Decimal("5"), "EC2 - Other", account="000000000003", tags={"Owner": "web"}),
    Charge(date(2026, 9, 3), Decimal("-2.5"), "AWS Lambda", "Credit"),
    Charge(date(2026, 9, 3), Decimal("30"), "AWS Lambda", "SavingsPlanCoveredUsage", amortized=Decimal("21")),
    Charge(date(2026, 9, 3), Decimal("-30"), "AWS Lambda", "SavingsPlanNegation", amortized=Decimal("0")),
    Charge(date(2026, 10, 26), Decimal("7.25"), "AWS Lambda", tags={"Environment": "qa$1"}),
)
SEPTEMBER = Decimal("29.5000000001")

Ask = Callable[..., int]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb"


@pytest.fixture
def ask(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs a verb with the database and settings of the test; retries wait for nothing."""
    settings = tmp_path / "finops.toml"
    settings.write_text(f"[tags]\nrequired = {json.dumps(REQUIRED)}\n")
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def run(*words: str) -> int:
        return main([*words, "--db", str(database), "--config", str(settings)])

    return run


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Server]]:
    @contextmanager
    def serve(charges: tuple[Charge, ...] = CHARGES, **options: Any) -> Iterator[Server]:
        with cost_explorer(charges, **options) as server:
            for name, value in environment(server).items():
                monkeypatch.setenv(name, value)
            monkeypatch.delenv("AWS_PROFILE", raising=False)
            yield server

    return serve


Serving = Callable[..., AbstractContextManager[Server]]
Captured = pytest.CaptureFixture[str]


def rows(ask: Ask, capsys: Captured, *words: str) -> list[dict[str, Any]]:
    return document(ask, capsys, *words)["rows"]


def document(ask: Ask, capsys: Captured, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert ask(*words, "--format", "json") == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return answer


def error(capsys: Captured) -> list[str]:
    return [line.strip() for line in ("error: " + capsys.readouterr().err.split("error: ")[-1]).splitlines()]


# --- what it costs


def test_the_plan_the_price_and_the_count_at_the_server_agree(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80", "--dry-run") == 0
        assert server.requests == []
        planned = capsys.readouterr().err
        assert ask("ingest", "ce", "--days", "80") == 0
        said = capsys.readouterr().err
        count = len(server.requests)
    assert count == 3 * CUTS
    assert planned in said
    assert f"{count} requests, USD {count * Decimal('0.01')}" in planned
    assert said.splitlines()[-1] == f"{count} requests sent to Cost Explorer, USD {count * Decimal('0.01')}"


def test_a_page_more_is_a_request_more_and_counted(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving(page_size=2) as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        assert len(server.requests) > 3 * CUTS
        assert f"{len(server.requests)} requests sent" in capsys.readouterr().err
    assert sum(row["cost"] for row in rows(ask, capsys, "spend", "--by", "account")) == sum(
        c.unblended for c in CHARGES
    )


def test_a_second_run_on_the_same_day_asks_nothing(
    serving: Serving, ask: Ask, capsys: Captured, database: Path
) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        first, before = len(server.requests), deliveries(database)
        capsys.readouterr()
        assert ask("ingest", "ce", "--days", "80") == 0
        assert len(server.requests) == first
    said = capsys.readouterr().err
    assert "every answer is on disk: nothing is asked" in said
    assert len(re.findall(r"^unchanged cost-explorer", said, re.M)) == 3
    assert deliveries(database) == before


def test_on_a_later_day_settled_months_stand_and_the_others_are_asked_again(
    serving: Serving, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        first = len(server.requests)
        server.today = date(2026, 10, 29)
        monkeypatch.setenv("FINOPS_TODAY", "2026-10-29")
        assert ask("ingest", "ce", "--days", "80") == 0
        asked = {request["TimePeriod"]["Start"] for request in server.requests[first:]}
        assert asked == {"2026-10-01"}
        assert len(server.requests) - first == CUTS


def test_refresh_asks_again_and_takes_what_is_new(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        server.charges = [*CHARGES, Charge(date(2026, 8, 4), Decimal("100"))]
        assert ask("ingest", "ce", "--days", "80") == 0
        (unchanged,) = rows(ask, capsys, "spend", "--period", "2026-08")
        assert ask("ingest", "ce", "--days", "80", "--refresh") == 0
        (refreshed,) = rows(ask, capsys, "spend", "--period", "2026-08")
        assert len(server.requests) == 2 * 3 * CUTS
    assert (unchanged["cost"], refreshed["cost"]) == (Decimal("20.5"), Decimal("120.5"))


def test_a_limit_that_cannot_be_enough_sends_nothing(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80", "--max-requests", str(3 * CUTS - 1)) == 2
        assert server.requests == []
    assert error(capsys)[0] == f"error: {3 * CUTS} requests needed, the limit is {3 * CUTS - 1}; none was sent"


def test_the_limit_stops_before_the_page_too_many_and_what_was_paid_is_kept(
    serving: Serving, ask: Ask, capsys: Captured, database: Path
) -> None:
    limit = 3 * CUTS
    with serving(page_size=2) as server:
        assert ask("ingest", "ce", "--days", "80", "--max-requests", str(limit)) == 4
        assert len(server.requests) == limit
        assert error(capsys)[0] == f"error: stopped before request {limit + 1} to ce: {limit} is the limit"
        assert [one.period for one in deliveries(database)] != ["2026-08", "2026-09", "2026-10"]
        assert ask("ingest", "ce", "--days", "80") == 0
        pages = [json.dumps(request, sort_keys=True) for request in server.requests]
    assert len(pages) == len(set(pages))
    assert [one.period for one in deliveries(database)] == ["2026-08", "2026-09", "2026-10"]


def test_a_month_without_a_cost_is_asked_once_and_not_loaded(
    serving: Serving, ask: Ask, capsys: Captured, database: Path
) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "110") == 0
        assert "2026-07: nothing was charged" in capsys.readouterr().err
        assert len(server.requests) == 3 * CUTS + 1
    assert [one.period for one in deliveries(database)] == ["2026-08", "2026-09", "2026-10"]


def test_without_any_cost_there_is_nothing_to_trust(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving(charges=()):
        assert ask("ingest", "ce", "--days", "1") == 3
    assert error(capsys)[0] == "error: Cost Explorer has no cost in these months"


# --- what AWS does


def test_a_throttled_request_is_sent_again_and_counted(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse("LimitExceededException", "LimitExceededException")
        assert ask("ingest", "ce", "--days", "1") == 0
        assert len(server.requests) == CUTS + 2
    assert f"{CUTS + 2} requests sent" in capsys.readouterr().err


def test_throttling_without_end_is_an_error_of_aws(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse(*["LimitExceededException"] * 10)
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[:2] == [
        "error: AWS limits the rate of requests",
        "where: Cost Explorer, 2026-10 by line_item_type and service",
    ]


@pytest.mark.parametrize("code", ["InvalidNextTokenException", "RequestChangedException"])
def test_a_refused_page_token_starts_that_request_again_once(
    code: str, serving: Serving, ask: Ask, capsys: Captured
) -> None:
    with serving(page_size=2) as server:
        server.refuse("", "", code)
        assert ask("ingest", "ce", "--days", "40") == 0
        assert sum("NextPageToken" not in request for request in server.requests) == 2 * CUTS + 1
    (total,) = rows(ask, capsys, "spend", "--period", "2026-09")
    assert total["cost"] == SEPTEMBER


def test_a_token_refused_twice_is_an_error_and_nothing_is_loaded_of_the_month(
    serving: Serving, ask: Ask, capsys: Captured, database: Path
) -> None:
    with serving(page_size=1, charges=tuple(c for c in CHARGES if c.day.month == 9), today=date(2026, 10, 1)) as server:
        server.refuse("", "InvalidNextTokenException", "", "InvalidNextTokenException")
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[0] == "error: Cost Explorer refuses its own page token"
    assert not database.exists()


def test_days_that_cost_explorer_has_lost_are_left_out_and_said(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "1000", "--dry-run") == 0
        said = capsys.readouterr().err
        assert ask("ingest", "ce", "--days", "1000", "--max-requests", "100") == 0
        assert min(request["TimePeriod"]["Start"] for request in server.requests) == "2025-09-01"
    assert "it keeps the days of 14 months: what is older is left out" in said


def test_a_day_that_is_not_over_is_not_asked_for(serving: Serving, ask: Ask, database: Path) -> None:
    with serving(charges=(*CHARGES, Charge(TODAY, Decimal(1000)))) as server:
        assert ask("ingest", "ce", "--days", "1") == 0
        assert {tuple(request["TimePeriod"].values()) for request in server.requests} == {("2026-10-01", "2026-10-28")}
    (one,) = deliveries(database)
    assert one.unblended == Decimal("7.25")


def test_a_denied_call_names_the_permission(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving() as server:
        server.refuse("AccessDeniedException")
        assert ask("ingest", "ce", "--days", "1") == 4
    assert error(capsys)[0] == "error: access denied: ce:GetCostAndUsage"


def test_an_answer_that_names_a_group_twice_is_refused(serving: Serving, ask: Ask, capsys: Captured) -> None:
    def doubled(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "ResultsByTime": [*answer["ResultsByTime"], *answer["ResultsByTime"]]}

    with serving(edit=doubled):
        assert ask("ingest", "ce", "--days", "1") == 3
    assert error(capsys)[0] == "error: the answer has AWS Lambda and Usage of 2026-10-26 twice"


# --- what is loaded


@pytest.fixture
def loaded(serving: Serving, ask: Ask, capsys: Captured) -> Iterator[Server]:
    with serving() as server:
        assert ask("ingest", "ce", "--days", "80") == 0
        capsys.readouterr()
        yield server


@pytest.mark.parametrize("by", ["service", "line_item_type", "account", "tag:Owner", "tag:Environment", "week,service"])
@pytest.mark.parametrize("metric", ["unblended", "amortized"])
def test_every_cut_of_a_month_sums_to_the_same(
    by: str, metric: str, loaded: Server, ask: Ask, capsys: Captured
) -> None:
    found = rows(ask, capsys, "spend", "--by", by, "--metric", metric, "--period", "2026-09")
    name = {"unblended": "UnblendedCost", "amortized": "AmortizedCost"}[metric]
    assert sum(row["cost"] for row in found) == sum(c.cost(name) for c in CHARGES if c.day.month == 9)


def test_names_of_the_console_are_those_of_the_report(loaded: Server, ask: Ask, capsys: Captured) -> None:
    found = rows(ask, capsys, "spend", "--by", "service,line_item_type,charge_category", "--period", "2026-09")
    named = {tuple(list(row.values())[:3]) for row in found}
    assert named == {
        ("Tax", "Tax", "Tax"),
        ("AmazonRDS", "RIFee", "Purchase"),
        ("AmazonEC2", "Usage", "Usage"),
        ("AWSLambda", "Credit", "Credit"),
        ("AWSLambda", "SavingsPlanCoveredUsage", "Usage"),
        ("AWSLambda", "SavingsPlanNegation", "Usage"),
    }


def test_a_tag_value_is_what_stands_behind_the_first_dollar(loaded: Server, ask: Ask, capsys: Captured) -> None:
    found = rows(ask, capsys, "spend", "--by", "tag:environment", "--period", "2026-10")
    assert found == [{"tag:environment": "qa$1", "cost": Decimal("7.25")}]


def test_what_can_carry_no_tag_is_told_from_what_does_not(loaded: Server, ask: Ask, capsys: Captured) -> None:
    found = rows(ask, capsys, "spend", "--by", "tag:Owner", "--period", "2026-09")
    assert {row["tag:Owner"]: row["cost"] for row in found} == {
        "web": Decimal("15.0000000001"),
        "(untagged)": Decimal(30),
        "(untaggable)": Decimal(8 + 9 - 30) - Decimal("2.5"),
    }


def test_a_month_with_an_estimated_day_is_not_final(loaded: Server, database: Path) -> None:
    finality = {one.period: (one.format, one.final, one.vouched) for one in deliveries(database)}
    assert finality == {
        "2026-08": ("Cost Explorer", True, True),
        "2026-09": ("Cost Explorer", True, True),
        "2026-10": ("Cost Explorer", False, True),
    }


def test_what_was_not_asked_together_is_an_error_that_says_what_was(loaded: Server, ask: Ask, capsys: Captured) -> None:
    assert ask("spend", "--by", "account,tag:Owner") == 2
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
    words: str, what: str, fix: str, loaded: Server, ask: Ask, capsys: Captured
) -> None:
    assert ask("spend", *words.split()) == 2
    told = error(capsys)
    assert (told[0], told[-1]) == (f"error: {what}", f"try: {fix}")


def test_gaps_are_by_service_and_say_so(loaded: Server, ask: Ask, capsys: Captured) -> None:
    found = document(ask, capsys, "tag-gaps", "--period", "2026-09")
    assert found["rows"] == [
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


def test_a_key_on_no_cost_may_not_be_activated(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving(active_tags=frozenset({"Environment"})):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "tag-gaps", "--period", "2026-09")
    assert {row["cause"] for row in found["rows"] if row["tag"] == "Owner"} == {"missing"}
    (note,) = [problem for problem in found["problems"] if problem["code"] == "tag_on_no_cost"]
    assert (note["where"], "not activated" in note["message"]) == ("tag:Owner 2026-09", True)


def test_the_report_is_made_from_cost_explorer_alone(loaded: Server, ask: Ask, tmp_path: Path) -> None:
    assert ask("report", "monthly", "-o", str(tmp_path / "report.md")) == 0
    text = (tmp_path / "report.md").read_text()
    assert "| 000000000003 | $5.00 |" in text
    assert "### Biggest gaps by service" in text
    assert "| Owner | AWSLambda | $21.00 |" in text
    assert "no\\_resources" in text


def test_longer_charges_that_cannot_be_told_by_account_are_named(serving: Serving, ask: Ask, tmp_path: Path) -> None:
    fee = Charge(date(2026, 9, 2), Decimal("60"), record_type="RIFee")
    with serving(charges=(*CHARGES, fee)):
        assert ask("ingest", "ce", "--days", "80") == 0
    assert ask("report", "monthly", "-o", str(tmp_path / "report.md")) == 0
    assert "by account, 60.00 USD of longer charges stand among the daily ones" in (tmp_path / "report.md").read_text()


def test_what_a_grouping_leaves_out_has_a_name_and_a_note(serving: Serving, ask: Ask, capsys: Captured) -> None:
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
    serving: Serving, ask: Ask, capsys: Captured, tmp_path: Path
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


def test_gaps_of_an_export_and_of_cost_explorer_stand_side_by_side(
    serving: Serving, ask: Ask, capsys: Captured, tmp_path: Path
) -> None:
    assert ask("ingest", str(write_export(tmp_path))) == 0
    with serving(payer="000000000001"):
        assert ask("ingest", "ce", "--days", "80") == 0
    found = document(ask, capsys, "tag-gaps", "--metric", "unblended")
    gaps = {(row["tag"], row["resource_id"], row["service"]): row["cost"] for row in found["rows"]}
    assert gaps["Owner", "i-2", "AmazonEC2"] == Decimal("4.5")
    assert gaps["Owner", "(none)", "AWSLambda"] == Decimal(30)
    assert ask("report", "monthly", "--metric", "unblended", "-o", str(tmp_path / "report.md")) == 0


def test_a_payer_that_may_not_be_asked_for_is_the_account_and_said(
    serving: Serving, ask: Ask, capsys: Captured
) -> None:
    with serving(payer=None):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "spend", "--by", "payer")
    assert [row["payer"] for row in found["rows"]] == [ACCOUNT]
    assert "payer_unknown" in {problem["code"] for problem in found["problems"]}


def test_an_account_without_an_organization_pays_itself(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving(payer=""):
        assert ask("ingest", "ce", "--days", "30") == 0
    found = document(ask, capsys, "spend", "--by", "payer")
    assert [row["payer"] for row in found["rows"]] == [ACCOUNT]
    assert not {"payer_unknown", "one_member_account"} & {problem["code"] for problem in found["problems"]}


def test_two_currencies_are_kept_apart(serving: Serving, ask: Ask, capsys: Captured) -> None:
    with serving(charges=(*CHARGES, Charge(date(2026, 9, 5), Decimal(3), "Amazon Braid", currency="CNY"))):
        assert ask("ingest", "ce", "--days", "30") == 0
    assert ask("spend") == 2
    assert error(capsys)[0] == "error: a total over CNY and USD means nothing"
    (total,) = rows(ask, capsys, "spend", "--where", "currency=CNY")
    assert total["cost"] == 3


# --- the command line


def test_options_of_cost_explorer_are_refused_for_folders(ask: Ask, capsys: Captured, tmp_path: Path) -> None:
    assert ask("ingest", str(tmp_path), "--days", "30") == 2
    assert error(capsys) == ["error: --days belongs to Cost Explorer", "try: finops ingest ce --days"]


def test_a_folder_called_ce_is_named_with_its_path(
    ask: Ask, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_export(tmp_path, name="ce")
    monkeypatch.chdir(tmp_path)
    assert ask("ingest", "./ce") == 0
    assert [one.export for one in deliveries(database)] == ["ce"]


def test_the_answers_on_disk_are_readable_for_their_owner_alone(
    loaded: Server, ask: Ask, database: Path, tmp_path: Path
) -> None:
    assert ask("ingest", str(write_export(tmp_path))) == 0
    answers = [path for path in (store_of(database) / ".cost_explorer").rglob("*") if path.is_file()]
    assert len(answers) == 3 * CUTS
    assert {path.stat().st_mode & 0o777 for path in answers} == {0o600}
