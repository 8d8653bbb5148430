"""A small part of every drill, and what drills found, each as a test of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from finops.catalog import JOURNAL, deliveries, store_of
from finops.cli import main
from finops.engines.layout import read_layout
from finops.engines.source import tag_sets_sql
from tests.drills import crowd, damage, full_disk, fuzz, kills, report, verbs
from tests.drills.tally import Drill, Function, Tally
from tests.tiny_export import COLUMNS, LINES, ingested, restate, write_export

Captured = pytest.CaptureFixture[str]
DRILLS: dict[str, tuple[Function, int]] = {
    "kills": (kills.kills, 20),
    "verbs": (verbs.verbs, 4),
    "deliveries": (damage.deliveries, 4),
    "ledgers": (damage.ledgers, 30),
    "manifests": (fuzz.manifests, 8),
    "tables": (fuzz.tables, 10),
    "toml": (fuzz.toml, 80),
    "markdown": (fuzz.markdown, 80),
    "full disk": (full_disk.full_disk, 2),
    "crowd": (crowd.crowd, 2),
}


@pytest.mark.parametrize("name", DRILLS)
def test_nothing_breaks_in_a_drill(name: str, tmp_path: Path) -> None:
    drill, runs = DRILLS[name]
    tally = drill(Drill(tmp_path, runs, Random(1)))
    assert (tally.wrong_sums, tally.tracebacks, tally.lost) == ([], [], [])
    assert tally.skipped or tally.inputs >= runs


@pytest.mark.parametrize("whole", [True, False])
def test_a_run_of_drills_replaces_all_that_was_said_of_the_last_one(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "drills.md"
    page.write_text("# Drills\n\n## The last run\n\nOld words. Tried in parts.\n\n| old |\n")
    monkeypatch.setattr(report, "PAGE", page)
    report.write([report.Done(Tally("sawing", inputs=3, lost=["a"]), 61.4, 8.6)], 7, "a machine", whole)
    said = page.read_text()
    assert said.startswith("# Drills\n\n## The last run\n\na machine; seed 7.\n")
    assert "| sawing | 3 | 0 | 0 | 1 | 61 | 9 |  |\n| all | 3 | 0 | 0 | 1 | 61 | 9 |  |\n" in said
    assert "ld " not in said
    assert ("Tried in part" in said) != whole


def test_a_manifest_nested_too_deeply_is_named(tmp_path: Path, capsys: Captured) -> None:
    export = write_export(tmp_path)
    (path,) = export.rglob("*-Manifest.json")
    path.write_text('{"reportKeys":' + "[" * 100_000)
    assert main(["ingest", str(export), "--db", str(tmp_path / "x.duckdb")]) == 3
    assert f"error: the manifest is not complete JSON\n  where: {path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["notify", "slack", "{file}", "--dry-run", "--config", "{settings}"], 2),
        (["check", "--baseline", "{file}", "--config", "{settings}"], 2),
        (["tag-gaps", "--baseline", "{file}", "--fail-on", "missing", "--config", "{settings}"], 2),
        (["reconcile", "--against", "invoice", "{file}", "--config", "{settings}"], 3),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_file_nested_too_deeply_is_no_failure_of_ours(
    words: list[str], code: int, tmp_path: Path, capsys: Captured
) -> None:
    database, file, settings = ingested(tmp_path), tmp_path / "deep.json", tmp_path / "finops.toml"
    file.write_text('{"rows":' + "[" * 100_000)
    settings.write_text("")
    named = [word.format(file=file, settings=settings) for word in words]
    assert main([*named, "--db", str(database)]) == code
    assert str(file) in capsys.readouterr().err.rpartition("error: ")[2]


def test_a_flipped_bit_in_a_gzip_is_damage_and_not_our_failure(tmp_path: Path, capsys: Captured) -> None:
    export = write_export(tmp_path)
    (plain,) = export.rglob("*.csv")
    path = tmp_path / "bill.csv.gz"
    damage.as_gz(plain, path)
    raw = bytearray(path.read_bytes())
    raw[26] ^= 1
    path.write_bytes(raw)
    assert main(["ingest", str(path), "--db", str(tmp_path / "x.duckdb")]) == 3
    assert "error: the file is damaged or cut short" in capsys.readouterr().err


@pytest.mark.parametrize("kibibytes", [40, 300, 1500])
def test_a_database_that_cannot_be_written_whole_never_takes_the_place_of_the_old_one(
    kibibytes: int, tmp_path: Path
) -> None:
    database = ingested(tmp_path)
    restate(tmp_path / "acme", "second", LINES)
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({kibibytes << 10}, {kibibytes << 10}))\n"
        "from finops.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", code, "ingest", str(tmp_path / "acme"), "--db", str(database)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "error: the database could not be written, and is as it was: file too large" in done.stderr.lower()
    assert [one.delivery for one in deliveries(database)] == ["acme-assembly"]
    assert kills.leftovers(database) == []


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A ledger whose delivery took the place of another one."""
    made = ingested(tmp_path)
    restate(tmp_path / "acme", "second", LINES)
    assert main(["ingest", str(tmp_path / "acme"), "--db", str(made)]) == 0
    return made


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def mart_of(database: Path) -> Path:
    (one,) = deliveries(database)
    return store_of(database) / one.delivery_id / "marts" / "resource_daily.parquet"


def test_one_flipped_bit_in_a_mart_is_refused_with_the_way_out(database: Path, capsys: Captured) -> None:
    flip(mart_of(database))
    assert main(["spend", "--db", str(database)]) == 3
    told = capsys.readouterr().err.rpartition("error: ")[2].splitlines()
    assert told[0] == "the files of delivery second of acme 2026-10 are damaged: they are not what was written"
    assert told[1].endswith("marts/resource_daily.parquet")
    assert "finops db upgrade" in told[2]


@pytest.mark.parametrize("words", [["db", "upgrade"], ["ingest", "{export}"]], ids=lambda words: words[0])
def test_a_damaged_mart_is_made_anew_from_the_store(words: list[str], database: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    spend = ["spend", "--by", "resource,tag:Owner", "--format", "json", "-o", str(out), "--db", str(database)]
    assert main(spend) == 0
    before = json.loads(out.read_text())["rows"]
    flip(mart_of(database))
    assert main([*(word.format(export=tmp_path / "acme") for word in words), "--db", str(database)]) == 0
    assert main(spend) == 0
    assert json.loads(out.read_text())["rows"] == before


def test_one_flipped_bit_in_the_journal_is_refused(database: Path, capsys: Captured) -> None:
    (path,) = (store_of(database) / JOURNAL).glob("*.parquet")
    flip(path)
    assert main(["status", "--changes", "--db", str(database)]) == 3
    assert f"the file is damaged\n  where: {path}" in capsys.readouterr().err


def test_a_damaged_database_is_told_as_that(database: Path, capsys: Captured) -> None:
    raw = database.read_bytes()
    database.write_bytes(raw[: len(raw) // 2])
    assert main(["spend", "--db", str(database)]) == 3
    assert "error: the database is damaged" in capsys.readouterr().err


def test_labels_with_a_column_each_are_read_in_one_select_however_many(tmp_path: Path) -> None:
    layouts = [
        read_layout(
            dict.fromkeys([*COLUMNS, *(f"resourceTags/user:key{number}" for number in range(count))], "VARCHAR"), ""
        )
        for count in (1, 2_000)
    ]
    one, many = (tag_sets_sql(layout, "label_sets").count("select") for layout in layouts)
    assert one == many
