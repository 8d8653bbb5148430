"""One delivery after another: rows into the store, marts, checks, commit. Each is committed whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.arrivals import Run, arrivals
from finops.catalog import (
    JOURNAL,
    MARTS,
    Delivery,
    Entry,
    Problem,
    changes_path,
    commit,
    deliveries,
    has_mart,
    open_catalog,
    single_writer,
    store_of,
    unavailable_in,
)
from finops.engines.duckdb import connect
from finops.engines.source import period_column
from finops.errors import DataError, EngineError, FinopsError
from finops.ingest.discover import Found, are_chunks
from finops.ingest.rows import Rows, is_parquet, split_by_period, store_rows
from finops.ledger.build import Built, build
from finops.ledger.journal import Change, write_changes

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INCOMING = ".incoming"
# Folders of the store that outlive the deliveries made from them.
_KEPT = (".cost_explorer", JOURNAL)


@dataclass(frozen=True)
class Loaded:
    """What became of one delivery: `delivery` is what the catalog holds now, `bytes_read` 0 when it was unchanged.

    `changes` are what it changed against the delivery it `replaced`, by currency; None where that cannot be told.
    """

    found: Found
    delivery: Delivery
    problems: tuple[Problem, ...]
    bytes_read: int
    replaced: str | None
    changes: tuple[Change, ...] | None = None


@dataclass(frozen=True)
class Failed:
    """A delivery that was not loaded, and why; what was loaded of it before is as it was."""

    found: Found
    error: FinopsError


Step = Callable[[str, int], None]


@dataclass(frozen=True)
class Part:
    """One billing period of a delivery, its rows in `files`. `build(folder, delivery_id)` writes `folder`/marts.

    `originals` are its own files where those are not the rows already.
    """

    period: str
    files: Sequence[Path]
    format: str
    shape: str
    layout: dict[str, Any]
    build: Callable[[Path, str], Built]
    originals: Sequence[Path] = ()


Parts = Callable[["DuckDBPyConnection", Found, Path, Step], Iterator[Part]]


def export_parts(connection: DuckDBPyConnection, found: Found, folder: Path, step: Step) -> Iterator[Part]:
    """The billing periods in the files of an export. Raises DataError for files that are no export of one."""
    rows = store_rows(connection, found.files, folder / "rows", lambda path: step(path.name, path.stat().st_size))
    for period, part in _periods(connection, found, rows, folder):
        layout = replace(part.layout, types=dict(part.layout.types), columns=dict(part.layout.columns))
        built = partial(_build_export, connection, part, period)
        yield Part(period, part.files, part.format, part.layout.shape, asdict(layout), built, part.originals)


def _build_export(connection: DuckDBPyConnection, rows: Rows, period: str, folder: Path, delivery_id: str) -> Built:
    return build(connection, rows.layout, rows.files, folder / "marts", delivery_id, period)


def load(
    database: Path,
    found: Iterable[Found],
    step: Step = lambda text, size: None,
    parts: Parts = export_parts,
    keep: int = 1,
) -> Iterator[Loaded | Failed]:
    """Load deliveries one by one. `step(text, bytes)` is told what is done and how many bytes that was.

    `found` is read as the loading goes on; what it raises ends the load. `keep` predecessors of each delivery stay
    readable. Raises EngineError when another ingest is writing.
    """
    run = Run(datetime.now(UTC).isoformat(), keep)
    with single_writer(database):
        _sweep(database)
        for one in found:
            try:
                yield from _load_one(database, one, step, parts, run)
            except FinopsError as error:
                yield Failed(one, error)
        _sweep(database)


def _load_one(database: Path, found: Found, step: Step, parts: Parts, run: Run) -> Iterator[Loaded]:
    unchanged = _already_loaded(database, found)
    if unchanged:
        yield from (Loaded(found, delivery, (), 0, None) for delivery in unchanged)
        return
    if found.missing:
        raise DataError(
            f"the manifest of {found.export} {found.period} lists a file that is not here: {found.missing[0]}",
            str(found.source),
            "copy the whole delivery again",
        )
    with _incoming(database) as folder, _engine_errors(found):
        connection = connect(spill=folder / "spill")
        for part in parts(connection, found, folder, step):
            step(f"{found.export} {part.period}: marts", 0)
            yield _finish(database, connection, found, part, folder, run)


def _already_loaded(database: Path, found: Found) -> list[Delivery]:
    if not database.exists():
        return []
    return [
        delivery
        for delivery in deliveries(database)
        if delivery.identity == found.identity
        and delivery.fingerprint == found.fingerprint
        and (found.period is None or delivery.period == found.period)
        and all(has_mart(store_of(database), delivery.delivery_id, mart) for mart in MARTS)
    ]


def _periods(connection: DuckDBPyConnection, found: Found, rows: Rows, folder: Path) -> Iterator[tuple[str, Rows]]:
    """The billing periods in the rows, each with its own rows: one where a manifest or path names it."""
    if found.period is not None:
        yield found.period, rows
        return
    if not rows.layout.has(period_column(rows.layout)):
        raise DataError(
            "the billing period is in no column, manifest or folder name",
            str(found.files[0]),
            "put the files into a folder named like BILLING_PERIOD=2026-10",
        )
    parts = split_by_period(connection, rows, folder)
    _refuse_versions(found, parts, is_parquet(found.files[0]))
    yield from ((period, part) for period, part in parts)


def _refuse_versions(found: Found, parts: Sequence[tuple[str, Rows]], parquet: bool) -> None:
    # Files given by name are taken together; files that merely lie in one folder may be versions of one month.
    if found.reason.startswith("exactly") or len(found.files) == 1 or are_chunks(found.files):
        return
    if len(parts) < len(found.files):
        raise DataError(
            f"{len(found.files)} files hold {len(parts)} billing periods: parts of a delivery, or versions of it?",
            str(found.source),
            "name the files of one delivery",
        )


def _finish(database: Path, connection: DuckDBPyConnection, found: Found, part: Part, folder: Path, run: Run) -> Loaded:
    delivery_id = _delivery_id(found, part.period)
    final = folder / delivery_id
    built = part.build(final, delivery_id)
    (final / "rows").mkdir()
    for path in part.files:
        path.rename(final / "rows" / path.name)
    _keep_originals(part.originals, final / "originals")
    delivery = _delivery(found, part, delivery_id, built, _export_name(database, found))
    same = (found.identity, part.period)
    previous = next((old for old in _current(database) if (old.identity, old.period) == same), None)
    changes = _changes(database, connection, delivery_id, previous, built)
    home = store_of(database) / delivery_id
    shutil.rmtree(home, ignore_errors=True)
    final.rename(home)
    sizes = {str(path): path.stat().st_size for path in found.files}
    commit(database, Entry(delivery, built.payers, sizes, built.unavailable, built.problems), run)
    return Loaded(
        found, delivery, tuple(built.problems), delivery.bytes, previous.delivery if previous else None, changes
    )


def _changes(
    database: Path, connection: DuckDBPyConnection, delivery_id: str, old: Delivery | None, built: Built
) -> tuple[Change, ...] | None:
    """What the delivery changes against the one it replaces, written down; None where there is nothing to compare."""
    store = store_of(database)
    if old is None or not (store / old.delivery_id / "marts").is_dir():
        return None
    target = changes_path(store, delivery_id)
    target.parent.mkdir(exist_ok=True)
    with open_catalog(database) as catalog:
        lacking = unavailable_in(catalog, [old.delivery_id])
    return tuple(write_changes(connection, store, delivery_id, old, {*lacking, *built.unavailable}, target))


def _keep_originals(originals: Sequence[Path], folder: Path) -> None:
    """Where one file holds several periods, each delivery has it; the blocks are on the disk once."""
    for path in originals:
        folder.mkdir(exist_ok=True)
        os.link(path, folder / path.name)


def _delivery(found: Found, part: Part, delivery_id: str, built: Built, export: str) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        export=export,
        identity=found.identity,
        format=part.format,
        shape=part.shape,
        period=part.period,
        delivery=found.delivery,
        source=str(found.source),
        fingerprint=found.fingerprint,
        files=len(found.files),
        bytes=sum(path.stat().st_size for path in found.files),
        rows=built.rows,
        unblended=built.unblended,
        currency=built.currency,
        final=built.final,
        vouched=found.vouched,
        loaded_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        last_charge=built.last_charge,
        layout=part.layout,
    )


def _export_name(database: Path, found: Found) -> str:
    """The export's name, made different from that of another export that is called the same."""
    known = {old.identity: old.export for old in _current(database)}
    if found.identity in known:
        return known[found.identity]
    taken = found.export in known.values()
    return f"{found.export}@{sha256(found.identity.encode()).hexdigest()[:6]}" if taken else found.export


def _delivery_id(found: Found, period: str) -> str:
    name = re.sub(r"[^A-Za-z0-9]+", "-", found.export).strip("-")[:40] or "export"
    identity = f"{found.identity}/{period}/{found.delivery}/{found.fingerprint}/{datetime.now(UTC).isoformat()}"
    return f"{name}-{period}-{sha256(identity.encode()).hexdigest()[:10]}"


def _current(database: Path) -> list[Delivery]:
    return deliveries(database) if database.exists() else []


@contextmanager
def _incoming(database: Path) -> Iterator[Path]:
    """A folder in the store that is gone afterwards, whatever happens."""
    folder = store_of(database) / f"{_INCOMING}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chmod(store_of(database), 0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _engine_errors(found: Found) -> Iterator[None]:
    """What DuckDB says about a delivery, in words that name the delivery."""
    import duckdb

    where = f"{found.export} in {found.source}"
    try:
        yield
    except duckdb.ConversionException as error:
        raise DataError(f"a value cannot be read: {_first_line(error)}", where, "deliver the period again") from error
    except duckdb.OutOfRangeException as error:
        raise DataError(f"a cost is too large to be held exactly: {_first_line(error)}", where) from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise EngineError(f"the engine failed: {_first_line(error)}", where, "free disk space and try again") from error
    except duckdb.InvalidInputException as error:
        raise DataError(f"the data cannot be read: {_first_line(error)}", where, "copy it again") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


def _sweep(database: Path) -> None:
    """Remove what no delivery in the catalog owns: leftovers of a killed run, rows of replaced deliveries."""
    store = store_of(database)
    if not store.is_dir():
        return
    with suppress(OSError):
        for draft in database.parent.glob(f"{database.name}.*.tmp*"):
            draft.unlink()
    kept = {delivery.delivery_id for delivery in _current(database)}
    replaced = {old.delivery_id for old in deliveries(database, "replaced")} if database.exists() else set()
    _sweep_journal(database)
    for folder in store.iterdir():
        if folder.name in _KEPT:
            continue
        if folder.name not in kept | replaced:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.name in replaced:
            for part in ("rows", "originals"):
                shutil.rmtree(folder / part, ignore_errors=True)


def _sweep_journal(database: Path) -> None:
    """Remove the changes of a delivery that never came."""
    came: set[str] = set()
    if database.exists():
        with open_catalog(database) as catalog:
            came = {one.delivery_id for one in arrivals(catalog)}
    for path in (store_of(database) / JOURNAL).glob("*"):
        if path.stem not in came:
            path.unlink()
