"""A standalone cluster on loopback builds the same marts as DuckDB; they come back through the place of exchange."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from finops.catalog import deliveries
from finops.engines.spark import missing
from tests.bench.measure import finops
from tests.both_engines import QUICK, catalog_rows, differences
from tests.s3_bucket import CREDENTIALS, Bucket, upload
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
# How Hadoop reaches the S3 server of the tests.
S3A = """
"spark.jars" = "{jars}"
"spark.hadoop.fs.s3a.endpoint" = "{endpoint}"
"spark.hadoop.fs.s3a.path.style.access" = "true"
"spark.hadoop.fs.s3a.access.key" = "{key}"
"spark.hadoop.fs.s3a.secret.key" = "{secret}"
"""


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with standalone(tmp_path_factory.mktemp("cluster")) as url:
        yield url


def test_a_cluster_builds_the_marts_of_duckdb_and_leaves_nothing_where_it_wrote_them(
    tmp_path: Path, master: str
) -> None:
    export, exchange = write_export(tmp_path), tmp_path / "exchange"
    told = same_on_both(tmp_path, str(export), SETTINGS.format(master=master, exchange=exchange, options=QUICK))
    assert "Stage" not in told
    assert list(exchange.iterdir()) == []


def test_a_cluster_reads_a_bucket_in_place(tmp_path: Path, master: str, bucket: Bucket) -> None:
    upload(bucket, write_export(tmp_path / "made").parent)
    jars = ",".join(str(path) for path in hadoop_aws())
    key, secret = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    settings = SETTINGS.format(master=master, exchange=tmp_path / "exchange", options=QUICK)
    reached = S3A.format(jars=jars, endpoint=bucket.proxy.url, key=key, secret=secret)
    same_on_both(tmp_path, f"s3://{bucket.name}/exports", settings + reached)


def hadoop_aws() -> list[Path]:
    """The jars of Hadoop's S3A, which PySpark does not bring; a package of AWS does."""
    found = find_spec("sagemaker_pyspark")
    if found is None or found.origin is None:
        warnings.warn("Spark's way to S3 is not tried: no sagemaker_pyspark, which carries hadoop-aws", stacklevel=1)
        pytest.skip("no sagemaker_pyspark, which carries hadoop-aws")
    jars = Path(found.origin).parent / "jars"
    return [*jars.glob("hadoop-aws-*.jar"), *jars.glob("aws-java-sdk-bundle-*.jar")]


def same_on_both(folder: Path, export: str, settings: str) -> str:
    """Load it on the cluster and on DuckDB and hold one against the other; what the cluster's ingest said."""
    here, there = folder / "here.duckdb", folder / "there.duckdb"
    told = ingested(export, there, settings)
    ingested(export, here, "")
    compared, different = differences(here, there)
    assert (compared > 10, different) == (True, 0)
    assert catalog_rows(there) == catalog_rows(here)
    assert [one.rows for one in deliveries(there)] == [4]
    return told


def ingested(export: str, database: Path, settings: str) -> str:
    """Load it in a process of its own, as everything that Spark starts ends with it; what was said."""
    config = database.with_suffix(".toml")
    config.write_text(settings)
    command = finops("ingest", export, "--db", str(database), "--config", str(config))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
