"""A finding explained: the settings behind it, and its cost held against the mart, the export and anybody's shell."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.cli import main
from finops.cli.explaining import kinds
from tests.gap_ledger import LINES, SETTINGS, line, write_settings
from tests.tiny_export import restate, write_export

RESIDENCY = """
[[residency]]
where = { "tag:Environment" = "prod", account = "000000000030" }
regions = ["eu-west-2"]
reason = "prod data stay in the UK"
[[suppress]]
rule = "untagged_spend"
where = { resource = "i-empty" }
reason = "is torn down"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    write_settings(folder, SETTINGS + RESIDENCY)
    assert main(["ingest", str(write_export(folder, LINES)), "--db", str(folder / "finops.duckdb")]) == 0
    return folder


@pytest.fixture
def ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a verb on the ledger; the JSON it printed."""

    def run(*words: str) -> dict[str, Any]:
        capsys.readouterr()
        where = ("--db", str(folder / "finops.duckdb"), "--config", str(folder / "finops.toml"))
        assert main([*words, *where, "--format", "json"]) == 0
        return dict(json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal))

    return run


def findings(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [*document["rows"], *document["totals"].get("residency", [])]


def parts(document: dict[str, Any], part: str) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["text"], row["path"]) for row in document["rows"] if row["part"] == part}


def statement(document: dict[str, Any]) -> str:
    return "\n".join(row["sql"] for row in document["rows"] if row["part"].startswith("by day"))


QUESTIONS = [
    (),
    ("--metric", "unblended"),
    ("--from", "2026-10-05", "--to", "2026-10-06"),
    ("--where", "tag:Owner=web"),
    ("--where", "environment=dev,prod", "--where", "service=AmazonEC2"),
    ("--where", "account=000000000030", "--period", "2026-10"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_the_cost_of_every_finding_is_that_of_its_rows_of_its_line_items_and_of_the_printed_sql(
    ask: Any, folder: Path, question: tuple[str, ...]
) -> None:
    found = findings(ask("tag-gaps", *question))
    assert found
    statements = []
    # all of them once, of narrower questions a few
    for finding in found[:: 3 if question else 1]:
        document = ask("explain", finding["id"], *question)
        totals = document["totals"]
        costs = {totals["cost"], totals["mart_cost"], totals["line_item_cost"]}
        assert costs == {finding["cost"]} == {sum(day["cost"] for day in totals["days"])}
        assert totals["line_items"] == sum(day["line_items"] for day in totals["days"])
        statements.append((statement(document), finding["cost"]))
    with duckdb.connect(str(folder / "finops.duckdb"), read_only=True) as shell:
        for sql, cost in statements:
            assert sum(row[-1] for row in shell.execute(sql).fetchall()) == cost


def test_every_kind_of_finding_there_is_can_be_explained(ask: Any) -> None:
    document = ask("tag-gaps")
    ids = (document["rows"][0]["id"], document["totals"]["residency"][0]["id"])
    assert {ask("explain", one)["totals"]["rule"] for one in ids} == {kind.rule for kind in kinds()}


def test_a_finding_names_the_lines_of_the_settings_that_make_it_one(ask: Any, folder: Path) -> None:
    rows = {row["resource_id"]: row for row in ask("tag-gaps")["rows"] if row["tag"] in ("Environment", "Owner")}
    text = (folder / "finops.toml").read_text().splitlines()

    def told(resource: str) -> dict[str, str]:
        policy = parts(ask("explain", rows[resource]["id"]), "policy")
        numbers = {name: place.rpartition(":")[2] for name, (_, place) in policy.items()}
        return {name: text[int(number) - 1] if number.isdigit() else number for name, number in numbers.items()}

    assert told("i-missing")["[tags] required"].startswith("required = ")
    assert told("i-listed")["[tags.keys]"].startswith("Environment = ")
    assert told("i-invalid")["[tags.values.Environment]"] == "[tags.values.Environment]"
    assert told("i-contradicts")["[environments.dev]"].startswith("match = ")
    assert told("i-empty")["[[suppress]]"] == "[[suppress]]"
    assert told("i-invalid")["[owners] tag"] == "default"


def test_the_tags_that_a_resource_does_have_are_told(ask: Any) -> None:
    (row,) = (row for row in ask("tag-gaps")["rows"] if row["resource_id"] == "i-empty")
    assert parts(ask("explain", row["id"]), "tags on these lines")["user:Owner"][0] == "(blank)"


def test_the_first_digits_of_an_id_name_a_finding(ask: Any) -> None:
    (row,) = (row for row in ask("tag-gaps")["rows"] if row["resource_id"] == "i-misspelled")
    assert ask("explain", row["id"][:8])["totals"]["id"] == row["id"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0123456789abcdef",), "finops tag-gaps --format csv"),
        (("0123456789abcdef", "--where", "account=000000000010"), "without --where"),
        (("amortized", "--where", "account=1"), "finops explain amortized"),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error_with_help(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert (
        main(["explain", *words, "--db", str(folder / "finops.duckdb"), "--config", str(folder / "finops.toml")]) == 2
    )
    assert said in capsys.readouterr().err


def test_rows_as_delivered_can_be_read_by_the_printed_sql(ask: Any) -> None:
    (row,) = (row for row in ask("tag-gaps")["rows"] if row["resource_id"] == "i-late")
    sql = "\n".join(one["sql"] for one in ask("explain", row["id"])["rows"] if re.match("every column", one["part"]))
    assert len(duckdb.execute(sql).fetchall()) == 2


def test_of_a_delivery_that_was_replaced_the_sums_are_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, export = str(tmp_path / "finops.duckdb"), write_export(tmp_path, [line("i-1", cost="1.5")])
    assert main(["ingest", str(export), "--db", database]) == 0
    restate(export, "second", [line("i-1", cost="2.5")])
    assert main(["ingest", str(export), "--db", database]) == 0
    capsys.readouterr()
    words = ["--db", database, "--as-of", "acme-assembly", "--format", "json"]
    assert main(["tag-gaps", *words]) == 0
    (finding, *_) = json.loads(capsys.readouterr().out)["rows"]
    assert main(["explain", finding["id"], *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["totals"]["mart_cost"], document["totals"]["line_item_cost"]) == (1.5, None)
    assert "lines_not_kept" in {problem["code"] for problem in document["problems"]}
    assert [row[-1] for row in duckdb.execute(statement(document)).fetchall()] == [Decimal("1.5")]
