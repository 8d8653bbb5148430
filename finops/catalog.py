"""The database file: a small catalog of the deliveries that are loaded, beside the store that holds their Parquet.

The catalog is never changed in place. A commit writes a new one and renames it over the old: a
reader sees the state before or after, never between, and whatever stops a commit leaves the catalog as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.engines.duckdb import connect, literal
from finops.errors import DataError, EngineError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_VERSION = 1
MARTS = ("resource_daily", "daily_cost", "period_totals", "tag_sets")

_ENTRY_TABLES = ("deliveries", "delivery_payers", "delivery_files", "unavailable_metrics", "problems")
_TABLES = """
create table catalog (schema_version integer);
create table deliveries (
    delivery_id varchar primary key, export varchar, identity varchar, format varchar, shape varchar, period varchar,
    delivery varchar, source varchar, fingerprint varchar, files integer, bytes bigint, rows bigint,
    unblended decimal(38, 10), currency varchar, final boolean, vouched boolean, loaded_at timestamp,
    last_charge timestamp, layout json, state varchar
);
create table delivery_payers (delivery_id varchar, billing_account_id varchar, rows bigint);
create table delivery_files (delivery_id varchar, name varchar, bytes bigint);
create table unavailable_metrics (delivery_id varchar, metric varchar, missing varchar);
create table problems (delivery_id varchar, code varchar, message varchar, place varchar);
"""


@dataclass(frozen=True)
class Problem:
    """Something a reader of the numbers should know: a stable code, one sentence, and where it is."""

    code: str
    message: str
    where: str = ""


@dataclass(frozen=True)
class Delivery:
    """One loaded delivery: one complete version of one export's one billing period.

    `export` is unique in the database; `identity` says which export it is, wherever its files were found.

    `final` is null where the export has no invoice ids; `vouched` says whether a manifest listed its files;
    `state` is `current`, or `replaced` once a newer delivery of the period has taken its place.
    """

    delivery_id: str
    export: str
    identity: str
    format: str
    shape: str
    period: str
    delivery: str
    source: str
    fingerprint: str
    files: int
    bytes: int
    rows: int
    unblended: Decimal
    currency: str
    final: bool | None
    vouched: bool
    loaded_at: datetime
    last_charge: datetime | None
    layout: dict[str, Any]
    state: str = "current"


@dataclass(frozen=True)
class Entry:
    """What one commit writes: the delivery and everything known about it."""

    delivery: Delivery
    payers: dict[str, int]
    file_bytes: dict[str, int]
    unavailable: dict[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


def store_of(database: Path) -> Path:
    """The folder beside the database that holds the Parquet files of its deliveries."""
    return database.with_name(database.stem + ".store")


def deliveries(database: Path, state: str = "current") -> list[Delivery]:
    """The loaded deliveries, oldest period first. Raises DataError when there is no database or it cannot be read."""
    with open_catalog(database) as connection:
        cursor = connection.execute("select * from deliveries where state = ? order by period, export", [state])
        names = [column[0] for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Delivery(**{**row, "layout": json.loads(row["layout"])}) for row in found]


@contextmanager
def open_catalog(database: Path) -> Iterator[DuckDBPyConnection]:
    """The catalog, read-only. Raises DataError when it is missing, broken, or of another version."""
    if not database.exists():
        raise DataError("nothing is loaded yet: there is no database", str(database), "finops ingest FOLDER")
    connection = _open(database, read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def _open(database: Path, read_only: bool) -> DuckDBPyConnection:
    import duckdb

    try:
        connection = connect(database, read_only=read_only)
        (version,) = connection.execute("select schema_version from catalog").fetchone() or (None,)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(
            f"this is no finops database: {reason}", str(database), "name another file with --db"
        ) from error
    if version != SCHEMA_VERSION:
        connection.close()
        raise DataError(
            f"the database has version {version}, this finops reads version {SCHEMA_VERSION}",
            str(database),
            "ingest the exports into a new database",
        )
    return connection


@contextmanager
def single_writer(database: Path) -> Iterator[None]:
    """Hold the lock that keeps a second ingest out. Raises EngineError while another one runs, or without a place."""
    path = database.with_name(database.name + ".lock")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = (error.strerror or "it cannot be used").lower()
        raise EngineError(f"no database can be written here: {reason}", str(database), "another --db") from error
    with open(descriptor, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EngineError("another finops ingest is writing this database", str(database), "wait for it") from error
        yield


def commit(database: Path, entry: Entry) -> None:
    """Make a delivery current and the one it replaces `replaced`: all of it, or nothing."""
    draft = database.with_name(f"{database.name}.{os.getpid()}.tmp")
    try:
        connection = _create(draft)
        try:
            if database.exists():
                _copy_tables(connection, database)
            _record(connection, entry)
            _define_views(connection, store_of(database))
        finally:
            connection.close()
        os.chmod(draft, 0o600)
        _flush_to_disk(draft)
        os.replace(draft, database)
    finally:
        for leftover in (draft, draft.with_name(draft.name + ".wal")):
            with suppress(FileNotFoundError):
                leftover.unlink()


def _create(path: Path) -> DuckDBPyConnection:
    connection = connect(path)
    connection.execute(_TABLES)
    connection.execute("insert into catalog values (?)", [SCHEMA_VERSION])
    return connection


def _copy_tables(connection: DuckDBPyConnection, database: Path) -> None:
    # a fresh file each time: a copy that is changed in place grows with every commit
    _open(database, read_only=True).close()
    connection.execute(f"attach {literal(str(database))} as old (read_only)")
    for table in _ENTRY_TABLES:
        connection.execute(f"insert into {table} select * from old.{table}")
    connection.execute("detach old")


def _record(connection: DuckDBPyConnection, entry: Entry) -> None:
    new = entry.delivery
    stale = [
        row[0]
        for row in connection.execute(
            "select delivery_id from deliveries where identity = ? and period = ? and state = 'replaced'",
            [new.identity, new.period],
        ).fetchall()
    ]
    for table in _ENTRY_TABLES:
        for old in stale:
            connection.execute(f"delete from {table} where delivery_id = ?", [old])
    connection.execute(
        "update deliveries set state = 'replaced' where identity = ? and period = ?",
        [new.identity, new.period],
    )
    values = {**asdict(new), "layout": json.dumps(new.layout)}
    marks = ", ".join("?" * len(values))
    connection.execute(f"insert into deliveries ({', '.join(values)}) values ({marks})", list(values.values()))
    details: dict[str, list[list[object]]] = {
        "delivery_payers": [[new.delivery_id, payer, count] for payer, count in entry.payers.items()],
        "delivery_files": [[new.delivery_id, name, size] for name, size in entry.file_bytes.items()],
        "unavailable_metrics": [[new.delivery_id, metric, why] for metric, why in entry.unavailable.items()],
        "problems": [[new.delivery_id, found.code, found.message, found.where] for found in entry.problems],
    }
    for table, rows in details.items():
        for row in rows:
            connection.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)


def _define_views(connection: DuckDBPyConnection, store: Path) -> None:
    # For people who open the file in DuckDB's own shell; finops itself resolves the paths anew each time.
    current = connection.execute("select delivery_id from deliveries where state = 'current' order by 1").fetchall()
    for mart in MARTS:
        connection.execute(f"create or replace view {mart} as {mart_sql(store, [row[0] for row in current], mart)}")


def mart_sql(store: Path, delivery_ids: Sequence[str], mart: str) -> str:
    """The select over one mart of some deliveries."""
    paths = [
        literal(str((store / delivery_id / "marts" / f"{mart}.parquet").absolute())) for delivery_id in delivery_ids
    ]
    return f"select * from read_parquet([{', '.join(paths)}], union_by_name = true, hive_partitioning = false)"


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
