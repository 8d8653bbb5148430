"""Estimates held against a bill: every charge under one line, classes, annotations, and the document corrected."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from finops.cli import main
from tests.estimated_bill import october

SETTINGS = """
[environments.prod]
match = { "tag:Environment" = ["prod"] }
estimates = ["docs/review.md"]
[environments.staging]
match = { account = ["000000000009"] }
estimates = ["docs/review.md"]
[estimates.labels]
"Order desk" = { service = "AmazonDynamoDB" }
"Web team" = { "tag:Owner" = "web" }
"""
REVIEW = """# Review

## Production (monthly)

| Service | Configuration | Cost |
|---|---|---|
| RDS Aurora | 2 ACU | $30-60 |
| RDS | MySQL | $20 |
| S3 | 10 GB | $31 |
| Order desk | | $4 |
| Web team | | $310 |
| Teleporter | | $5 |
| **Total** | | **$400-430** |

## Staging

Cost Target: 50% of production
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a review, its settings, and October's bill up to the 22nd, its last two days open."""
    export = october(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "review.md").write_text(REVIEW)
    (tmp_path / "finops.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    assert main(["ingest", str(export)]) == 0
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    capsys.readouterr()
    assert main(["variance", "--format", "json", *words]) == 0
    return json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)


def rows(document: dict) -> dict[tuple[str, str], dict]:
    return {(row["environment"], row["line"]): row for row in document["rows"]}


def test_each_line_has_the_charges_that_are_its_own(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(answer(capsys))
    assert {key: row["actual"] for key, row in found.items()} == {
        ("prod", "RDS Aurora"): 40,
        ("prod", "RDS"): 20,
        ("prod", "S3"): 20,
        ("prod", "Order desk"): 0,
        ("prod", "Web team"): 200,
        ("prod", "Teleporter"): 0,
        ("prod", "AmazonEC2"): 60,
        ("staging", "Cost Target: 50% of production"): 400,
        ("(unmapped)", "AWSLambda"): Decimal("0.5"),
    }


def test_a_line_is_over_under_or_within_its_part_of_the_month(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(answer(capsys))
    assert {key[1]: row["class"] for key, row in found.items()} == {
        "RDS Aurora": "over",
        "RDS": "over",
        "S3": "within",
        "Order desk": "not_seen",
        "Web team": "within",
        "Teleporter": "not_seen",
        "AmazonEC2": "not_estimated",
        "Cost Target: 50% of production": "over",
        "AWSLambda": "not_estimated",
    }
    # 20 of 31 days: 60 a month allow 38.70967..., 40 were charged.
    assert abs(found["prod", "RDS Aurora"]["variance"] - (40 - Decimal(60) * 20 / 31)) < Decimal("1e-20")
    assert found["prod", "S3"]["variance"] == 0


def test_what_the_documents_digits_leave_open_is_within(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "docs" / "review.md").write_text(REVIEW.replace("$31 |", "$30.70 |").replace("$20 |", "$30.6 |"))
    found = rows(answer(capsys))
    assert (found["prod", "S3"]["class"], found["prod", "RDS"]["class"]) == ("over", "over")
    (place / "docs" / "review.md").write_text(REVIEW.replace("$20 |", "$31.4 |").replace("$31 |", "~$30 |"))
    found = rows(answer(capsys))
    assert (found["prod", "S3"]["class"], found["prod", "RDS"]["class"]) == ("within", "under")
    assert found["prod", "S3"]["variance"] > 0


def test_a_share_follows_the_cost_of_the_other_environment(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = rows(answer(capsys))["staging", "Cost Target: 50% of production"]
    assert (row["variance"], row["source_line"]) == (400 - 340 / 2, 17)


def test_the_lines_sum_to_the_bill_of_the_known_days(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys)
    capsys.readouterr()
    main(["spend", "--from", "2026-10-01", "--to", "2026-10-21", "--metric", "amortized", "--format", "json"])
    spent = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)["totals"]["cost"]
    assert document["totals"]["actual"] == sum(row["actual"] for row in document["rows"]) == spent


def test_a_steady_cost_is_forecast_to_the_end_of_the_month(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = rows(answer(capsys))["prod", "Web team"]
    assert row["forecast"] == 310
    assert row["forecast_p10"] < 310 < row["forecast_p90"]


def test_only_one_environment_is_shown_when_asked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "--env", "prod")
    assert {row["environment"] for row in document["rows"]} == {"prod"}
    assert [row["environment"] for row in document["totals"]["environments"]] == ["prod"]


def test_a_label_nobody_knows_is_a_problem_with_its_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = {one["code"]: one["where"] for one in answer(capsys)["problems"]}
    assert problems["unmapped_label"] == "docs/review.md:12"


def test_rows_that_mean_the_same_are_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "docs" / "review.md").write_text(REVIEW.replace("| Order desk | | $4 |", "| S3 logs | | $4 |"))
    row = rows(answer(capsys))["prod", "S3 + S3 logs"]
    assert (row["estimate_high"], row["source_line"]) == (35, 9)


def test_the_saved_file_is_the_truth_once_it_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimates", "read", "docs/review.md", "--save", "estimates.csv"]) == 0
    text = (place / "estimates.csv").read_text().replace("Order desk,,4,4", "Order desk,,7,9")
    (place / "estimates.csv").write_text(text)
    (place / "finops.toml").write_text(SETTINGS.replace("docs/review.md", "estimates.csv"))
    row = rows(answer(capsys))["prod", "Order desk"]
    assert (row["estimate_low"], row["estimate_high"]) == (7, 9)
    assert (row["source_file"], row["source_line"]) == ("docs/review.md", 10)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("$4 |", "$4 once |", "for once"),
        ("$4 |", "€4 |", "left out"),
        ("(monthly)", "", "without a unit of time"),
    ],
)
def test_what_cannot_be_compared_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, why: str
) -> None:
    (place / "docs" / "review.md").write_text(REVIEW.replace(old, new))
    document = answer(capsys)
    assert any(why in one["message"] for one in document["problems"])
    assert ("prod", "Order desk") not in rows(document)


def test_costs_that_no_environment_takes_are_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = "\n## Sandbox (monthly)\n\n- S3: $5\n\n## Elsewhere (monthly)\n\n- S3: $6\n"
    (place / "docs" / "review.md").write_text(REVIEW + more)
    said = [
        (one["message"], one["where"]) for one in answer(capsys)["problems"] if one["code"] == "estimate_not_compared"
    ]
    assert [where for _, where in said] == ["docs/review.md:21", "docs/review.md:25"]
    assert ["sandbox" in said[0][0], "no environment" in said[1][0]] == [True, True]


def test_columns_for_two_environments_are_both_held(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "## Costs (monthly)\n\n| Service | Prod | Staging |\n|---|---|---|\n| S3 | $30 | $30 |\n"
    (place / "docs" / "review.md").write_text(text)
    found = rows(answer(capsys))
    assert (found["prod", "S3"]["actual"], found["staging", "S3"]["actual"]) == (20, 400)


def test_rows_in_one_document_go_before_a_target_in_another(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "docs" / "target.md").write_text("## Production\n\nCost Target: $900/month\n")
    two = SETTINGS.replace('["docs/review.md"]', '["docs/target.md", "docs/review.md"]', 1)
    (place / "finops.toml").write_text(two)
    assert ("prod", "Cost Target") not in rows(answer(capsys))


def test_a_weekly_estimate_counts_by_the_days_of_the_month(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "docs" / "review.md").write_text(REVIEW.replace("| S3 | 10 GB | $31 |", "| S3 | 10 GB | $7/week |"))
    row = rows(answer(capsys))["prod", "S3"]
    assert (row["estimate_low"], row["estimate_high"], row["class"], row["variance"]) == (31, 31, "within", 0)


def test_an_hourly_estimate_counts_the_hours_of_its_schedule(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "docs" / "review.md").write_text(REVIEW.replace("| | $4 |", "| 14h/week | $0.50/hour |"))
    assert rows(answer(capsys))["prod", "Order desk"]["estimate_high"] == 31


@pytest.mark.parametrize(
    ("settings", "words", "code", "said"),
    [
        ("", [], 2, "no environment names a document"),
        (SETTINGS.replace("review.md", "gone.md"), [], 3, "does not exist"),
        (SETTINGS, ["--env", "pord"], 2, "no environment is called pord"),
        (SETTINGS, ["--period", "2026-01"], 3, "no day of 2026-01 is complete"),
        (SETTINGS + '"x" = { servise = "a" }\n', [], 2, 'unknown key "servise"'),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], settings: str, words: list[str], code: int, said: str
) -> None:
    (place / "finops.toml").write_text(settings)
    capsys.readouterr()
    assert main(["variance", *words]) == code
    assert said in capsys.readouterr().err


def test_notes_stand_on_the_lines_of_the_document(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["variance", "--format", "github", "--env", "prod"]) == 0
    commands = capsys.readouterr().out.splitlines()
    assert commands[0].startswith("::warning file=docs/review.md,line=8,title=RDS%3A over::estimated 20.00 USD a month")
    assert any(
        one.startswith("::notice file=docs/review.md,line=10,title=Order desk%3A not seen::") for one in commands
    )


def test_the_proposal_applies_and_then_agrees_with_the_bill(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["estimates", "propose", "-o", "proposal.diff"]) == 0
    said = capsys.readouterr().err
    assert "Teleporter: nothing was charged, the row may go (docs/review.md:12)" in said
    subprocess.run(["git", "apply", "proposal.diff"], cwd=place, check=True)
    corrected = (place / "docs" / "review.md").read_text().splitlines()
    assert corrected[7] == "| RDS | MySQL | $31 |"
    assert corrected[12] == "| AmazonEC2 | | $93 |"
    found = rows(answer(capsys, "--env", "prod"))
    assert {row["class"] for row in found.values()} <= {"within", "not_seen", "over"}
    assert found["prod", "AmazonEC2"]["class"] == "within"
    assert "sum_disagrees" not in [one["code"] for one in answer(capsys)["problems"]]


def test_a_document_that_agrees_gets_no_proposal(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "## Production\n\n- S3: $31/month\n- RDS: $93/month\n- Compute: $403/month\n"
    (place / "docs" / "review.md").write_text(text)
    capsys.readouterr()
    assert main(["estimates", "propose"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nothing to change" in printed.err
