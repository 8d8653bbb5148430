"""Spark builds the same marts as DuckDB: every case and the whole demo estate, row for row, to the last decimal."""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from finops.engines.duckdb import connect, literal
from finops.engines.source import money, scan
from finops.engines.spark import Spark, missing, session, spark_errors
from finops.engines.spark_source import ALL_ROWS, doubles, open_export
from finops.engines.translate import EXPORT_ROWS
from finops.errors import EngineError
from finops.ingest.demo import write_export
from finops.ingest.discover import survey
from finops.ledger.build import build, build_on
from finops.ledger.load import Failed, Way, load
from finops.ledger.spark import spark_way
from tests.both_engines import POLICY, as_texts, catalog_rows, differences
from tests.model_cases import PERIOD, Case, every_export_row, load_cases, models_of, stored
from tests.test_models import ledger_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

if absent := missing():
    warnings.warn(f"Spark is not tried: {absent.what}", stacklevel=1)
    pytest.skip(f"Spark is not tried: {absent.what}", allow_module_level=True)

ON_SPARK = ("staging", "ledger", "marts", "checks")


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    started = session(POLICY)
    yield started
    started.stop()


def engine_over(path: Path, folder: Path, connection: DuckDBPyConnection) -> tuple[Spark, Any]:
    own = session(POLICY)
    layout, _ = open_export(own, [f"file://{path}"])
    engine = Spark(own, connection, f"file://{folder}/spark", None, doubles(layout))
    engine.view(EXPORT_ROWS, f"select * from {ALL_ROWS}")
    return engine, layout


# --- every case


@pytest.fixture(scope="module", params=["cur", "focus"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, spark: SparkSession
) -> Iterator[Any]:
    """The export rows of all cases of one shape, built on both engines."""
    folder = tmp_path_factory.mktemp(request.param)
    with closing(connect()) as connection, closing(connect()) as marts:
        layout, path = stored(connection, every_export_row(f"{request.param}_rows"), folder)
        plain = build(connection, layout, [path], folder / "marts", "case", PERIOD)
        engine, found = engine_over(path, folder, marts)
        built = build_on(engine, found, [path], folder / "spark-marts", "case", PERIOD)
        yield request.param, connection, engine, plain, built


def test_the_rows_of_all_cases_give_the_same_in_every_model(both: Any) -> None:
    shape, connection, engine, _, _ = both
    compared = 0
    for model in [model for model in models_of(shape) if model.folder in ON_SPARK]:
        plain = connection.execute(model.sql).fetchall()
        names = [name for name in model.columns if name != "tag_set_id"]
        places = [list(model.columns).index(name) for name in names]
        found = [[row[name] for name in names] for row in engine.rows(model.sql)]
        assert as_texts(found) == as_texts([row[place] for place in places] for row in plain), model.name
        compared += len(plain)
    assert compared > 150


def test_all_cases_are_noted_alike(both: Any) -> None:
    *_, plain, built = both
    assert sorted(built.problems, key=repr) == sorted(plain.problems, key=repr)
    assert replace(built, problems=[]) == replace(plain, problems=[])


def given_cases() -> list[Case]:
    return [case for case in load_cases() if not case.export and case.model.folder in ON_SPARK]


def test_every_case_that_starts_from_tables_gives_the_same(spark: SparkSession, tmp_path: Path) -> None:
    cases = [case for case in given_cases() if "cost_explorer" not in case.model.name]
    for number, case in enumerate(cases):
        connection, _ = ledger_of(case, tmp_path)
        with closing(connection):
            engine = Spark(session(POLICY), connection, "", None, frozenset())
            for table in case.model.inputs:
                path = tmp_path / f"{number}-{table}.parquet"
                connection.execute(f"copy {table} to {literal(str(path))} (format parquet)")
                engine.session.read.parquet(str(path)).createOrReplaceTempView(table)
            plain = connection.execute(case.model.sql).fetchall()
            found = [tuple(row.values()) for row in engine.rows(case.model.sql)]
            assert as_texts(found) == as_texts(plain), case.name
    assert len(cases) >= 7


# --- numbers that engines round each in their own way


@pytest.mark.parametrize("half_even", [False, True])
def test_doubles_and_texts_become_the_same_money(spark: SparkSession, tmp_path: Path, half_even: bool) -> None:
    chance = Random(7)
    numbers = [
        *(chance.uniform(-1, 1) * 10 ** chance.randint(-10, 12) for _ in range(400)),
        *(chance.randint(-(10**9), 10**9) / 10**10 + 5e-11 for _ in range(200)),
        *(float(f"{chance.randint(1, 10**7)}.{chance.randint(0, 10**10):010d}") for _ in range(200)),
        0.0, -0.0, 1e-11, 5e-11, -5e-11, 1.5e-10, 2.5e-10, 1e17, 123456789.123456, 1234567890.123, 0.1 + 0.2,
    ]  # fmt: skip
    path = tmp_path / "numbers.parquet"
    with closing(connect()) as connection:
        connection.execute("create table numbers (place integer, number double, words varchar)")
        connection.executemany(
            "insert into numbers values (?, ?, ?)",
            [[place, number, f"{Decimal(repr(number)):f}"] for place, number in enumerate(numbers)],
        )
        connection.execute(f"copy numbers to {literal(str(path))} (format parquet)")
        engine = Spark(session(POLICY), connection, "", None, frozenset({"number"}))
        engine.session.read.parquet(str(path)).createOrReplaceTempView(EXPORT_ROWS)
        costs = ", ".join(f"{money(column, half_even)} as {column}" for column in ("number", "words"))
        sql = f"select place, {costs} from {scan([path])}"
        found, plain = (
            as_texts(map(tuple, rows))
            for rows in (map(dict.values, engine.rows(sql)), connection.execute(sql).fetchall())
        )
        assert found - plain == plain - found == Counter()


def test_the_quantities_of_models_are_those_of_duckdb(spark: SparkSession, tmp_path: Path) -> None:
    chance = Random(11)
    texts = [f"{chance.randint(0, 10**9)}.{chance.randint(0, 10**12):012d}" for _ in range(300)]
    path = tmp_path / "amounts.parquet"
    with closing(connect()) as connection:
        connection.execute("create table amounts (words varchar)")
        connection.executemany("insert into amounts values (?)", [[text] for text in texts])
        connection.execute(f"copy amounts to {literal(str(path))} (format parquet)")
        engine = Spark(session(POLICY), connection, "", None, frozenset())
        engine.session.read.parquet(str(path)).createOrReplaceTempView(EXPORT_ROWS)
        source = f"select cast(words as double) as pricing_quantity, words from {scan([path])}"
        engine.view("quantities", source)
        connection.execute(f"create view quantities as {source}")
        sql = "select words, cast(pricing_quantity as decimal(38, 10)) as quantity from quantities"
        assert as_texts(tuple(row.values()) for row in engine.rows(sql)) == as_texts(connection.execute(sql).fetchall())


# --- sets of labels


def test_ctrl_c_is_not_answered_by_spark(spark: SparkSession) -> None:
    assert getattr(signal.getsignal(signal.SIGINT), "__module__", None) != "pyspark.context"


def test_labels_in_other_columns_are_other_sets(spark: SparkSession, tmp_path: Path) -> None:
    base = every_export_row("cur_rows")[0]
    labels = [
        {"resourceTags/user:a": "x"}, {"resourceTags/user:b": "x"}, {"costCategory/a": "x"},
        {"resourceTags/user:a": "x", "resourceTags/user:b": "y"}, {},
    ]  # fmt: skip
    with closing(connect()) as connection, closing(connect()) as marts:
        _, path = stored(connection, [{**base, **one} for one in labels], tmp_path)
        engine, layout = engine_over(path, tmp_path, marts)
        build_on(engine, layout, [path], tmp_path / "marts", "case", PERIOD)
        sets = marts.execute("select tag_set_id, list((source, key, value)) from tag_sets group by all").fetchall()
        assert len(sets) == 4
        assert marts.execute("select count(distinct tag_set_id) from daily_cost").fetchall() == [(5,)]


# --- the whole demo estate


@pytest.mark.parametrize(("shape", "months"), [("cur2-parquet", 3), ("legacy-csv", 1), ("focus", 1)])
def test_the_demo_estate_is_the_same_on_both_engines(
    shape: str, months: int, tmp_path: Path, spark: SparkSession
) -> None:
    export = write_export(shape, tmp_path / "export", months=months)
    databases = tmp_path / "duckdb.duckdb", tmp_path / "spark.duckdb"
    for database, way in zip(databases, (Way(), spark_way(POLICY)), strict=True):
        outcomes = list(load(database, survey([export]).found, parts=way.parts, files=way.files))
        assert not [one.error for one in outcomes if isinstance(one, Failed)]
    compared, different = differences(*databases)
    assert different == 0
    assert compared > 1000 * months
    assert catalog_rows(databases[1]) == catalog_rows(databases[0])


def test_a_failure_of_java_is_told_by_its_cause() -> None:
    from pyspark.errors import PySparkException

    said = (
        "An error occurred while calling o194.parquet.\n"
        ": org.apache.spark.SparkException: Job aborted.\n\tat org.apache.spark.sql.errors\n"
        "Caused by: java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found\n"
    )
    with pytest.raises(EngineError) as caught, spark_errors("acme"):
        raise PySparkException(said)
    assert caught.value.what == (
        "Spark failed: java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found"
    )
