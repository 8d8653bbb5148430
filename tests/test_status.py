"""Status: what is loaded, what counts, what its figures are worth; and the reading verbs over a real file."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.document import Document
from finops.status import status
from tests.tiny_export import LINES, ingested, write_export


def rows(document: Document) -> list[dict[str, Any]]:
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


@pytest.fixture
def database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    found = ingested(tmp_path)
    capsys.readouterr()
    return found


def test_a_delivery_is_a_row(database: Path) -> None:
    (row,) = rows(status(database))
    assert row["delivery"] == "acme-assembly"
    assert (row["export"], row["format"], row["period"]) == ("acme", "legacy CUR CSV", "2026-10")
    assert (row["files"], row["rows"], row["unblended"]) == (1, 4, Decimal("16.7500000181"))
    assert (row["final"], row["note"]) == (False, "estimated")


def test_an_invoiced_delivery_is_final_and_needs_no_note(tmp_path: Path) -> None:
    (row,) = rows(status(ingested(tmp_path, **{"bill/InvoiceId": "1"})))
    assert (row["final"], row["note"]) == (True, "")


def test_a_period_that_two_exports_hold_is_counted_once_and_both_are_listed(database: Path, tmp_path: Path) -> None:
    other = write_export(tmp_path, LINES[:2], name="second")
    assert main(["ingest", str(other), "--db", str(database)]) == 0
    notes = {row["export"]: row["note"] for row in rows(status(database))}
    assert notes == {"acme": "estimated", "second": "counted from acme; estimated"}
    assert [row["export"] for row in rows(status(database, export="second"))] == ["second"]


def test_an_export_that_counts_for_one_of_its_payers_says_for_which_it_does_not(database: Path, tmp_path: Path) -> None:
    lines = [LINES[0], {**LINES[1], "bill/PayerAccountId": "000000000009"}]
    assert main(["ingest", str(write_export(tmp_path, lines, name="second")), "--db", str(database)]) == 0
    notes = {row["export"]: row["note"] for row in rows(status(database))}
    assert notes["second"] == "counted from acme for payer 000000000001; estimated"


def test_files_without_a_manifest_are_said_to_be_unvouched(tmp_path: Path) -> None:
    root = write_export(tmp_path)
    (data,) = root.rglob("*.csv")
    database = tmp_path / "loose.duckdb"
    assert main(["ingest", str(data), "--db", str(database)]) == 0
    (row,) = rows(status(database))
    assert row["note"] == "nothing vouches for completeness; estimated"


@pytest.mark.parametrize("verb", ["status", "spend", "tag-gaps"])
def test_an_absent_database_is_an_error_that_says_what_to_do(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--db", str(tmp_path / "none.duckdb")]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "finops ingest" in err
    assert len(err.splitlines()) <= 3


# --- the verbs, from a file to stdout


def asked(capsys: pytest.CaptureFixture[str], database: Path, *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--db", str(database), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)


def test_spend_is_exact_from_the_file_to_the_json(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = asked(capsys, database, "spend", "--by", "service,resource")
    assert document["totals"] == {"cost": Decimal("16.7500000181")}
    assert document["rows"][-1] == {
        "service": "AWSLambda",
        "resource_id": "i-3",
        "cost": Decimal("0.0000000181"),
    }
    assert document["period"] == {"start": "2026-10-01", "end": "2026-10-07"}
    assert document["data"]["final"] is False


@pytest.mark.parametrize(
    ("where", "cost"),
    [
        (["account=000000000002"], "16.7500000181"),
        (["tag:Environment=prod", "resource=i-1"], "10.25"),
        (["cost_category:team=Team A"], "4.5"),
        (["region=(none)"], "2"),
        (["usage_type=USE2-BoxUsage:m5.large", "service=AWSLambda,AmazonS3"], "0.0000000181"),
    ],
)
def test_where_filters_both_marts(
    where: list[str], cost: str, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for text in where for word in ("--where", text)]
    for by in ("day", "resource"):
        assert asked(capsys, database, "spend", "--by", by, *words)["totals"] == {"cost": Decimal(cost)}


@pytest.mark.parametrize("by", ["tag:Ownr", "cost_category:squad", "nonsense"])
def test_a_dimension_that_is_not_there_is_a_usage_error(
    by: str, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spend", "--by", by, "--db", str(database)]) == 2
    assert by in capsys.readouterr().err


def test_a_dimension_that_the_export_lacks_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{key: value for key, value in line.items() if key != "lineItem/ResourceId"} for line in LINES]
    database = ingested(tmp_path, lines=lines)  # type: ignore[arg-type]
    assert main(["spend", "--by", "resource", "--db", str(database)]) == 2
    assert main(["spend", "--where", "resource=i-1", "--db", str(database)]) == 2
    assert capsys.readouterr().err.count("no line of the loaded exports has resource") == 2


def test_a_required_tag_that_nobody_set_is_untagged_not_an_error(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(capsys, database, "spend", "--by", "tag:Project")["rows"]
    assert {row["tag:Project"]: row["cost"] for row in found} == {
        "(untagged)": Decimal("14.7500000181"),
        "(untaggable)": 2,
    }


@pytest.mark.parametrize(("percent", "code"), [("0", 0), ("69.49", 0), ("69.5", 1), ("100", 1)])
def test_tag_gaps_fails_under_a_threshold_and_still_prints(
    percent: str, code: int, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "one.toml"
    settings.write_text('[tags]\nrequired = ["Owner"]\n')
    words = ["tag-gaps", "--db", str(database), "--config", str(settings), "--fail-under", percent]
    assert main(words) == code
    out, err = capsys.readouterr()
    assert "69.49%" in out
    assert ("failed: Owner covers 69.4915%" in err) == bool(code)


def test_tag_gaps_cannot_tell_where_nothing_is_taggable(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tag-gaps", "--db", str(database), "--where", "charge_category=Tax"]
    assert main(words) == 0
    assert main([*words, "--fail-under", "0"]) == 3
    out, err = capsys.readouterr()
    assert "n/a" in out
    assert err.splitlines()[-3].startswith("error: coverage cannot be told")


@pytest.mark.parametrize("text", ["x", "-1", "101", "nan", "1e2", ""])
def test_a_threshold_that_is_no_percentage_is_a_usage_error(text: str, database: Path) -> None:
    assert main(["tag-gaps", "--db", str(database), f"--fail-under={text}"]) == 2


def test_explain_names_the_deliveries_it_was_computed_from(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, database, "explain", "unblended")["rows"]
    (delivery,) = [row for row in found if row["part"] == "computed from"]
    assert delivery["name"] == "acme 2026-10"
    assert "4 rows" in delivery["text"]


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_day_that_is_none_is_a_usage_error(option: str, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spend", option, "2026-13-01", "--db", str(database)]) == 2
    assert option in capsys.readouterr().err
