"""Advice on Spot and waste on whole bills: the planted facts of the demo, and what a real bill does not allow."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.cli import main
from finops.config import load_settings
from finops.ingest.demo import write_export
from finops.ingest.demo.estate import settings_toml
from finops.prices import read_prices
from finops.recommend.everything import everything
from finops.recommend.explained import explained
from finops.recommend.row import monthly
from finops.usage import open_usage, price_book

REAL = Path(os.environ.get("FINOPS_REAL_EXPORTS") or Path(__file__).resolve().parents[2] / "shared" / "data")
WORKSHOP = REAL / "legacy_cur_parquet_real"
MONTH = 730


def tell(verb: str, database: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["recommend", verb, "--format", "json", "--db", str(database), *words]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The open month of the demo company, beside its settings."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "finops.toml").write_text(settings_toml())
    database = folder / "finops.duckdb"
    assert main(["ingest", str(write_export("cur2-parquet", folder, months=1)), "--db", str(database)]) == 0
    return database


def asked(verb: str, demo: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return tell(verb, demo, capsys, "--config", str(demo.with_name("finops.toml")))


def test_the_nat_gateway_of_development_without_bytes_is_the_only_idle_one(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    idle = [row for row in asked("waste", demo, capsys)["rows"] if row["kind"] == "idle_nat"]
    assert [row["resource_id"].rpartition("/")[2] for row in idle] == ["nat-01f9a2b3c4d5e6f78"]
    assert idle[0]["saving"] == pytest.approx(Decimal("0.045") * MONTH)


def test_the_runner_of_the_demo_is_reserved_so_that_spot_would_cost_more(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked("spot", demo, capsys)
    (runner,) = [row for row in answer["rows"] if row["service"] == "AmazonEC2"]
    assert (runner["resource_id"], runner["account"]) == ("ci", "200000000040")
    assert runner["saving"] < 0
    assert runner["saving_in_sequence"] is None
    assert "after 2027-03-01" in runner["action"]
    (held,) = answer["totals"]["spot_held"]
    assert (held["usage_type"], held["rate"]) == ("SpotUsage:c5.large", Decimal("0.0385"))


def test_fargate_of_development_is_the_only_one_that_may_move(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked("spot", demo, capsys)
    fargate = [row for row in answer["rows"] if row["service"] == "AmazonECS"]
    assert [(row["resource_id"], row["class"]) for row in fargate] == [("shop-dev", "needs data")]
    counted = {row["veto"]: row["groups"] for row in answer["totals"]["vetoed"]}
    assert counted["fargate_outside_tolerant"] == 2
    assert counted["network"] == 1


def test_every_id_is_explained_by_rows_of_the_bill_and_of_price_lists(demo: Path) -> None:
    settings = load_settings(demo.with_name("finops.toml"))
    listed = {(*row[:6], row.currency, row.as_of, row.source) for row in read_prices()}
    with open_usage(demo) as usage:
        book = price_book(usage)
        found = everything(usage, settings, book)
        told = {row.id: row for row in found.told}
        documents = {one: explained(usage, found, settings, book, one) for one in told}
        statements, sums = {}, {}
        for name, document in documents.items():
            assert document is not None
            assert document.totals["id"] == name
            lines = list(document.totals["lines"].read(None))
            assert lines, f"{told[name].kind} rests on no line of the bill"
            statements.update({sql: (count, cost) for _, count, cost, sql in lines})
            sums[name] = {line: cost for line, _, cost, _ in lines}
            for _, *price, basis, day, source in document.totals["prices"].read(None):
                assert basis in ("own rate", "unknown") or (*price, day, source) in listed_as(listed)
        for one in found.waste.rows:
            (used,) = [
                used for used in found.waste.facts if (*used.resource, used.usage_type, used.operation) == one.cost_of
            ]
            open_cost = sums[one.id]["on demand"]
            assert monthly(open_cost, used.hours) == one.open_cost
    shell = duckdb.connect()
    for sql in sorted(statements)[::12]:
        count, cost = statements[sql]
        assert shell.execute(sql).fetchone() == (count, cost if count else None), sql


def listed_as(rows: set[Any]) -> set[Any]:
    """The same in the order in which prices are told."""
    return {
        (service, region, kind, key, price, unit, currency, day, source)
        for service, region, kind, key, unit, price, currency, day, source in rows
    }


def test_an_id_is_explained_by_its_beginning_and_no_other_one_is_made_up(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (idle,) = [row for row in asked("waste", demo, capsys)["rows"] if row["kind"] == "idle_nat"]
    where = ("--db", str(demo), "--config", str(demo.with_name("finops.toml")))
    assert main(["explain", idle["id"][:8], *where]) == 0
    printed = capsys.readouterr().out
    assert {"line items of the bill", "arithmetic", "sequence", "wrong if"} <= set(printed.splitlines())
    assert main(["explain", "00000000", *where]) == 2
    assert "no finding or advice" in capsys.readouterr().err


@pytest.mark.skipif(not WORKSHOP.exists(), reason="the real bill is not here")
def test_on_a_real_bill_spot_is_priced_from_the_price_table_and_nothing_impossible_is_advised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(WORKSHOP), "--db", str(database)]) == 0
    answer = tell("spot", database, capsys)
    held = {row["usage_type"]: row for row in answer["totals"]["spot_held"]}
    assert set(held) == {"SpotUsage:c5.large", "SpotUsage:m5.large", "SpotUsage:t2.micro"}
    assert held["SpotUsage:m5.large"]["on_demand_rate"] == Decimal("0.096")
    assert {row["list_spot_basis"] for row in held.values()} == {"price list 2025-04-24"}
    assert answer["rows"] == []
    counted = {row["veto"]: row["groups"] for row in answer["totals"]["vetoed"]}
    assert counted["managed_database"] == 3
    assert counted["single_zone"] == 1
