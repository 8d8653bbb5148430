"""The billing periods of a delivery whose rows stay where they are: Spark reads them there and builds the marts."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from finops.config.spark import SparkPolicy
from finops.engines.layout import Layout
from finops.engines.source import period_sql
from finops.engines.spark import Spark, cancel, remove, session, spark_errors
from finops.engines.spark_source import ALL_ROWS, doubles, open_export
from finops.engines.translate import EXPORT_ROWS
from finops.errors import ConfigError, DataError
from finops.ingest.discover import Found
from finops.ledger.build import Built, build_on
from finops.ledger.load import Way
from finops.ledger.parts import Part, Step, refuse_versions, require_period_column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Opened:
    """A delivery that Spark has opened: its engine, what is in its rows, and how errors name it."""

    engine: Spark
    layout: Layout
    format: str
    found: Found

    @property
    def where(self) -> str:
        """The delivery as errors name it."""
        return f"{self.found.export} in {self.found.source}"


@contextmanager
def in_place(database: Path, found: Found, step: Step) -> Iterator[Sequence[Path]]:
    """The files of a delivery where they lie, nothing fetched.

    Raises DataError when one of them was changed while it was read.
    """
    before = _marks(found)
    yield found.files
    if _marks(found) != before:
        raise DataError("the export was changed while Spark read it", found.source, "ingest that period again")


def _marks(found: Found) -> list[tuple[int, int]]:
    """What is another one when a file is changed. The objects of S3 are watched by Spark itself."""
    stats = [] if found.fetch else [path.stat() for path in found.files]
    return [(one.st_size, one.st_mtime_ns) for one in stats]


def spark_way(policy: SparkPolicy) -> Way:
    """How deliveries of exports become marts with Spark."""
    return Way(partial(spark_parts, policy), in_place)


def spark_parts(
    policy: SparkPolicy,
    connection: DuckDBPyConnection,
    found: Found,
    files: Sequence[Path],
    folder: Path,
    step: Step,
) -> Generator[Part, None, None]:
    """The billing periods in the files of an export, each built on Spark.

    Raises DataError for files that are no export of one, EngineError where Spark is missing or fails.
    """
    exchange = _exchange(policy, folder)
    step(f"{found.export} {found.period or ''}: Spark at {policy.master}", 0)
    own = session(policy)
    try:
        with spark_errors(f"{found.export} in {found.source}"):
            layout, form = open_export(own, addresses(found))
            engine = Spark(own, connection, exchange, None if policy.is_local else folder / "fetched", doubles(layout))
            opened = Opened(engine, layout, form, found)
            periods = _periods(opened)
        for period in periods:
            yield _part(opened, period)
        step("", sum(found.sizes.values()))
    finally:
        if not policy.is_local:
            cancel(own)
            remove(own, exchange)


def addresses(found: Found) -> list[str]:
    """The files of a delivery as Spark names them."""
    if found.fetch:
        return [entry.address.replace("s3://", "s3a://", 1) for entry in found.entries]
    return [f"file://{path.resolve()}" for path in found.files]


def _exchange(policy: SparkPolicy, folder: Path) -> str:
    if policy.is_local:
        return f"file://{folder.resolve()}/spark"
    if policy.exchange is None:
        raise ConfigError(
            "a cluster needs a folder that it and this machine can reach",
            f'finops.toml: [spark] master = "{policy.master}"',
            'exchange = "s3a://BUCKET/FOLDER" under [spark]',
        )
    return f"{policy.exchange.rstrip('/')}/finops{folder.name}"


def _periods(opened: Opened) -> list[str]:
    """The billing periods in the rows: the one that a manifest or path names, or those the rows tell."""
    found, layout = opened.found, opened.layout
    if found.period is not None:
        return [found.period]
    require_period_column(found, layout)
    told = opened.engine.rows(f"select distinct {period_sql(layout)} as period from {ALL_ROWS} order by period")
    periods = [row["period"] for row in told]
    refuse_versions(found, len(periods))
    return periods


def _part(opened: Opened, period: str) -> Part:
    layout = replace(opened.layout, types=dict(opened.layout.types), columns=dict(opened.layout.columns))
    return Part(period, (), opened.format, layout.shape, asdict(layout), partial(_build, opened, period))


def _build(opened: Opened, period: str, folder: Path, delivery_id: str) -> Built:
    of_period = "" if opened.found.period else f" where {period_sql(opened.layout)} = '{period}'"
    with spark_errors(opened.where):
        opened.engine.view(EXPORT_ROWS, f"select * from {ALL_ROWS}{of_period}")
        return build_on(opened.engine, opened.layout, list(opened.found.files), folder / "marts", delivery_id, period)
