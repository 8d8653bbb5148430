"""A database that another version of finops wrote: read with a word, and made anew from its own store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from finops.catalog import deliveries, store_of
from finops.cli import main
from finops.ledger.backup import back_up
from tests.tiny_export import LINES, ingested, restate, write_export

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "exports")


@pytest.fixture
def database(tmp_path: Path, export: Path) -> Path:
    """A ledger of the tiny export as version 2 wrote it: it did not keep how marts were made, and made other ones."""
    path = tmp_path / "finops.duckdb"
    assert main(["ingest", str(export), "--db", str(path)]) == 0
    age(path)
    return path


def age(path: Path) -> None:
    """Turn every delivery into one of an earlier version, whose daily cost has no region."""
    for mart in store_of(path).glob("*/marts/daily_cost.parquet"):
        older = mart.with_suffix(".older")
        duckdb.execute(f"copy (select * exclude (region_id) from read_parquet('{mart}')) to '{older}' (format parquet)")
        older.rename(mart)
    for seals in store_of(path).rglob("seals-*.json"):
        seals.unlink()
    with duckdb.connect(str(path)) as connection:
        for (view,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall():
            connection.execute(f"drop view {view}")
        connection.execute("alter table deliveries drop column recipe")
        connection.execute("update catalog set schema_version = 2")


def rows_of(database: Path, *words: str) -> object:
    out = database.with_suffix(".json")
    assert main([*words, "--format", "json", "-o", str(out), "--db", str(database)]) == 0
    return json.loads(out.read_text())["rows"]


def test_figures_of_another_version_are_refused_with_the_way_out(database: Path, capsys: Captured) -> None:
    assert main(["spend", "--by", "region", "--db", str(database)]) == 3
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-3].startswith("error: another version of finops loaded acme 2026-10")
    assert "finops db upgrade" in said[-1]
    assert len(said) <= 3


def test_status_names_what_another_version_loaded(database: Path, capsys: Captured) -> None:
    assert main(["status", "--db", str(database)]) == 0
    assert "loaded by another version of finops: finops db upgrade" in capsys.readouterr().out


def test_an_upgrade_needs_the_store_alone_and_changes_no_figure(tmp_path: Path, export: Path, capsys: Captured) -> None:
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    before = [rows_of(database, "spend", "--by", dims) for dims in ("region,service,day", "tag:Owner,resource")]
    age(database)
    shutil.rmtree(export)
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert "made anew acme 2026-10: 4 rows, 16.75 USD unblended" in capsys.readouterr().err
    after = [rows_of(database, "spend", "--by", dims) for dims in ("region,service,day", "tag:Owner,resource")]
    assert after == before
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert "everything here was loaded by this version" in capsys.readouterr().err


def test_an_upgrade_keeps_where_a_delivery_came_from_and_when(database: Path) -> None:
    (old,) = deliveries(database)
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    (new,) = deliveries(database)
    kept = ("export", "identity", "format", "period", "delivery", "source", "fingerprint", "files", "bytes", "rows",
            "unblended", "currency", "final", "vouched", "loaded_at", "last_charge", "layout", "state")  # fmt: skip
    assert {name: getattr(new, name) for name in kept} == {name: getattr(old, name) for name in kept}
    assert new.delivery_id != old.delivery_id
    folders = [path.name for path in store_of(database).iterdir() if path.name != "journal"]
    assert folders == [new.delivery_id]


def test_an_ingest_upgrades_first_and_then_reads_nothing_that_is_unchanged(
    database: Path, export: Path, capsys: Captured
) -> None:
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    said = capsys.readouterr().err
    assert "made anew acme 2026-10" in said
    assert "unchanged acme 2026-10" in said
    assert "0 bytes read" in said


def test_what_a_delivery_changed_is_still_told_after_an_upgrade(tmp_path: Path, export: Path, capsys: Captured) -> None:
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    restate(export, "second", [{**LINES[0], "lineItem/UnblendedCost": "11"}, *LINES[1:]])
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    before = rows_of(database, "status", "--changes")
    age(database)
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert rows_of(database, "status", "--changes") == before
    assert before
    assert main(["spend", "--as-of", "acme-assembly", "--db", str(database)]) == 3
    assert "which was replaced: its rows are gone" in capsys.readouterr().err


def test_a_delivery_whose_own_files_are_not_kept_stays_as_it_was(database: Path, capsys: Captured) -> None:
    (old,) = deliveries(database)
    shutil.rmtree(store_of(database) / old.delivery_id / "originals")
    assert main(["db", "upgrade", "--db", str(database)]) == 3
    said = capsys.readouterr().err
    assert "its own files are not kept" in said
    assert "ingest that period again" in said
    assert deliveries(database) == [old]


def test_the_period_of_such_a_delivery_can_be_ingested_again(database: Path, export: Path, capsys: Captured) -> None:
    (old,) = deliveries(database)
    shutil.rmtree(store_of(database) / old.delivery_id / "originals")
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    assert "loaded acme 2026-10" in capsys.readouterr().err
    assert main(["spend", "--by", "region", "--db", str(database)]) == 0


def test_rows_that_would_be_another_bill_are_not_taken(database: Path, capsys: Captured) -> None:
    (old,) = deliveries(database)
    (original,) = (store_of(database) / old.delivery_id / "originals").iterdir()
    original.write_text(original.read_text().replace("10.25", "10.26"))
    assert main(["db", "upgrade", "--db", str(database)]) == 3
    assert "acme 2026-10 would have 4 rows and 16.76" in capsys.readouterr().err
    assert deliveries(database) == [old]


def test_an_upgrade_of_nothing_says_so(tmp_path: Path, capsys: Captured) -> None:
    assert main(["db", "upgrade", "--db", str(tmp_path / "none.duckdb")]) == 3
    assert "there is no database" in capsys.readouterr().err


def test_one_file_of_several_periods_is_made_anew_for_each(tmp_path: Path, capsys: Captured) -> None:
    export = write_export(tmp_path / "exports")
    (csv,) = export.rglob("*.csv")
    header, *lines = csv.read_text().splitlines()
    later = [line.replace("2026-11-01", "2026-12-01").replace("2026-10-", "2026-11-") for line in lines]
    both = tmp_path / "both.csv"
    both.write_text("\n".join([header, *lines, *later]) + "\n")
    database = tmp_path / "finops.duckdb"
    assert main(["ingest", str(both), "--db", str(database)]) == 0
    before = rows_of(database, "spend", "--by", "billing_period,region")
    age(database)
    both.unlink()
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert capsys.readouterr().err.count("made anew") == 2
    assert rows_of(database, "spend", "--by", "billing_period,region") == before
    assert len({row["billing_period"] for row in before}) == 2  # type: ignore[attr-defined]


def test_an_upgrade_begun_again_at_once_has_a_backup_of_its_own(tmp_path: Path) -> None:
    database = ingested(tmp_path)
    first, second = back_up(database), back_up(database)
    assert first != second
    assert not first.exists()
    assert [one.unblended for one in deliveries(second)] == [one.unblended for one in deliveries(database)]
