"""What keeps Spark from giving a number is told in three lines, and nothing of it is loaded."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from finops.cli import main
from finops.config import parse_settings
from finops.config.spark import EXACT
from finops.engines import spark as engine
from finops.errors import ConfigError, DataError
from tests.tiny_export import write_export

SETTINGS = 'engine = "spark"\n[spark]\nmaster = "local[2]"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "finops.toml"
    path.write_text(SETTINGS)
    return path


def ingest(export: Path, settings: Path) -> int:
    return main(["ingest", str(export), "--db", str(settings.with_name("finops.duckdb")), "--config", str(settings)])


def test_without_java_the_error_names_it(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java"))
    assert ingest(write_export(tmp_path), settings) == 4
    error = capsys.readouterr().err.splitlines()[-3:]
    assert error[0] == "error: Spark needs Java 17, and no java is here"
    assert error[2] == "  try: install a Java 17 runtime, or set JAVA_HOME"
    assert not settings.with_name("finops.duckdb").exists()


def test_without_pyspark_the_error_names_the_extra(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    assert ingest(write_export(tmp_path), settings) == 4
    assert "pip install 'finops[spark]'" in capsys.readouterr().err.splitlines()[-1]


def test_a_cluster_without_a_folder_that_both_reach_is_refused(tmp_path: Path, settings: Path) -> None:
    from finops.ingest.discover import survey
    from finops.ledger.load import Failed, load
    from finops.ledger.spark import spark_way

    way = spark_way(parse_settings('[spark]\nmaster = "spark://10.0.0.1:7077"\n').spark)
    found = survey([write_export(tmp_path)]).found
    (failed,) = load(tmp_path / "finops.duckdb", found, parts=way.parts, files=way.files)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConfigError)
    assert "exchange" in str(failed.error)


@pytest.mark.parametrize(
    "text",
    [
        'engine = "presto"',
        '[spark]\nmater = "local"',
        "[spark]\nmaster = 1",
        '[spark.conf]\n"spark.executor.cores" = 2',
    ],
)
def test_settings_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_settings(text)


def test_an_export_that_changes_while_it_is_read_is_not_loaded(tmp_path: Path) -> None:
    from finops.ingest.discover import survey
    from finops.ledger.spark import in_place

    (found,) = survey([write_export(tmp_path)]).found
    with (
        pytest.raises(DataError, match="changed while Spark read it"),
        in_place(tmp_path / "finops.duckdb", found, lambda text, size: None) as files,
    ):
        files[0].write_bytes(files[0].read_bytes() + b"\n")


needs_spark = pytest.mark.skipif(bool(engine.missing()), reason=str(engine.missing()))


@needs_spark
@pytest.mark.parametrize("name", EXACT)
def test_what_exact_money_needs_cannot_be_set_otherwise(name: str) -> None:
    policy = parse_settings(f'[spark.conf]\n"{name}" = "x"\n').spark
    with pytest.raises(ConfigError, match=name):
        engine.session(policy)


@needs_spark
def test_a_master_that_is_none_is_an_engine_error(tmp_path: Path) -> None:
    from finops.errors import EngineError

    policy = parse_settings('[spark]\nmaster = "no such master"\n').spark
    with pytest.raises(EngineError, match="Spark does not start"):
        engine.session(policy)


def rewritten(export: Path, change: str) -> Path:
    """The one CSV file of the tiny export, its text changed."""
    (path,) = export.rglob("*.csv")
    text = path.read_text()
    before, after = change.split("=>")
    assert before in text
    path.write_text(text.replace(before, after, 1))
    return export


@needs_spark
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("10.25=>ten", "a value cannot be read"),
        ("10.25=>1e30", "a cost is too large to be held exactly"),
        ("10.25=>", "rows have no cost"),
        (",web,=>,web,x,y", "a row does not fit the header"),
        (",web,=>,web,,", "a row does not fit the header"),
        (",web,=>,web,,,", "a row does not fit the header"),
        (",web,=>,web", "a row does not fit the header"),
    ],
)
def test_what_duckdb_refuses_spark_refuses_too(
    tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str], change: str, said: str
) -> None:
    export = rewritten(write_export(tmp_path), change)
    told = []
    for text in (SETTINGS, ""):
        settings.write_text(text)
        assert ingest(export, settings) == 3
        lines = capsys.readouterr().err.splitlines()
        told.append(next(line for line in lines if line.startswith("error: ")))
        assert len(lines[lines.index(told[-1]) :]) <= 3
    assert said in told[0]


@needs_spark
def test_a_zip_is_refused_and_gzip_is_read(tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = write_export(tmp_path)
    (path,) = export.rglob("*.csv")
    zipped = tmp_path / "loose" / "acme.csv.gz"
    zipped.parent.mkdir()
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert ingest(zipped, settings) == 0
    assert "16.75 USD" in capsys.readouterr().err
    zipped.rename(zipped.with_name("acme.zip"))
    assert ingest(zipped.with_name("acme.zip"), settings) == 3
    assert "Spark cannot read a zip archive" in capsys.readouterr().err


@needs_spark
def test_a_file_of_two_periods_is_two_deliveries(
    tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = write_export(tmp_path).rglob("*.csv")
    rows = list(csv.reader(path.open(newline="")))
    header, *lines = rows
    older = [[cell.replace("2026-10-", "2026-09-").replace("2026-11-", "2026-10-") for cell in line] for line in lines]
    loose = tmp_path / "both.csv"
    with loose.open("w", newline="") as handle:
        csv.writer(handle).writerows([header, *lines, *older])
    assert ingest(loose, settings) == 0
    told = capsys.readouterr().err
    assert "2026-09: legacy CUR CSV, 4 rows, 16.75 USD" in told
    assert "2026-10: legacy CUR CSV, 4 rows, 16.75 USD" in told
