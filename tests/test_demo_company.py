"""What the demo company has beside its bill: an architecture document, budgets, measures of business."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.config import parse_settings
from finops.estimates.read import read_document
from finops.ingest.demo import metrics_csv, review_md, settings_toml
from finops.output.values import shown
from finops.units.measures import read_measures
from finops.variance.reading import words_for


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demonstration of one month, in the working directory."""
    folder = tmp_path_factory.mktemp("company")
    with chdir(folder):
        assert main(["demo", "--months", "1", "--out", "."]) == 0
        yield folder


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*words, "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return found


def test_the_document_is_read_whole_and_adds_up(tmp_path: Path) -> None:
    path = tmp_path / "review.md"
    path.write_text(review_md(), encoding="utf-8")
    reading = read_document(path, words_for(parse_settings(settings_toml())))
    assert Counter(line.kind for line in reading.lines if line.counts) == {"row": 24}
    assert [line.check for line in reading.lines if line.kind == "total" and line.low is not None] == [
        "equal", "rounding",
    ]  # fmt: skip
    assert {note.code for note in reading.notes} <= {"share"}


def test_the_measures_are_the_same_in_every_run_and_end_with_the_last_whole_day(tmp_path: Path) -> None:
    text = metrics_csv(2)
    assert text == metrics_csv(2)
    path = tmp_path / "metrics.csv"
    path.write_text(text)
    measures = read_measures(path)
    assert set(measures) == {"orders", "revenue", "users"}
    for days in measures.values():
        assert (str(min(days)), str(max(days)), len(days)) == ("2026-09-01", "2026-10-26", 56)
        assert min(days.values()) > 0


def test_the_bill_stands_against_the_document(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(capsys, "variance")["rows"]
    found = {(row["environment"], row["line"]): row["class"] for row in rows}
    assert found["staging", "EC2"] == "over"
    assert found["prod", "Kinesis"] == "under"
    assert found["prod", "AmazonES"] == "not_estimated"
    assert Counter(found.values())["within"] > 15


def test_the_bill_stands_against_the_budgets(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(capsys, "variance", "--budgets")["rows"]
    assert {(row["budget"], row["period"]): row["class"] for row in rows} == {
        ("dev", "month"): "within",
        ("staging", "week"): "over",
        ("staging", "month"): "over",
        ("prod", "month"): "alert",
        ("Checkout", "quarter"): "within",
        ("Staging compute", "hour"): "over",
    }


def test_an_order_and_the_share_of_revenue_have_a_cost(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = answer(capsys, "spend", "--by", "month", "--per", "orders", "--metric", "amortized")["totals"]
    revenue = answer(capsys, "spend", "--by", "month", "--per", "revenue", "--metric", "amortized")["totals"]
    assert (orders["class"], revenue["class"]) == ("within", "within")
    assert Decimal(1) < orders["unit_cost"] < 2
    assert 15 < revenue["share_percent"] < 20


def test_the_demonstration_says_all_three(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from finops.config import load_settings
    from finops.demo import promises

    estimates, budgets, units = promises(demo / "finops.duckdb", load_settings(demo / "finops.toml"))
    lines = answer(capsys, "variance")["rows"]
    counts = {kind: sum(row["class"] == kind for row in lines) for kind in ("over", "under", "within")}
    worst = max(lines, key=lambda row: row["variance"] or 0)
    assert f"{counts['over']} over, {counts['under']} under, {counts['within']} within" in estimates
    assert f"{worst['environment']} {worst['line']} +${worst['variance']:,.2f}" in estimates
    over = [row for row in answer(capsys, "variance", "--budgets")["rows"] if row["class"] == "over"]
    assert all(f"{row['budget']} ({row['period']}, {shown(row['used_percent'], 'percent')})" in budgets for row in over)
    per_order = answer(capsys, "spend", "--by", "month", "--per", "orders", "--metric", "amortized")["rows"][-1]
    assert f"${per_order['unit_cost']:.2f} an order" in units
