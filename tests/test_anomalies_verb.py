"""finops anomalies from an export on disk to what is printed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from finops.cli import main
from tests.cost_explorer_delivery import Group, load_answer
from tests.tiny_export import write_export

SCHEMA = Path(__file__).parent.parent / "docs" / "schema" / "output.schema.json"
FIRST, DAYS, STEP = date(2026, 10, 1), 31, 20


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October of one account: an instance all month, and a notebook from the 21st on."""
    folder = tmp_path_factory.mktemp("anomalies")
    lines = [_line(day, "48.5", "AmazonEC2", "i-1") for day in range(DAYS)]
    lines += [_line(day, "120", "AmazonSageMaker", "notebook") for day in range(STEP, DAYS)]
    export = write_export(folder, lines, **{"bill/InvoiceId": "7"})
    assert main(["ingest", str(export), "--db", str(folder / "finops.duckdb")]) == 0
    return folder / "finops.duckdb"


def _line(day: int, cost: str, service: str, resource: str) -> dict[str, str]:
    start = FIRST + timedelta(days=day)
    return {
        "lineItem/UsageStartDate": f"{start}T00:00:00Z",
        "lineItem/UsageEndDate": f"{start + timedelta(days=1)}T00:00:00Z",
        "lineItem/UnblendedCost": cost,
        "lineItem/ProductCode": service,
        "lineItem/ResourceId": resource,
        "lineItem/UsageType": f"USE2-{service}",
    }


def ask(database: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["anomalies", "--db", str(database), "--format", "json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


def test_an_event_is_printed_with_what_made_it_up(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(database, capsys)
    (row,) = answer["rows"]
    assert (row["start"], row["detected"], row["service"]) == ("2026-10-21", "2026-10-21", "AmazonSageMaker")
    assert row["impact"] == 1320 == sum(part["excess"] for part in answer["totals"]["contributions"])
    assert row["cause"] == "USE2-AmazonSageMaker of notebook"


@pytest.mark.parametrize("options", [[], ["--last", "1w"], ["--period", "2026-10"], ["--replay", "60d"]])
def test_every_document_is_valid(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {**_line(day, "48.5", "AmazonEC2", "i-1"), "bill/InvoiceId": "7"}
        for day in range(-62 if "--replay" in options else 0, DAYS)  # a replay needs weeks before its days
    ]
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(write_export(tmp_path, lines)), "--db", str(database)]) == 0
    jsonschema.validate(
        ask(database, capsys, *options), json.loads(SCHEMA.read_text(encoding="utf-8")), jsonschema.Draft202012Validator
    )


def test_a_range_leaves_out_what_was_detected_before_it(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(ask(database, capsys, "--from", "2026-10-21", "--to", "2026-10-22")["rows"]) == 1
    assert ask(database, capsys, "--from", "2026-10-22")["rows"] == []


def test_a_filter_is_kept_to(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(database, capsys, "--where", "service=AmazonEC2")["rows"] == []


def test_a_planned_change_of_the_settings_is_no_event(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text('[[planned]]\nwhere = { service = "AmazonSageMaker" }\ndate = 2026-10-21\n')
    answer = ask(database, capsys, "--config", str(settings))
    assert answer["rows"] == []
    assert len(answer["totals"]["planned"]) == 1


def test_what_is_worth_telling_is_a_setting(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text("[anomalies]\nmin_impact = 5000\n")
    assert ask(database, capsys, "--config", str(settings))["rows"] == []


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--replay", "soon"], 2, "is no span"),
        (["--replay", "60d", "--last", "4w"], 2, "takes no other range"),
        (["--replay", "10d"], 2, "42 days at least"),
        (["--replay", "60d"], 3, "too few to replay"),
        (["--last", "4w", "--period", "2026-10"], 2, "exclude each other"),
    ],
)
def test_what_does_not_fit_is_said(
    options: list[str], code: int, words: str, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["anomalies", "--db", str(database), *options]) == code
    assert words in capsys.readouterr().err


def test_an_empty_database_cannot_be_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anomalies", "--db", str(tmp_path / "none.duckdb")]) == 3
    assert "error: " in capsys.readouterr().err


def test_a_month_of_cost_explorer_is_watched_by_service_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    groups = [Group(day, Decimal("48.5")) for day in days]
    groups += [Group(day, Decimal(120), "AmazonSageMaker") for day in days[STEP:]]
    load_answer(tmp_path / "finops.duckdb", groups)
    answer = ask(tmp_path / "finops.duckdb", capsys)
    assert [(row["service"], row["account"], row["impact"]) for row in answer["rows"]] == [
        ("AmazonSageMaker", "", 1320)
    ]
    assert "level_not_watched" in {problem["code"] for problem in answer["problems"]}
