"""A standalone cluster on loopback builds the same marts as DuckDB; they come back through the folder of exchange."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import pytest

from finops.catalog import deliveries
from finops.engines.spark import missing
from tests.bench.measure import finops
from tests.both_engines import QUICK, catalog_rows, differences
from tests.spark_cluster import standalone
from tests.tiny_export import write_export

if absent := missing():
    warnings.warn(f"a cluster of Spark is not tried: {absent.what}", stacklevel=1)
    pytest.skip(f"a cluster of Spark is not tried: {absent.what}", allow_module_level=True)

SETTINGS = """
engine = "spark"
[spark]
master = "{master}"
exchange = "{exchange}"
[spark.conf]
"spark.driver.host" = "127.0.0.1"
"spark.driver.memory" = "512m"
"spark.driver.extraJavaOptions" = "{options}"
"spark.executor.memory" = "512m"
"spark.executor.extraJavaOptions" = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"spark.sql.shuffle.partitions" = "2"
"spark.ui.enabled" = "false"
"""


def test_a_cluster_builds_the_marts_of_duckdb_and_leaves_nothing_where_it_wrote_them(tmp_path: Path) -> None:
    export, exchange = write_export(tmp_path), tmp_path / "exchange"
    here, there = tmp_path / "here.duckdb", tmp_path / "there.duckdb"
    with standalone(tmp_path / "cluster") as master:
        told = ingested(export, there, SETTINGS.format(master=master, exchange=exchange, options=QUICK))
    ingested(export, here, "")
    compared, different = differences(here, there)
    assert (compared > 10, different) == (True, 0)
    assert catalog_rows(there) == catalog_rows(here)
    assert "Stage" not in told
    assert list(exchange.iterdir()) == []
    assert [one.rows for one in deliveries(there)] == [4]


def ingested(export: Path, database: Path, settings: str) -> str:
    """Load it in a process of its own, as everything that Spark starts ends with it; what was said."""
    config = database.with_suffix(".toml")
    config.write_text(settings)
    command = finops("ingest", str(export), "--db", str(database), "--config", str(config))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
