"""Unit economics: cost per order and share of revenue, from a CSV of measures and the bill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli import main
from finops.config import parse_settings
from finops.config.settings import UnitMetric
from finops.errors import ConfigError, DataError
from finops.output.values import shown
from finops.units.evaluate import evaluate_unit, spans
from finops.units.measures import read_measures
from tests.estimated_bill import october

FIRST = date(2026, 10, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
ORDERS = UnitMetric("orders", target=Decimal("0.5"))
REVENUE = UnitMetric("revenue", currency="USD", target=Decimal(20))


def each(value: str) -> dict[date, Decimal]:
    return dict.fromkeys(DAYS, Decimal(value))


# --- a pure function ---------------------------------------------------------------------------


@pytest.mark.parametrize(("cost", "kind"), [("20", "within"), ("20.0000000001", "over"), ("-1", "within")])
def test_a_unit_may_cost_as_much_as_the_target(cost: str, kind: str) -> None:
    found = evaluate_unit(ORDERS, Decimal(cost), each("10"), DAYS)
    assert (found.kind, found.value, found.share) == (kind, 40, None)
    assert found.unit_cost == Decimal(cost) / 40


@pytest.mark.parametrize(("cost", "kind"), [("200", "within"), ("200.01", "over")])
def test_of_money_the_target_is_a_share_in_percent(cost: str, kind: str) -> None:
    found = evaluate_unit(REVENUE, Decimal(cost), each("250"), DAYS)
    assert (found.kind, found.share) == (kind, Decimal(cost) / 10)


def test_a_missing_day_is_named_and_never_nothing() -> None:
    values = each("10")
    del values[DAYS[2]]
    found = evaluate_unit(ORDERS, Decimal(1), values, DAYS)
    assert (found.kind, found.value, found.unit_cost) == ("could_not_check", None, None)
    assert found.detail == "no orders for 2026-10-03"
    # It is missing without a target as well.
    assert evaluate_unit(UnitMetric("orders"), Decimal(1), values, DAYS).kind == "could_not_check"


def test_nothing_sold_has_no_cost_per_unit() -> None:
    found = evaluate_unit(ORDERS, Decimal(5), each("0"), DAYS)
    assert (found.kind, found.value, found.unit_cost) == ("could_not_check", 0, None)


def test_no_day_is_no_pass() -> None:
    assert evaluate_unit(ORDERS, Decimal(0), each("1"), []).kind == "could_not_check"


@given(st.lists(st.integers(0, 40), unique=True, min_size=1))
def test_days_are_named_by_their_runs(numbers: list[int]) -> None:
    said = spans([FIRST + timedelta(days=n) for n in numbers])
    runs = sum(1 for n in numbers if n - 1 not in numbers)
    assert said.startswith(str(FIRST + timedelta(days=min(numbers))))
    assert said.count(",") == min(runs, 3) - 1
    assert ("more day" in said) == (runs > 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [("12.346", "12.35"), ("0.03549", "0.03549"), ("0.001", "0.001000"), ("1234.5", "1,234.50"), ("0", "0.00")],
)
def test_money_per_unit_keeps_its_digits_below_a_cent(value: str, text: str) -> None:
    assert shown(Decimal(value), "rate") == text


# --- the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("date,metric,value\n2026-10-01,orders,5\n2026-10-01,orders,5\n", 3, "orders of 2026-10-01 is there twice"),
        ("date,metric,value\n2026-10-01,orders,5\n\n01.10.2026,orders,5\n", 4, '"01.10.2026" is not a day'),
        ("date,metric,value\n2026-02-30,orders,5\n", 2, '"2026-02-30" is not a day'),
        ('date,metric,value\n2026-10-01,orders,"1,200"\n', 2, '"1,200" is not a number'),
        ("date,metric,value\n2026-10-01,orders,\n", 2, '"" is not a number'),
        ("date,metric,value\n2026-10-01,orders,NaN\n", 2, '"NaN" is not a number'),
        ("date,metric,value\n2026-10-01,,5\n", 2, "a row names no metric"),
        ("date,metric,value\n2026-10-01,orders\n", 2, "the row has 2 cells, not 3"),
        ("date,metric,amount\n2026-10-01,orders,5\n", 1, "the columns have to be date, metric, value"),
        ("", 1, "the columns have to be date, metric, value"),
        ('date,metric,value\n2026-10-01,"orders"x,5\n', 2, "this is no CSV"),
    ],
)
def test_a_file_that_says_something_else_is_refused_with_the_line(
    tmp_path: Path, text: str, where: int, said: str
) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_measures(path)
    assert caught.value.what.startswith(said)
    assert caught.value.where == f"{path}:{where}"


@pytest.mark.parametrize("content", [None, b"date,metric,value\n2026-10-01,caf\xe9,1\n"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "metrics.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="the metrics cannot be read"):
        read_measures(path)


def test_values_are_exact_and_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"\xef\xbb\xbfMetric,value,Date\r\nrevenue,0.1000000000000000000000000001,2026-10-01\r\n")
    assert read_measures(path) == {"revenue": {FIRST: Decimal("0.1000000000000000000000000001")}}


# --- the settings and the verb -----------------------------------------------------------------

SETTINGS = """\
[environments.prod]
match = { "tag:Environment" = ["prod"] }
[units]
file = "metrics.csv"
[units.metrics.orders]
where = { environment = "prod", service = ["AmazonEC2", "AmazonRDS"] }
target = 1.5
[units.metrics.revenue]
currency = "USD"
target = "20%"
[units.metrics.sales]
currency = "EUR"
"""


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("target = 1.5", 'target = "20%"', "a share is of money", 7),
        ('target = "20%"', "target = 20", "of money the target is a share", 10),
        ('"USD"', '"dollars"', "has to be a currency code", 9),
        ('environment = "prod"', 'environment = "pord"', 'no environment is called "pord"', 6),
        ('file = "metrics.csv"', "", "units needs file", 3),
    ],
)
def test_a_measure_that_means_nothing_is_refused_with_its_line(old: str, new: str, said: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(SETTINGS.replace(old, new))
    assert said in caught.value.what
    assert caught.value.where == f"finops.toml:{line}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """October up to the 22nd, the last two days open: prod's EC2 and RDS are 16 a day, all of it is 37 and once 0.5."""
    folder = tmp_path_factory.mktemp("units")
    export = october(folder)
    (folder / "finops.toml").write_text(SETTINGS)
    rows = [f"2026-10-{day:02d},orders,{10 if day < 12 else 20}" for day in range(1, 32) if day != 3]
    rows += [f"2026-10-{day:02d},revenue,200" for day in range(1, 32)]
    rows += ["2026-10-01,sales,5", "2026-10-01,visits,7"]
    (folder / "metrics.csv").write_text("\n".join(["date,metric,value", *rows, ""]))
    with chdir(folder):
        assert main(["ingest", str(export)]) == 0
        yield folder


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["spend", "--format", "json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return found


def test_each_week_has_the_cost_of_a_unit_and_its_trend(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third, last = answer(capsys, "--by", "week", "--per", "orders")["rows"]
    assert (first["week"], first["cost"], first["unit_cost"]) == ("2026-09-28", 64, None)
    assert (first["class"], first["detail"]) == ("could_not_check", "no orders for 2026-10-03")
    assert (second["value"], second["unit_cost"], second["class"]) == (70, Decimal("1.6"), "over")
    assert second["change_percent"] is None
    assert (third["value"], third["unit_cost"], third["class"]) == (140, Decimal("0.8"), "within")
    assert third["change_percent"] == -50
    # Two of its days are complete.
    assert (last["week"], last["cost"], last["value"], last["change_percent"]) == ("2026-10-19", 32, 40, 0)


def test_the_share_of_revenue_is_of_the_same_days(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "--by", "month", "--per", "revenue")
    (row,) = document["rows"]
    assert (row["cost"], row["value"], row["share_percent"]) == (Decimal("740.5"), 4000, Decimal("18.5125"))
    assert (row["class"], row["target"]) == ("within", 20)
    assert document["totals"]["share_percent"] == row["share_percent"]
    assert document["period"] == {"start": "2026-10-01", "end": "2026-10-21"}


def test_rows_by_another_dimension_have_no_target_of_their_own(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "--by", "month,service", "--per", "revenue")
    assert [(row["service"], row["class"]) for row in document["rows"]] == [
        ("AmazonS3", None), ("AmazonEC2", None), ("AmazonRDS", None), ("AWSLambda", None),
    ]  # fmt: skip
    assert sum(row["share_percent"] for row in document["rows"]) == document["totals"]["share_percent"]


def test_a_measure_the_settings_do_not_know_counts_all_cost(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "--per", "visits", "--to", "2026-10-02")
    (row,) = document["rows"]
    assert (row["cost"], row["value"], row["target"], row["class"]) == (37, 7, None, None)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--per", "orderz"], 2, "no metric is called orderz"),
        (["--per", "sales"], 2, "sales is in EUR and the bill in USD"),
        (["--per", "orders", "--by", "billing_period"], 2, "--per needs one of day, week, month, not billing_period"),
        (["--per", "orders", "--by", "day,month"], 2, "not day and month"),
        (["--per", "orders", "--allocate", "--by", "tag:Environment"], 2, "exclude each other"),
        (["--per", "orders", "--from", "2026-10-21"], 3, "no day of what was asked is complete"),
        (["--per", "orders", "--config", "bare.toml"], 2, "the settings name no file of metrics"),
        (["--per", "orders", "--config", "gone.toml"], 3, "the metrics cannot be read"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    (place / "bare.toml").write_text("")
    (place / "gone.toml").write_text('[units]\nfile = "gone.csv"\n')
    capsys.readouterr()
    assert main(["spend", *words]) == code
    assert said in capsys.readouterr().err


def test_days_a_measure_does_not_have_are_a_problem(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {one["code"]: one for one in answer(capsys, "--by", "day", "--per", "orders")["problems"]}
    assert found["metric_missing"]["message"].startswith("orders is not known for 2026-10-03; ")
    assert found["metric_missing"]["where"] == "metrics.csv"
