"""The database file: a small catalog of the deliveries that are loaded, beside the store that holds their Parquet.

The catalog is never changed in place. A commit writes a new one and renames it over the old: a
reader sees the state before or after, never between, and whatever stops a commit leaves the catalog as it was.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.arrivals import TABLE as ARRIVALS_TABLE
from finops.arrivals import Run, copy_arrivals
from finops.engines.duckdb import connect, identifier, literal, path_list
from finops.errors import DataError, EngineError
from finops.seals import PARTS, broken, broken_part, seal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_VERSION = 3
# The older versions whose deliveries can still be read, or made anew from the store.
_READABLE = (2, SCHEMA_VERSION)
# The format of what was asked of Cost Explorer; every other one is an export's.
COST_EXPLORER = "Cost Explorer"
MARTS = ("resource_daily", "daily_cost", "period_totals", "charges", "split_cost_daily", "tag_sets")
# The folder of the store with what each delivery changed; it outlives the deliveries.
JOURNAL = "journal"
# The folder of the store with the last answer of `finops recommend`.
ADVICE = "advice"
SEAL = ".seal"

# No file's name becomes this one: DuckDB calls a database by its file up to the first dot.
_OLD = "catalog.before"
_ENTRY_TABLES = ("deliveries", "delivery_payers", "delivery_files", "unavailable_metrics", "problems")
# What making a delivery finds out, other than by looking at its files.
_MADE = ("deliveries", "delivery_payers", "unavailable_metrics", "problems")
_TABLES = """
create table catalog (schema_version integer);
create table deliveries (
    delivery_id varchar primary key, export varchar, identity varchar, format varchar, shape varchar, period varchar,
    delivery varchar, source varchar, fingerprint varchar, files integer, bytes bigint, rows bigint,
    unblended decimal(38, 10), currency varchar, final boolean, vouched boolean, loaded_at timestamp,
    last_charge timestamp, layout json, state varchar, recipe varchar
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
    `state` is `current`, or `replaced` once a newer delivery of the period has taken its place. `recipe` says how its
    marts were made, and is blank where that was not kept.
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
    recipe: str = ""


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
        return [one for one in recorded(connection) if one.state == state]


def recorded(connection: DuckDBPyConnection) -> list[Delivery]:
    """Every delivery whose marts are kept, current or replaced, oldest period first."""
    cursor = connection.execute("select * from deliveries order by period, export, delivery_id")
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Delivery(**{**row, "layout": json.loads(row["layout"])}) for row in rows]


def unavailable_in(connection: DuckDBPyConnection, delivery_ids: Sequence[str]) -> dict[str, str]:
    """The metrics that one of the deliveries cannot give, each with the column it lacks."""
    sql = "select metric, missing from unavailable_metrics where list_contains(?, delivery_id) order by 1, 2"
    return dict(connection.execute(sql, [list(delivery_ids)]).fetchall())


@contextmanager
def open_catalog(database: Path) -> Iterator[DuckDBPyConnection]:
    """The catalog, read-only. Raises DataError when it is missing, broken, or of another version."""
    if not database.exists():
        raise DataError("nothing is loaded yet: there is no database", str(database), "finops ingest FOLDER")
    import duckdb

    connection = _open(database, read_only=True)
    try:
        yield connection
    except duckdb.Error as error:
        # a block whose checksum is wrong has no kind of error of its own
        if type(error) is not duckdb.Error and not isinstance(
            error, duckdb.IOException | duckdb.SerializationException
        ):
            raise
        raise _damaged(database, error) from error
    finally:
        connection.close()


def _damaged(database: Path, error: Exception) -> DataError:
    return DataError(
        f"the database is damaged: {str(error).splitlines()[0][:120]}",
        str(database),
        "put a copy of it and of its store in its place, or ingest into a new one",
    )


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
    if version not in _READABLE:
        connection.close()
        raise DataError(
            f"the database has version {version}, this finops reads {' and '.join(map(str, _READABLE))}",
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


def commit(database: Path, entry: Entry, run: Run | None = None, views: bool = True) -> None:
    """Make a delivery current and the one it replaces `replaced`: all of it, or nothing.

    Without `views` for DuckDB's own shell no path of this machine is in the file.
    """
    _rewrite(database, lambda connection: _record(connection, entry, run or Run()), views)


def compact(database: Path) -> None:
    """Write the catalog anew, as small as it can be, with nothing changed."""
    _rewrite(database, lambda connection: None)


def commit_remade(database: Path, delivery_id: str, entry: Entry) -> None:
    """Put a delivery that was made anew from its own rows in the place of what it was: all of it, or nothing."""
    _rewrite(database, lambda connection: _exchange(connection, delivery_id, entry))


def _rewrite(database: Path, change: Callable[[DuckDBPyConnection], None], views: bool = True) -> None:
    draft = database.with_name(f"{database.name}.{os.getpid()}.tmp")
    try:
        connection = _create(draft)
        try:
            if database.exists():
                _copy_tables(connection, database)
            change(connection)
            if views:
                _define_views(connection, store_of(database))
            _write_out(connection, database)
        finally:
            connection.close()
        _require_complete(draft, database)
        os.chmod(draft, 0o600)
        _flush_to_disk(draft)
        os.replace(draft, database)
    finally:
        for leftover in (draft, draft.with_name(draft.name + ".wal")):
            with suppress(FileNotFoundError):
                leftover.unlink()


def _write_out(connection: DuckDBPyConnection, database: Path) -> None:
    """Closing writes what is not written yet, and says nothing where the disk has no room for it; this does."""
    import duckdb

    try:
        connection.execute("checkpoint")
    except duckdb.Error as error:
        raise _unwritten(database, str(error).splitlines()[0].rpartition(": ")[2]) from error


def _require_complete(draft: Path, database: Path) -> None:
    """Raises EngineError for a draft that is not all on the disk: it must not take the place of the database."""
    try:
        _open(draft, read_only=True).close()
    except DataError as error:
        raise _unwritten(database, error.what) from error
    if draft.with_name(draft.name + ".wal").exists():
        raise _unwritten(database, "a part of it is still in its log")


def _unwritten(database: Path, reason: str) -> EngineError:
    what = f"the database could not be written, and is as it was: {reason[:1].lower()}{reason[1:120]}"
    return EngineError(what, str(database), "free some space, or name another disk with --db")


def _create(path: Path) -> DuckDBPyConnection:
    connection = connect(path)
    connection.execute(_TABLES + ARRIVALS_TABLE)
    connection.execute("insert into catalog values (?)", [SCHEMA_VERSION])
    return connection


def _copy_tables(connection: DuckDBPyConnection, database: Path) -> None:
    # a fresh file each time: a copy that is changed in place grows with every commit
    _open(database, read_only=True).close()
    connection.execute(f"attach {literal(str(database))} as {identifier(_OLD)} (read_only)")
    for table in _ENTRY_TABLES:
        connection.execute(f"insert into {table} by name select * from {identifier(_OLD)}.{table}")
    copy_arrivals(connection, _OLD)
    connection.execute(f"detach {identifier(_OLD)}")


def _record(connection: DuckDBPyConnection, entry: Entry, run: Run) -> None:
    new = entry.delivery
    _arrive(connection, new, run.name or new.delivery_id)
    connection.execute(
        "update deliveries set state = 'replaced' where identity = ? and period = ?",
        [new.identity, new.period],
    )
    _forget(connection, new, run.keep)
    _insert(connection, entry)


def _exchange(connection: DuckDBPyConnection, old: str, entry: Entry) -> None:
    """What is known of the old one stays known: where it came from, when, and what it replaced."""
    new = entry.delivery.delivery_id
    for table in _MADE:
        connection.execute(f"delete from {table} where delivery_id = ?", [old])
    for table, column in (("delivery_files", "delivery_id"), ("arrivals", "delivery_id"), ("arrivals", "replaced")):
        connection.execute(f"update {table} set {column} = ? where {column} = ?", [new, old])
    _insert(connection, entry)


def _insert(connection: DuckDBPyConnection, entry: Entry) -> None:
    new = entry.delivery
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


def _arrive(connection: DuckDBPyConnection, new: Delivery, run: str) -> None:
    known = [run, new.delivery_id, new.identity, new.export, new.period, new.delivery, new.loaded_at]
    connection.execute(
        "insert into arrivals select (select coalesce(max(position), 0) + 1 from arrivals), ?, ?, ?, ?, ?, ?, ?, "
        "(select delivery_id from deliveries where identity = ? and period = ? and state = 'current')",
        [*known, new.identity, new.period],
    )


def _forget(connection: DuckDBPyConnection, new: Delivery, keep: int) -> None:
    """Drop all but the `keep` newest predecessors of a delivery. That they came stays known."""
    older = connection.execute(
        "select delivery_id from deliveries join arrivals using (delivery_id) "
        "where deliveries.identity = ? and deliveries.period = ? and delivery_id <> ? order by position desc",
        [new.identity, new.period, new.delivery_id],
    ).fetchall()
    for (old,) in older[keep:]:
        for table in _ENTRY_TABLES:
            connection.execute(f"delete from {table} where delivery_id = ?", [old])


def _define_views(connection: DuckDBPyConnection, store: Path) -> None:
    # For people who open the file in DuckDB's own shell; finops itself resolves the paths anew each time.
    current = connection.execute("select delivery_id from deliveries where state = 'current' order by 1").fetchall()
    for mart in MARTS:
        having = [row[0] for row in current if has_mart(store, row[0], mart)]
        if having:
            connection.execute(f"create or replace view {mart} as {mart_sql(store, having, mart)}")


def has_mart(store: Path, delivery_id: str, mart: str) -> bool:
    """Whether a delivery has the mart."""
    return (store / delivery_id / "marts" / f"{mart}.parquet").exists()


def is_whole(store: Path, delivery_id: str) -> bool:
    """Whether a delivery has all its marts, each as it was written."""
    return all(has_mart(store, delivery_id, mart) for mart in MARTS) and broken(store / delivery_id) is None


def is_all_whole(store: Path, delivery_id: str) -> bool:
    """Whether a delivery has all its marts, and these, its rows and its own files are each as they were written."""
    home = store / delivery_id
    return is_whole(store, delivery_id) and not any(broken_part(home, part) for part in PARTS)


def require_part(store: Path, one: Delivery, part: str) -> None:
    """Raises DataError where the rows or the originals of a delivery are no longer what was written."""
    if damaged := broken_part(store / one.delivery_id, part):
        raise DataError(
            f"the {part} of delivery {one.delivery} of {one.export} {one.period} are damaged: "
            "they are not what was written",
            str(damaged),
            "finops db upgrade, or ingest that period again",
        )


def require_marts(store: Path, deliveries: Sequence[Delivery]) -> None:
    """Raises DataError for a delivery whose marts are not there, or are no longer what was written."""
    for one in deliveries:
        if is_whole(store, one.delivery_id):
            continue
        damaged = broken(store / one.delivery_id)
        damaged = damaged if damaged and damaged.exists() else None
        raise DataError(
            f"the files of delivery {one.delivery} of {one.export} {one.period} are "
            + ("damaged: they are not what was written" if damaged else "gone from the store"),
            str(damaged or store),
            "finops db upgrade, or ingest that period again" if damaged else "ingest that period again",
        )


def mart_sql(store: Path, delivery_ids: Sequence[str], mart: str, folders: Mapping[str, str] | None = None) -> str:
    """The select over one mart of some deliveries; `folders` says for which ones it is not in `marts`."""
    homes = [store / delivery_id / (folders or {}).get(delivery_id, "marts") for delivery_id in delivery_ids]
    paths = [literal(str((home / f"{mart}.parquet").absolute())) for home in homes]
    return f"select * from read_parquet([{', '.join(paths)}], union_by_name = true, hive_partitioning = false)"


def seal_changes(store: Path, delivery_id: str) -> None:
    """Write down the checksum of what a delivery changed, beside it."""
    path = changes_path(store, delivery_id)
    seal(path.parent, [path], path.with_suffix(SEAL).name)


def changes_path(store: Path, delivery_id: str) -> Path:
    """Where it is kept what a delivery changed against the one it replaced."""
    return store / JOURNAL / f"{delivery_id}.parquet"


def changes_sql(store: Path, delivery_ids: Sequence[str]) -> str:
    """The select over what these deliveries changed: a row is as in the model cost_changes, behind a delivery_id."""
    paths = [path for delivery_id in delivery_ids if (path := changes_path(store, delivery_id)).is_file()]
    for path in paths:
        if broken(path.parent, path.with_suffix(SEAL).name):
            what = "what a delivery changed can no longer be told: the file is damaged"
            raise DataError(what, str(path), "put a copy of it in its place, or remove it")
    if not paths:
        return _NO_CHANGES
    return f"select * from read_parquet({path_list([path.absolute() for path in paths])})"


_NO_CHANGES = """
select
    cast(null as varchar) as delivery_id, cast(null as varchar) as metric, cast(null as varchar) as billing_currency,
    false as is_change, cast(null as varchar) as sub_account_id, cast(null as varchar) as x_service_code,
    cast(null as varchar) as charge_type, cast(0 as decimal(38, 10)) as old_cost,
    cast(0 as decimal(38, 10)) as new_cost, cast(0 as decimal(38, 10)) as restated_cost
where false
"""


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
