"""The rows of a delivery and its own files have checksums too: advice is made of what was loaded, or refused."""

from pathlib import Path

import duckdb
import pytest

from finops.catalog import deliveries, store_of
from finops.cli import main
from tests.tiny_export import LINES, ingested, restate

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def of_csv(tmp_path: Path) -> Path:
    """A ledger of a CSV export: it has rows, and the files they were made of."""
    return ingested(tmp_path)


@pytest.fixture
def of_parquet(tmp_path: Path, of_csv: Path) -> Path:
    """A ledger of a Parquet export, whose rows are its own files."""
    folder = tmp_path / "parquet" / "BILLING_PERIOD=2026-10"
    folder.mkdir(parents=True)
    (plain,) = (tmp_path / "acme").rglob("*.csv")
    rows = f"select * from read_csv('{plain}', all_varchar = true)"
    duckdb.execute(f"copy ({rows}) to '{folder / 'bill.parquet'}' (format parquet)")
    database = tmp_path / "second.duckdb"
    assert main(["ingest", str(folder.parent), "--db", str(database)]) == 0
    return database


def flip(database: Path, part: str) -> Path:
    """Flip one bit in the rows or the originals of the one delivery."""
    (one,) = deliveries(database)
    (path,) = (store_of(database) / one.delivery_id / part).iterdir()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    return path


def error_of(capsys: Captured) -> list[str]:
    return capsys.readouterr().err.rpartition("error: ")[2].splitlines()


@pytest.mark.parametrize(
    "words", [["recommend", "waste"], ["db", "export", "{folder}/out"]], ids=lambda words: words[0]
)
def test_one_flipped_bit_in_the_rows_is_refused_with_the_way_out(
    words: list[str], of_csv: Path, capsys: Captured
) -> None:
    path = flip(of_csv, "rows")
    assert main([*(word.format(folder=of_csv.parent) for word in words), "--db", str(of_csv)]) == 3
    told = error_of(capsys)
    assert told[0].startswith("the rows of delivery acme-assembly of acme 2026-10 are damaged: they are not what was")
    assert told[1] == f"  where: {path}"
    assert told[2] == "  try: finops db upgrade, or ingest that period again"
    assert main(["spend", "--db", str(of_csv)]) == 0


@pytest.mark.parametrize("part", ["rows", "originals"])
def test_the_doctor_sees_a_flipped_bit(part: str, of_csv: Path, capsys: Captured) -> None:
    flip(of_csv, part)
    main(["doctor", "--db", str(of_csv)])
    assert "the files of acme 2026-10 are damaged: they are not what was written" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("words", [["db", "upgrade"], ["ingest", "{folder}/acme"]], ids=lambda words: words[0])
def test_damaged_rows_of_a_csv_are_made_anew(words: list[str], of_csv: Path) -> None:
    flip(of_csv, "rows")
    assert main([*(word.format(folder=of_csv.parent) for word in words), "--db", str(of_csv)]) == 0
    assert main(["recommend", "waste", "--db", str(of_csv)]) == 0


@pytest.mark.parametrize(("ledger", "part"), [("of_parquet", "rows"), ("of_csv", "originals")])
def test_an_upgrade_makes_nothing_from_damaged_files_and_an_ingest_brings_them_anew(
    ledger: str, part: str, request: pytest.FixtureRequest, capsys: Captured
) -> None:
    database = request.getfixturevalue(ledger)
    path = flip(database, part)
    assert main(["db", "upgrade", "--db", str(database)]) == 3
    told = error_of(capsys)
    assert "cannot be made anew: its own files are damaged" in told[0]
    assert told[1:] == [f"  where: {path}", "  try: ingest that period again"]
    export = database.parent / ("parquet" if ledger == "of_parquet" else "acme")
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    assert "4 rows, 16.75 USD" in capsys.readouterr().err
    assert main(["db", "upgrade", "--db", str(database)]) == 0
    assert main(["recommend", "waste", "--db", str(database)]) == 0


def test_a_ledger_whose_rows_were_never_sealed_is_read(of_csv: Path) -> None:
    for path in store_of(of_csv).rglob("seals-*.json"):
        path.unlink()
    flip(of_csv, "originals")
    assert main(["recommend", "waste", "--db", str(of_csv)]) == 0


def test_what_no_longer_has_rows_has_no_seals_of_them(of_csv: Path) -> None:
    (first,) = deliveries(of_csv)
    restate(of_csv.parent / "acme", "second", LINES)
    assert main(["ingest", str(of_csv.parent / "acme"), "--db", str(of_csv)]) == 0
    assert [path.name for path in (store_of(of_csv) / first.delivery_id).glob("seals*")] == ["seals.json"]
