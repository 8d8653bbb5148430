"""The verbs on the database itself: what they remove, what they write, and what of a bill is left in a fake one."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from finops import models
from finops.catalog import deliveries, store_of
from finops.cli import main
from finops.ledger.export import MANIFEST
from finops.ledger.fakes import FAKED, KEPT
from finops.recommend.accepted.ledger import ledger_path
from tests.tiny_export import LINES, ingested, restate, write_export

Captured = pytest.CaptureFixture[str]
ARN = "arn:aws:ec2:us-east-2:000000000002:instance/i-0123456789abcdef0"
NAMES = {
    "lineItem/ResourceId": ARN,
    "resourceTags/user:Owner": "jane.doe@example.com",
    "resourceTags/user:Environment": "Sekret",
    "costCategory/team": "Team Quux",
    "bill/InvoiceId": "INV-777000",
    "lineItem/LineItemDescription": "a private thing",
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A ledger with two deliveries of a month, and names of every kind in it."""
    lines = [*LINES, {"lineItem/UnblendedCost": "8", **NAMES}, {**NAMES, "lineItem/ResourceId": "i-0aaaaaaaaaaaaaaaa"}]
    made = tmp_path / "finops.duckdb"
    export = write_export(tmp_path, lines, name="wonka")
    assert main(["ingest", str(export), "--db", str(made)]) == 0
    restate(export, "second", lines)
    assert main(["ingest", str(export), "--db", str(made)]) == 0
    return made


def rows_of(database: Path, *words: str) -> list[dict[str, object]]:
    out = database.with_suffix(".json")
    assert main([*words, "--format", "json", "-o", str(out), "--db", str(database)]) == 0
    found: list[dict[str, object]] = json.loads(out.read_text(), parse_float=Decimal)["rows"]
    return found


def test_a_vacuum_removes_what_nothing_names_and_says_how_much(database: Path, capsys: Captured) -> None:
    before = rows_of(database, "spend", "--by", "resource,day")
    stray = store_of(database) / "never-came-2026-10-0123456789"
    broken = store_of(database) / ".downloads" / "0123"
    for folder in (stray, broken):
        folder.mkdir(parents=True)
        (folder / "part").write_bytes(b"x" * 50_000)
    assert main(["db", "vacuum", "--db", str(database)]) == 0
    assert int(capsys.readouterr().err.split(" after, ")[1].split()[0].replace(",", "")) >= 100_000
    assert not stray.exists()
    assert not broken.exists()
    assert rows_of(database, "spend", "--by", "resource,day") == before
    assert len(deliveries(database, "replaced")) == 1


def test_a_vacuum_removes_the_draft_of_advice_whose_acceptance_was_killed(database: Path) -> None:
    ledger = ledger_path(database)
    draft = ledger.with_name(f"{ledger.name}.1.tmp")
    ledger.write_text("")
    draft.write_text("{")
    assert main(["db", "vacuum", "--db", str(database)]) == 0
    assert ledger.exists()
    assert not draft.exists()


def test_a_vacuum_of_no_database_makes_none(tmp_path: Path) -> None:
    assert main(["db", "vacuum", "--db", str(tmp_path / "none.duckdb")]) == 3
    assert list(tmp_path.iterdir()) == []


def test_an_export_can_be_read_by_anything_and_sums_to_the_ledger(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert main(["db", "export", str(folder), "--db", str(database)]) == 0
    manifest = json.loads((folder / MANIFEST).read_text())
    (one,) = deliveries(database)
    assert [found["delivery_id"] for found in manifest["deliveries"]] == [one.delivery_id]
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")} == {
        file["file"] for file in manifest["files"]
    }
    for file in manifest["files"]:
        read = f"read_parquet('{folder / file['file']}')"
        assert duckdb.execute(f"select count(*) from {read}").fetchone() == (file["rows"],)
        if file["unblended"] is not None:
            assert Decimal(file["unblended"]) == one.unblended
            assert duckdb.execute(f"select sum(x_unblended_cost) from {read}").fetchone() == (one.unblended,)
    (lines,) = (file for file in manifest["files"] if file["model"] == "line_items")
    assert lines["rows"] == one.rows


def test_an_export_never_writes_into_a_folder_that_is_there(database: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["db", "export", str(tmp_path), "--db", str(database)]) == 2
    assert "the folder exists already" in capsys.readouterr().err


def test_an_export_removes_what_a_killed_one_left_and_nothing_that_is_still_written(
    database: Path, tmp_path: Path
) -> None:
    killed, running = tmp_path / "out.1.tmp", tmp_path / "out.2.tmp"
    for draft in (killed, running):
        draft.mkdir()
        (draft / "line_items.parquet").write_bytes(b"PAR1")
    handle = os.open(running, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert main(["db", "export", str(tmp_path / "out"), "--db", str(database)]) == 0
    finally:
        os.close(handle)
    assert [path.name for path in sorted(tmp_path.glob("out*"))] == ["out", "out.2.tmp"]


def left_in_the_middle(target: Path) -> None:
    """A whole draft, whose store is in its place already."""
    home = target.with_name(f"{target.name}.1.tmp")
    home.mkdir(parents=True)
    (home / target.name).write_bytes(b"whole")
    (store_of(target) / "export-1-2026-10-0001").mkdir(parents=True)


def left_half(target: Path) -> None:
    """A draft that is written to."""
    home = target.with_name(f"{target.name}.1.tmp")
    (store_of(home / target.name) / "export-1-2026-10-0001").mkdir(parents=True)
    (home / target.name).write_bytes(b"half")


@pytest.mark.parametrize("left", [left_half, left_in_the_middle])
def test_a_fake_ledger_that_was_killed_may_be_begun_again(
    left: Callable[[Path], None], database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "given-away" / "x.duckdb"
    left(target)
    assert main(["db", "anonymise", str(target), "--db", str(database)]) == 0
    assert [path.name for path in sorted(target.parent.iterdir())] == ["x.duckdb", "x.duckdb.lock", "x.store"]
    assert [path.name for path in store_of(target).iterdir()] == [deliveries(target)[0].delivery_id]


def test_a_store_without_its_database_is_never_taken_for_a_leftover(
    database: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "x.duckdb"
    store_of(target).mkdir()
    assert main(["db", "anonymise", str(target), "--db", str(database)]) == 2
    assert "the file or its store exists already" in capsys.readouterr().err
    assert store_of(target).is_dir()


@pytest.fixture
def fake(database: Path, tmp_path: Path) -> Path:
    target = tmp_path / "given-away" / "x.duckdb"
    assert main(["db", "anonymise", str(target), "--db", str(database)]) == 0
    return target


def test_a_fake_ledger_has_the_same_costs_to_the_last_decimal(database: Path, fake: Path) -> None:
    for by in ("service,day", "line_item_type,region", "usage_type", "charge_category"):
        assert rows_of(fake, "spend", "--by", by) == rows_of(database, "spend", "--by", by)
    for by in ("account", "resource", "tag:Owner", "tag:Environment,resource", "cost_category:team"):
        costs = [
            sorted(Decimal(str(row["cost"])) for row in rows_of(one, "spend", "--by", by)) for one in (fake, database)
        ]
        assert costs[0] == costs[1]


def test_nothing_recognisable_is_left_in_a_fake_ledger(database: Path, fake: Path, tmp_path: Path) -> None:
    names = {"000000000001", "000000000002", "0123456789abcdef0", "0aaaaaaaaaaaaaaaa", "wonka", "second", str(tmp_path)}
    names |= {text for column, text in NAMES.items() if column != "lineItem/ResourceId"}
    names |= {one.delivery_id for one in deliveries(database)} | {one.fingerprint for one in deliveries(database)}
    told = "\n".join(everything(fake))
    assert {name for name in names if name.lower() in told.lower()} == set()
    assert len(told) > 2_000


def everything(database: Path) -> Iterator[str]:
    """Every text in a ledger: names of files, their raw bytes, and what is in their tables."""
    for path in database.parent.rglob("*"):
        yield str(path.relative_to(database.parent))
        if path.is_file():
            yield path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            yield str(duckdb.execute(f"select * from read_parquet('{path}')").fetchall())
    with duckdb.connect(str(database), read_only=True) as catalog:
        for (table,) in catalog.execute("select table_name from duckdb_tables()").fetchall():
            yield str(catalog.execute(f"select * from {table}").fetchall())


def test_a_name_has_one_fake_in_a_ledger_and_another_one_in_the_next(
    database: Path, fake: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.duckdb"
    assert main(["db", "anonymise", str(again), "--db", str(database)]) == 0
    accounts = [{str(row["account"]) for row in rows_of(one, "spend", "--by", "account")} for one in (fake, again)]
    assert accounts[0] != accounts[1]
    assert all(len(account) == 12 and account.isdigit() for found in accounts for account in found)
    arns = [str(row["resource_id"]) for row in rows_of(fake, "spend", "--by", "resource") if row["resource_id"]]
    (arn,) = (one for one in arns if one.startswith("arn:"))
    assert arn.split(":")[:4] == ARN.split(":")[:4]
    assert arn.split(":")[4] in accounts[0]


def test_a_fake_ledger_says_that_its_lines_are_not_there(fake: Path, capsys: Captured) -> None:
    assert main(["recommend", "waste", "--db", str(fake)]) == 3
    assert "the rows of export-1 2026-10 are gone from the store" in capsys.readouterr().err


def test_no_column_of_a_mart_is_written_without_a_decision_whether_it_names_anybody() -> None:
    columns = {column for mart in models.folder("marts") for column in mart.columns}
    assert columns <= KEPT | FAKED
    assert not KEPT & FAKED


def test_an_upgrade_leaves_the_ledger_as_it_was_beside_the_new_one(tmp_path: Path, capsys: Captured) -> None:
    database = ingested(tmp_path)
    (old,) = deliveries(database)
    for _ in range(2):
        with duckdb.connect(str(database)) as connection:
            connection.execute("update deliveries set recipe = 'older'")
        assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert "the ledger as it was: " in capsys.readouterr().err
    (backup,) = tmp_path.glob("*.backup-*/finops.duckdb")
    assert backup.stat().st_mode & 0o777 == 0o600
    (kept,) = deliveries(backup)
    assert (kept.recipe, kept.unblended) == ("older", old.unblended)
    with duckdb.connect(str(backup)) as connection:
        connection.execute("update deliveries set recipe = ?", [old.recipe])
    assert rows_of(backup, "spend", "--by", "resource") == rows_of(database, "spend", "--by", "resource")
