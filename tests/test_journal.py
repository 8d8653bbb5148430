"""The journal: what a delivery changed against the one it replaced, exact, told to people, kept for good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.catalog import JOURNAL, Delivery, deliveries, store_of
from finops.cli import main
from finops.engines.duckdb import connect
from finops.ingest.demo import write_export as write_demo
from finops.ledger.journal import settled_before
from finops.models import model
from tests.model_cases import Table, create_given
from tests.tiny_export import LINES, ingested, restate, write_export

Captured = pytest.CaptureFixture[str]
# The same line for another price, on a day that was complete, as the newest charge is of the 20th.
LATE = {"lineItem/UnblendedCost": "1", "lineItem/UsageStartDate": "2026-10-20T00:00:00Z",
        "lineItem/UsageEndDate": "2026-10-20T01:00:00Z"}  # fmt: skip
DEARER = {**LINES[0], "lineItem/UnblendedCost": "11.3500000001"}


def ingest(database: Path, export: Path, capsys: Captured, *words: str) -> str:
    capsys.readouterr()
    assert main(["ingest", str(export), "--db", str(database), *words]) == 0
    return capsys.readouterr().err


def asked(capsys: Captured, database: Path, *words: str) -> Any:
    capsys.readouterr()
    assert main(["status", "--changes", "--db", str(database), "--format", "json", *words]) == 0
    return json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path, [*LINES, LATE])


@pytest.fixture
def database(tmp_path: Path, export: Path) -> Path:
    found = tmp_path / "finops.duckdb"
    assert main(["ingest", str(export), "--db", str(found)]) == 0
    return found


# --- what is told


def test_a_changed_cost_is_told_with_its_place_and_both_deliveries(
    database: Path, export: Path, capsys: Captured
) -> None:
    restate(export, "second", [DEARER, *LINES[1:], LATE])
    ingest(database, export, capsys)
    document = asked(capsys, database)
    (row,) = document["rows"]
    assert row.pop("replaced_at") == document["totals"]["replacements"][0]["replaced_at"]
    assert row == {
        "period": "2026-10",
        "export": "acme",
        "service": "AmazonEC2",
        "account": "000000000002",
        "charge_type": "Usage",
        "currency": "USD",
        "old": Decimal("15.75"),
        "new": Decimal("16.8500000001"),
        "difference": Decimal("1.1000000001"),
        "restated": Decimal("1.1000000001"),
        "old_delivery": "acme-assembly",
        "new_delivery": "second",
    }
    (total,) = document["totals"]["replacements"]
    assert (total["changes"], total["old"], total["new"]) == (1, Decimal("17.7500000181"), Decimal("18.8500000182"))


def test_a_delivery_that_changes_nothing_is_told_without_a_row(database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", [*LINES, LATE])
    assert "replaces delivery acme-assembly: no cost changed" in ingest(database, export, capsys)
    document = asked(capsys, database)
    (total,) = document["totals"]["replacements"]
    assert document["rows"] == []
    assert (total["changes"], total["difference"], total["new"]) == (0, 0, Decimal("17.7500000181"))


def test_what_comes_on_newer_days_is_no_restatement(database: Path, export: Path, capsys: Captured) -> None:
    newer = {key: value.replace("10-20", "10-21") for key, value in LATE.items()}
    restate(export, "second", [*LINES, LATE, {**newer, "lineItem/UnblendedCost": "5"}])
    said = ingest(database, export, capsys)
    assert "+5.00 USD, most of it AmazonEC2 in 000000000002" in said
    assert "complete" not in said
    (row,) = asked(capsys, database)["rows"]
    assert (row["difference"], row["restated"]) == (5, 0)


def test_ingest_names_the_largest_change_where_changes_cancel_out(
    database: Path, export: Path, capsys: Captured
) -> None:
    lines = [{**LINES[0], "lineItem/UnblendedCost": "2"}, *LINES[1:], LATE]
    restate(export, "second", [*lines, {**LINES[0], "lineItem/ProductCode": "AmazonS3"}])
    said = ingest(database, export, capsys)
    assert "+2.00 USD, largest AmazonS3 in 000000000002 (+10.25); +2.00 of it on days that were complete" in said


def test_a_metric_can_be_asked_for_and_one_that_cannot_be_compared_is_said(
    database: Path, export: Path, capsys: Captured
) -> None:
    restate(export, "second", [{**DEARER, "lineItem/LineItemType": "DiscountedUsage"}, LATE])
    ingest(database, export, capsys)
    assert asked(capsys, database, "--metric", "net_unblended")["metric"] == "net_unblended"
    document = asked(capsys, database, "--metric", "amortized")
    assert [problem["code"] for problem in document["problems"]] == ["changes_unknown"]
    assert [(total["changes"], total["old"]) for total in document["totals"]["replacements"]] == [(0, None)]


def test_a_metric_without_changes_is_a_usage_error(database: Path, capsys: Captured) -> None:
    assert main(["status", "--metric", "list", "--db", str(database)]) == 2
    assert "--changes" in capsys.readouterr().err


def test_without_a_replacement_there_is_a_note_and_no_error(database: Path, capsys: Captured) -> None:
    document = asked(capsys, database)
    assert [problem["code"] for problem in document["problems"]] == ["nothing_replaced"]
    assert (document["rows"], document["totals"]) == ([], {"replacements": []})


@pytest.mark.parametrize(("words", "code"), [(["--export", "acm"], 2), (["--period", "2026-11"], 3)])
def test_what_never_came_is_an_error(words: list[str], code: int, database: Path) -> None:
    assert main(["status", "--changes", "--db", str(database), *words]) == code


# --- how long it is kept


def test_the_newest_replacement_comes_first_and_the_oldest_is_never_forgotten(
    database: Path, export: Path, capsys: Captured
) -> None:
    for number in range(4):
        restate(export, f"no {number}", [{**LINES[0], "lineItem/UnblendedCost": str(number)}, LATE])
        ingest(database, export, capsys)
    assert [row["new_delivery"] for row in asked(capsys, database)["totals"]["replacements"]] == [
        "no 3", "no 2", "no 1", "no 0",
    ]  # fmt: skip
    assert [row["difference"] for row in asked(capsys, database)["rows"]][:3] == [1, 1, 1]
    assert len(deliveries(database, "replaced")) == 1


def test_changes_are_narrowed_to_an_export_and_a_period(
    database: Path, export: Path, tmp_path: Path, capsys: Captured
) -> None:
    other = write_export(tmp_path, name="second")
    ingest(database, other, capsys)
    for one in (export, other):
        restate(one, "again", [DEARER])
        ingest(database, one, capsys)
    assert {row["export"] for row in asked(capsys, database)["rows"]} == {"acme", "second"}
    assert {row["export"] for row in asked(capsys, database, "--export", "second")["rows"]} == {"second"}
    assert asked(capsys, database, "--period", "2026-10")["rows"] == asked(capsys, database)["rows"]


def test_a_predecessor_whose_files_are_gone_cannot_be_compared_and_that_is_said(
    database: Path, export: Path, capsys: Captured
) -> None:
    (old,) = deliveries(database)
    shutil.rmtree(store_of(database) / old.delivery_id)
    restate(export, "second", [DEARER])
    assert "whose files are gone: what changed cannot be told" in ingest(database, export, capsys)
    document = asked(capsys, database)
    assert [problem["code"] for problem in document["problems"]] == ["changes_unknown"]


def test_changes_that_do_not_tie_leave_the_previous_delivery(database: Path, export: Path, capsys: Captured) -> None:
    (old,) = deliveries(database)
    totals = store_of(database) / old.delivery_id / "marts" / "period_totals.parquet"
    (store_of(database) / old.delivery_id / "seals.json").unlink()
    connection = connect()
    connection.execute(f"create table altered as select * from read_parquet('{totals}')")
    connection.execute("update altered set x_unblended_cost = x_unblended_cost + 0.0000000001")
    connection.execute(f"copy altered to '{totals}' (format parquet)")
    restate(export, "second", [DEARER])
    capsys.readouterr()
    assert main(["ingest", str(export), "--db", str(database)]) == 3
    assert "queries/checks/changes_tie_to_totals.sql" in capsys.readouterr().err
    assert [one.delivery for one in deliveries(database)] == ["acme-assembly"]


def test_changes_of_a_delivery_that_never_came_are_swept_away(database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", [DEARER])
    ingest(database, export, capsys)
    stray = store_of(database) / JOURNAL / "never-came.parquet"
    stray.write_bytes(b"")
    ingest(database, export, capsys)
    assert {path.stem for path in (store_of(database) / JOURNAL).iterdir()} == {deliveries(database)[0].delivery_id}


def test_a_database_without_a_journal_is_read_and_gets_one(database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", [DEARER])
    ingest(database, export, capsys)
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table arrivals")
    shutil.rmtree(store_of(database) / JOURNAL)
    assert [row["new_delivery"] for row in asked(capsys, database)["totals"]["replacements"]] == ["second"]
    restate(export, "third", [LINES[0]])
    ingest(database, export, capsys)
    document = asked(capsys, database)
    assert [row["new_delivery"] for row in document["totals"]["replacements"]] == ["third", "second"]
    assert [row["difference"] for row in document["rows"]] == [Decimal("-1.1000000001")]
    assert main(["spend", "--as-of", "second", "--db", str(database)]) == 0


# --- that it is exact


def test_the_restated_month_of_the_demo_sums_to_what_both_deliveries_sum_to(tmp_path: Path, capsys: Captured) -> None:
    database = tmp_path / "x.duckdb"
    for delivery in ("first", "last"):
        ingest(database, write_demo("cur2-csv", tmp_path / delivery, 2, delivery), capsys)
    (old,) = deliveries(database, "replaced")
    new = next(one for one in deliveries(database) if one.period == old.period)
    for words in ([], ["--metric", "amortized"], ["--metric", "list"]):
        document = asked(capsys, database, *words)
        (total,) = document["totals"]["replacements"]
        assert total["changes"] == len(document["rows"]) > 50
        assert sum(row["difference"] for row in document["rows"]) == total["difference"] == total["new"] - total["old"]
        sizes = [abs(row["difference"]) for row in document["rows"]]
        assert sizes == sorted(sizes, reverse=True)
    (total,) = asked(capsys, database)["totals"]["replacements"]
    assert (total["old"], total["new"]) == (old.unblended, new.unblended)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "x_service_code": st.sampled_from(["AmazonEC2", "AmazonS3", None]),
            "sub_account_id": st.sampled_from(["1", "2", None]),
            "x_line_item_type": st.sampled_from(["Usage", "Tax", None]),
            "billing_currency": st.sampled_from(["USD", "EUR"]),
            "charge_day": st.dates(date(2026, 10, 18), date(2026, 10, 22)).map(str),
            "x_is_long": st.sampled_from(["true", "false"]),
            "x_unblended_cost": st.decimals(-(10**12), 10**12, places=10).map(str),
        }
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(ROWS, ROWS, st.integers(0, 12))
def test_changes_of_any_two_deliveries_sum_to_their_difference(
    old: list[dict[str, str | None]], new: list[dict[str, str | None]], same: int
) -> None:
    new = old[:same] + new
    connection = connect()
    columns = tuple(model("daily_cost").columns)
    for name, rows in (("replaced_daily_cost", old), ("daily_cost", new)):
        create_given(connection, name, Table(columns, tuple(rows)))
    create_given(connection, "compared_metrics", Table(("metric",), ({"metric": "unblended"},)))
    before: tuple[dict[str, str | None], ...] = ({"before": "2026-10-20", "is_final": "false"},)
    create_given(connection, "settled_days", Table(("before", "is_final"), before))
    found = connection.execute(f"select *, new_cost - old_cost as difference from ({model('cost_changes').sql})")
    names = [column[0] for column in found.description or ()]
    changes = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    settled = [settled_cost(rows) for rows in (old, new)]
    for currency in ("USD", "EUR"):
        mine = [row for row in changes if row["billing_currency"] == currency]
        assert sum(row["difference"] for row in mine) == cost(new, currency) - cost(old, currency)
        assert sum(row["new_cost"] for row in mine) == cost(new, currency)
    assert sum(row["restated_cost"] for row in changes) == settled[1] - settled[0]
    assert all(row["is_change"] == bool(row["difference"] or row["restated_cost"]) for row in changes)


def cost(rows: Sequence[dict[str, str | None]], currency: str) -> Decimal:
    return sum(
        (Decimal(row["x_unblended_cost"] or 0) for row in rows if row["billing_currency"] == currency), Decimal(0)
    )


def settled_cost(rows: Sequence[dict[str, str | None]]) -> Decimal:
    short = [row for row in rows if row["x_is_long"] == "false" and (row["charge_day"] or "") < "2026-10-20"]
    return sum((Decimal(row["x_unblended_cost"] or 0) for row in short), Decimal(0))


@pytest.mark.parametrize(
    ("last_charge", "final", "before"),
    [
        (datetime(2026, 10, 28), False, date(2026, 10, 26)),
        (datetime(2026, 10, 27, 14), None, date(2026, 10, 26)),
        (datetime(2026, 11, 1), True, date.max),
        (None, False, date.max),
    ],
)
def test_the_last_two_days_of_a_delivery_are_complete_only_when_it_is_final(
    last_charge: datetime | None, final: bool | None, before: date, database: Path
) -> None:
    (one,) = deliveries(database)
    assert settled_before(Delivery(**{**vars(one), "last_charge": last_charge, "final": final})) == before


def test_the_journal_is_for_its_owner_only(database: Path, export: Path, capsys: Captured) -> None:
    restate(export, "second", [DEARER])
    ingest(database, export, capsys)
    assert store_of(database).stat().st_mode & 0o077 == 0


def test_a_person_reads_short_ids_and_a_machine_whole_ones(tmp_path: Path, capsys: Captured) -> None:
    ids = ("146cf6a1-fab4-4173-b889-381542042ed9", "23c095f7-4939-4253-b41e-7f0f5f12e2be")
    export = write_export(tmp_path)
    database = ingested(tmp_path / "one")
    restate(export, ids[0], LINES)
    ingest(database, export, capsys)
    restate(export, ids[1], [DEARER])
    ingest(database, export, capsys)
    assert main(["status", "--changes", "--db", str(database)]) == 0
    shown = capsys.readouterr().out
    assert "146cf6a1  " in shown
    assert ids[0] not in shown
    assert {row["old_delivery"] for row in asked(capsys, database)["rows"]} >= {ids[0]}
