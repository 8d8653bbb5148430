"""Savings that documents claim: how they are read, and what the bill's own rates say of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.estimates.text import from_string
from finops.recommend.claims import Claim, claims_of
from finops.recommend.claims_held import difference, state
from tests.advised_export import estate
from tests.hourly_export import loaded


def read(line: str) -> list[tuple[str, str, str, str]]:
    """Subject, ends and unit of every claim on the second line of a document."""
    found = list(claims_of(from_string(f"# Review\n{line}\n", "review.md")))
    assert {(one.file, one.line) for one in found} <= {("review.md", 2)}
    return [(one.subject.name if one.subject else "", f"{one.low:f}", f"{one.high:f}", one.unit) for one in found]


@pytest.mark.parametrize(
    ("line", "claim"),
    [
        ("1. Fargate Spot in dev and test (70% savings)", ("Fargate Spot", "70", "70", "percent")),
        ("- Spot instances are 60 % cheaper", ("Spot", "60", "60", "percent")),
        ("2. reserved capacity in production (30-40% savings)", ("reserved capacity", "30", "40", "percent")),
        ("2. reserved capacity: 30% to 40% saved", ("reserved capacity", "30", "40", "percent")),
        ("Compute Savings Plans save up to 66%", ("Savings Plans", "0", "66", "percent")),
        ("| no NAT gateway | saves ~$32/month |", ("NAT gateway", "32", "32", "a month")),
        ("no NAT gateway saves $1,032.50 a month", ("NAT gateway", "1032.50", "1032.50", "a month")),
        ("| PITR off | (~$0.20/GB/month saved) |", ("DynamoDB PITR", "0.20", "0.20", "a GB-month")),
        ("caching saves 5% of requests", ("", "5", "5", "percent")),
    ],
)
def test_a_figure_on_a_line_that_speaks_of_saving_is_a_claim(line: str, claim: tuple[str, ...]) -> None:
    assert read(line) == [claim]


@pytest.mark.parametrize("line", ["Savings Plans cover 40% of it", "CPU above 70% for two minutes", "saves time"])
def test_a_line_without_a_saving_or_without_a_figure_claims_nothing(line: str) -> None:
    assert read(line) == []


@pytest.mark.parametrize(
    ("found", "verdict", "apart"),
    [
        ("26.9", "too high", "-3.1"),
        ("27", "holds", "-3"),
        ("35", "holds", "0"),
        ("44", "holds", "4"),
        ("45", "too low", "5"),
    ],
)
def test_a_claim_holds_within_a_tenth_of_it(found: str, verdict: str, apart: str) -> None:
    claim = Claim("review.md", 2, "", None, Decimal(30), Decimal(40), "percent")
    assert state(claim, Decimal(found)) == verdict
    assert difference(claim, Decimal(found)) == Decimal(apart)


REVIEW = """# Review
Spot instances save 70%
Compute Savings Plans save 40%
no NAT gateway saves ~$32/month
Fargate Spot: 70% savings
reserved databases: 30-40% savings
NAT gateways cost 10% less, a saving
"""


def test_claims_are_held_against_the_rates_of_the_bill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, review = loaded(tmp_path, estate(), **{"product/region": "us-east-1"}), tmp_path / "review.md"
    review.write_text(REVIEW)
    config = tmp_path / "finops.toml"
    config.write_text('[environments.dev]\nmatch = { "tag:Environment" = ["dev"] }\nestimates = ["review.md"]\n')
    capsys.readouterr()
    assert main(["recommend", "claims", "--format", "json", "--db", str(database), "--config", str(config)]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    found = {row["line"]: (row["found"], row["state"], row["basis"]) for row in answer["rows"]}
    # 0.04 instead of 0.1, 0.06 instead of 0.1, and 0.05 an hour
    assert found[2] == (60, "too high", "own rate")
    assert found[3] == (40, "holds", "own rate")
    assert found[4] == (Decimal("36.5"), "too low", "own rate")
    assert {found[line] for line in (5, 6, 7)} == {(None, "could not check", "unknown")}
    assert all(Path(row["file"]).name == "review.md" for row in answer["rows"])


@pytest.mark.parametrize("verb", [["estimates", "read"], ["recommend", "claims"]])
def test_a_document_that_is_named_and_not_there_is_a_usage_error(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "gone.md"
    assert main([*verb, str(missing), "--db", str(tmp_path / "finops.duckdb")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: there is no such document",
        f"  where: {missing}",
        "  try: name a Markdown document or an estimates file",
    ]
