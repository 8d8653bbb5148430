"""Two operations of one usage type on one resource: two pieces of advice, each with its own id, lines and promise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.recommend.accepted.entry import from_json, to_json
from tests.accepted_bill import NOVEMBER, OCTOBER, november, october, promised
from tests.hourly_export import Row
from tests.stored_export import daily

Answer = dict[str, Any]
LINUX, WINDOWS = "RunInstances", "RunInstances:0002"
RATES = {LINUX: "0.1", WINDOWS: "0.192"}
HOURS = {LINUX: 10, WINDOWS: 14}
DAYS = 31


def lines(operation: str, kind: str, days: Iterable[int], rate: str) -> Iterator[Row]:
    yield from daily("AmazonEC2", "i-two", f"BoxUsage:{kind}", Decimal(HOURS[operation]), rate, operation, days)


def both() -> Iterator[Row]:
    for operation, rate in RATES.items():
        yield from lines(operation, "m4.large", OCTOBER, rate)
    # what a successor costs, the bill says itself
    yield from daily("AmazonEC2", "i-new", "BoxUsage:m5.large", Decimal(1), "0.096", LINUX, OCTOBER)
    yield from daily("AmazonEC2", "i-new", "BoxUsage:m5.large", Decimal(1), "0.188", WINDOWS, OCTOBER)
    yield from daily("AmazonEC2", "i-one", "BoxUsage:m4.large", Decimal(24), "0.1", LINUX, OCTOBER)
    for operation in ("NatGateway", ""):
        yield from daily("AmazonEC2", "nat-two", "NatGateway-Hours", Decimal(12), "0.045", operation, OCTOBER)
    yield from daily("AmazonEC2", "nat-works", "NatGateway-Bytes", Decimal(1), "0.045", "NatGateway", OCTOBER)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    october(folder, both())
    return folder


def told(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Answer:
    capsys.readouterr()
    database = str(home / "finops.duckdb")
    assert main([*words, "--format", "json", "--db", database]) == 0
    answer: Answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


def of(answer: Answer, kind: str, resource: str) -> dict[str, Answer]:
    """The rows of a kind about a resource, by operation."""
    rows = [row for row in answer["rows"] if (row["kind"], row["resource_id"]) == (kind, resource)]
    return {row["operation"]: row for row in rows}


def test_each_operation_has_a_row_an_id_and_its_own_saving(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waste = told(home, capsys, "recommend", "waste")
    rows = of(waste, "previous_generation", "i-two")
    assert set(rows) == {LINUX, WINDOWS}
    for operation, successor in ((LINUX, "0.096"), (WINDOWS, "0.188")):
        less = Decimal(RATES[operation]) - Decimal(successor)
        assert rows[operation]["saving"] == pytest.approx(less * HOURS[operation] * 730 / 24)
        assert f"operation {operation}" in rows[operation]["evidence"]
    ids = [row["id"] for row in waste["rows"]]
    assert len(ids) == len(set(ids))


def test_what_shares_no_id_keeps_the_one_it_had(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waste = told(home, capsys, "recommend", "waste")
    (alone,) = of(waste, "previous_generation", "i-one").values()
    assert (len(alone["id"]), alone["operation"]) == (16, None)
    shared = {row["id"][:16] for row in of(waste, "previous_generation", "i-two").values()}
    assert len(shared) == 1
    assert main(["explain", *shared, "--db", str(home / "finops.duckdb")]) == 2
    assert "several pieces of advice begin with" in capsys.readouterr().err


def test_stopping_a_resource_saves_all_of_its_costs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = of(told(home, capsys, "recommend", "waste"), "idle_nat", "nat-two")
    assert {one: row["saving_in_sequence"] for one, row in rows.items()} == {
        "NatGateway": pytest.approx(Decimal("0.045") * 365), "": pytest.approx(Decimal("0.045") * 365)
    }  # fmt: skip


def test_explain_shows_the_line_items_of_its_operation(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = of(told(home, capsys, "recommend", "waste"), "previous_generation", "i-two")
    sums = {}
    for operation, row in rows.items():
        totals = told(home, capsys, "explain", row["id"])["totals"]
        assert totals["id"] == row["id"]
        (found,) = totals["lines"]
        sums[operation] = (found["line_items"], found["cost"])
        assert f"= '{operation}'" in found["sql"]
    assert sums == {one: (DAYS, Decimal(RATES[one]) * HOURS[one] * DAYS) for one in RATES}


def test_what_is_accepted_of_one_operation_is_held_against_its_lines_alone(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = october(tmp_path, both())
    rows = of(told(tmp_path, capsys, "recommend", "waste"), "previous_generation", "i-two")
    ids = [row["id"] for row in rows.values()]
    assert main(["recommend", "accept", *ids, "--on", "2026-11-01", "--db", str(database)]) == 0
    # Linux moves, Windows stays where it is
    days = NOVEMBER[:22]
    november(database, [*lines(LINUX, "m5.large", days, "0.096"), *lines(WINDOWS, "m4.large", days, RATES[WINDOWS])])
    held = {row["operation"]: row for row in told(tmp_path, capsys, "recommend", "accepted")["rows"]}
    assert {one: row["status"] for one, row in held.items()} == {LINUX: "on track", WINDOWS: "not taken"}
    assert held[LINUX]["realised_monthly"] == pytest.approx(rows[LINUX]["saving"])
    assert held[WINDOWS]["realised"] == 0


def test_an_entry_from_before_is_read_and_found_by_its_whole_id(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = promised("nat-gone", "10")
    old = {name: value for name, value in to_json(entry).items() if name != "operation"}
    assert from_json(json.loads(json.dumps(old))) == entry
    row = next(iter(of(told(home, capsys, "recommend", "waste"), "idle_nat", "nat-two").values()))
    short = row["id"][:16]
    database = tmp_path / "finops.duckdb"
    database.with_name("finops.duckdb.accepted.jsonl").write_text(
        "".join(f"{json.dumps({**old, 'id': one})}\n" for one in (short, row["id"]))
    )
    database.write_bytes((home / "finops.duckdb").read_bytes())
    assert main(["recommend", "withdraw", short, "--db", str(database)]) == 0
    assert capsys.readouterr().out == f"{short}\n"
