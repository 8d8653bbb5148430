"""Apache Spark, for bills that outgrow one machine: the same models, translated; the marts come back as Parquet."""

from __future__ import annotations

import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any

from finops.config.spark import EXACT, SparkPolicy
from finops.engines.duckdb import DuckDB, path_list
from finops.engines.translate import in_spark, shared_steps
from finops.errors import ConfigError, DataError, EngineError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

_LOG = Path(__file__).with_name("spark_log.properties")
# Spark's own progress and warnings would stand among the lines of the verb.
_QUIET = {
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOG.as_uri()}",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "localhost",
    "spark.driver.bindAddress": "127.0.0.1",
    # of one machine's cores; Spark's own 200 are for a cluster
    "spark.sql.shuffle.partitions": "16",
}
# What an error of Spark says about the data, by the class it names, and in whose words it is told.
_OF_DATA = {
    "CAST_INVALID_INPUT": "a value cannot be read",
    "CANNOT_PARSE_TIMESTAMP": "a value cannot be read",
    "MALFORMED_RECORD_IN_PARSING": "a row does not fit the header",
    "MALFORMED_CSV_RECORD": "a row does not fit the header",
    "CANNOT_MERGE_SCHEMAS": "files of one delivery have other types for the same column",
    "NUMERIC_VALUE_OUT_OF_RANGE": "a cost is too large to be held exactly",
    "ARITHMETIC_OVERFLOW": "a cost is too large to be held exactly",
    "CAST_OVERFLOW": "a cost is too large to be held exactly",
    "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION": "a cost is too large to be held exactly",
    "is not a Parquet file": "the Parquet file cannot be read",
    "CANNOT_READ_FILE_FOOTER": "the Parquet file cannot be read",
    "Unexpected end of input stream": "the file is damaged or cut short",
}
_INSTALL = "pip install 'finops[spark]', or engine = \"duckdb\""


def missing() -> EngineError | None:
    """What keeps Spark from starting on this machine, if anything does."""
    if find_spec("pyspark") is None:
        return EngineError('engine = "spark" needs pyspark, which is not installed', "finops.toml", _INSTALL)
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        where = f"JAVA_HOME is {home}" if home else "PATH"
        return EngineError(
            "Spark needs Java 17, and no java is here", where, "install a Java 17 runtime, or set JAVA_HOME"
        )
    return None


def session(policy: SparkPolicy) -> SparkSession:
    """A session of its own at the master. Raises EngineError (4) when Spark is not there or does not start."""
    if error := missing():
        raise error
    if refused := sorted(EXACT.keys() & policy.conf.keys()):
        raise ConfigError(f"{refused[0]} is as exact money needs it", "finops.toml: [spark.conf]", "leave it out")
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("finops").master(policy.master)
    for name, value in {**_QUIET, **(_LOCAL if policy.is_local else {}), **policy.conf}.items():
        builder = builder.config(name, value)
    try:
        with _same_interrupt():
            own = builder.getOrCreate().newSession()
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        raise EngineError(
            f"Spark does not start: {_said(str(error))}", policy.master, "[spark] in finops.toml"
        ) from error
    for name, value in EXACT.items():
        own.conf.set(name, value)
    return own


@contextmanager
def _same_interrupt() -> Iterator[None]:
    """Leave Ctrl-C as it was: Spark's own answer to it asks over a connection that is in use, and fails."""
    logging.getLogger().addFilter(_not_of_py4j)
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if before is not None and current_thread() is main_thread():
            signal.signal(signal.SIGINT, before)


def _not_of_py4j(record: logging.LogRecord) -> bool:
    """py4j gives the log of all a traceback when it is interrupted; finops says it in a line."""
    return "py4j" not in record.pathname


@dataclass(frozen=True)
class Spark:
    """The engine of `finops.engines.engine` that runs models on Spark.

    `exchange` is where Spark writes, `folder` where that is fetched to when this machine cannot read it there.
    `doubles` are the physical columns of the export that are of type DOUBLE.
    """

    session: SparkSession
    marts: DuckDBPyConnection
    exchange: str
    folder: Path | None
    doubles: frozenset[str]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, one dict per row."""
        shared, rest = shared_steps(sql)
        for name, step in shared.items():
            self.table(name, step)
        return [row.asDict() for row in self._frame(rest).collect()]

    def view(self, name: str, sql: str) -> None:
        """Give a select a name."""
        self._frame(sql).createOrReplaceTempView(name)

    def table(self, name: str, sql: str) -> None:
        """Give the rows of a select a name; they are computed once."""
        self._frame(sql).localCheckpoint().createOrReplaceTempView(name)

    def texts(self, name: str, path: Path) -> None:
        """Read a CSV file of ours, all of it text, under a name."""
        import csv

        with path.open(newline="", encoding="utf-8") as handle:
            header, *rows = csv.reader(handle)
        schema = ", ".join(f"{column} string" for column in header)
        cells = [tuple(cell or None for cell in row) for row in rows]
        self.session.createDataFrame(cells, schema).createOrReplaceTempView(name)

    def write(self, name: str, sql: str, target: Path) -> None:
        """Write a select as Parquet files, and these as one, which has the name from then on.

        Raises EngineError when what came back is not what was written.
        """
        place = f"{self.exchange}/{name}"
        frame = self._frame(sql)
        frame.write.mode("overwrite").parquet(place)
        self.session.read.schema(frame.schema).parquet(place).createOrReplaceTempView(name)
        files = sorted(self._here(name, place).glob("*.parquet"))
        number = " replace (cast(tag_set_id as ubigint) as tag_set_id)" if "tag_set_id" in frame.columns else ""
        DuckDB(self.marts).write(name, f"select *{number} from read_parquet({path_list(files)})", target)
        self._require_whole(name, frame)

    def _frame(self, sql: str) -> DataFrame:
        return self.session.sql(in_spark(sql, self.doubles))

    def _here(self, name: str, place: str) -> Path:
        if self.folder is None:
            return Path(place.removeprefix("file://"))
        fetched = self.folder / name
        fetch(self.session, place, fetched)
        return fetched

    def _require_whole(self, name: str, frame: DataFrame) -> None:
        money = [field.name for field in frame.schema if field.dataType.typeName() == "decimal"]
        sums = ", ".join(["count(*) as line_items", *(f"sum({column}) as {column}" for column in money)])
        written, came = self.rows(f"select {sums} from {name}"), DuckDB(self.marts).rows(f"select {sums} from {name}")
        if written != came:
            raise EngineError(f"{name} is not what Spark wrote: {came[0]} instead of {written[0]}", self.exchange)


def fetch(session: SparkSession, place: str, folder: Path) -> None:
    """Copy a folder of any file system that Spark knows to this machine."""
    jvm, hadoop = session._jvm, session._jsc.hadoopConfiguration()
    source = jvm.org.apache.hadoop.fs.Path(place)
    target = jvm.org.apache.hadoop.fs.Path(folder.as_uri())
    source.getFileSystem(hadoop).copyToLocalFile(False, source, target, True)


def remove(session: SparkSession, place: str) -> None:
    """Remove a folder of any file system that Spark knows."""

    def delete() -> None:
        path = session._jvm.org.apache.hadoop.fs.Path(place)
        path.getFileSystem(session._jsc.hadoopConfiguration()).delete(path, True)

    _aside(delete)


def cancel(session: SparkSession) -> None:
    """Stop what Spark may still be at, where whoever waited for it was interrupted."""
    _aside(session.sparkContext.cancelAllJobs)


def _aside(work: Callable[[], object]) -> None:
    """Work on a connection of its own: that of an interrupted thread still waits for an answer."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join()


@contextmanager
def spark_errors(where: str) -> Iterator[None]:
    """What Spark says about a delivery, in words that name the delivery."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise _told(str(error), where) from error


def _told(text: str, where: str) -> DataError | EngineError:
    for sign, what in _OF_DATA.items():
        if sign in text:
            return DataError(f"{what}: {_said(text, sign)}", where, "deliver or copy the period again")
    return EngineError(f"Spark failed: {_said(text)}", where, "the log of Spark says more")


def _cause(lines: Sequence[str]) -> str:
    """What began it: the last cause that Java names, else the first line that is not about the call from Python."""
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    others = [line.removeprefix(": ") for line in lines if not line.startswith("An error occurred while calling")]
    return [*causes[-1:], *others, "no word"][0]


def _said(text: str, sign: str = "") -> str:
    """The sentence of an error of Spark that says most; the rest is its advice and the frames of Java."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = next((line for line in lines if sign and sign in line), _cause(lines))
    said = telling[telling.find(sign) + len(sign) :].lstrip("] .:") if sign else telling
    return (said or telling).split(". ")[0][:200]
