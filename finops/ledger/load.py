"""One delivery after another: rows into the store, marts, checks, commit. Each is committed whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from finops.aws import Replaced
from finops.catalog import Delivery, Entry, Problem, commit, deliveries, single_writer, store_of
from finops.engines.duckdb import connect
from finops.engines.source import period_column
from finops.errors import DataError, EngineError, FinopsError
from finops.ingest.discover import Found, are_chunks
from finops.ingest.listing import shown
from finops.ingest.rows import Rows, is_parquet, split_by_period, store_rows
from finops.ledger.build import Built, build
from finops.ledger.fetched import DOWNLOADS, local_files, sweep_downloads

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INCOMING = ".incoming"


@dataclass(frozen=True)
class Loaded:
    """What became of one delivery: `delivery` is what the catalog holds now, `bytes_read` 0 when it was unchanged."""

    found: Found
    delivery: Delivery
    problems: tuple[Problem, ...]
    bytes_read: int
    replaced: str | None


@dataclass(frozen=True)
class Failed:
    """A delivery that was not loaded, and why; what was loaded of it before is as it was."""

    found: Found
    error: FinopsError


Step = Callable[[str, int], None]


def load(database: Path, found: Sequence[Found], step: Step = lambda text, size: None) -> Iterator[Loaded | Failed]:
    """Load deliveries one by one. `step(text, bytes)` is told what is done and how many bytes that was.

    Raises EngineError when another ingest is writing.
    """
    with single_writer(database):
        _sweep(database)
        for one in found:
            try:
                yield from _load_one(database, one, step)
            except FinopsError as error:
                yield Failed(one, error)
        _sweep(database)


def _load_one(database: Path, found: Found, step: Step) -> Iterator[Loaded]:
    unchanged = _already_loaded(database, found)
    if unchanged:
        yield from (Loaded(found, delivery, (), 0, None) for delivery in unchanged)
        return
    if found.missing:
        raise _missing(found)
    with _incoming(database) as folder, _engine_errors(found), local_files(database, found, step) as files:
        connection = connect(spill=folder / "spill")
        rows = store_rows(connection, files, folder / "rows", partial(_read, found, step), ours=bool(found.fetch))
        for period, part in _periods(connection, found, rows, folder):
            step(f"{found.export} {period}: marts", 0)
            yield _finish(database, connection, found, period, part, folder)


def _missing(found: Found) -> DataError:
    what = f"the manifest of {found.export} {found.period} lists a file that is not here: {found.missing[0]}"
    if found.fetch:
        # A listing is no snapshot: the file may have come after its page.
        return Replaced(what, found.source, "have AWS deliver the period again")
    return DataError(what, found.source, "copy the whole delivery again")


def _read(found: Found, step: Step, path: Path) -> None:
    # Of what was fetched the bytes were told as they came.
    step(
        f"{found.export} {found.period}: rows" if found.fetch else path.name, 0 if found.fetch else path.stat().st_size
    )


def pending(database: Path, found: Sequence[Found]) -> list[Found]:
    """The deliveries that are not loaded yet, as they are."""
    return [one for one in found if not _already_loaded(database, one)]


def _already_loaded(database: Path, found: Found) -> list[Delivery]:
    if not database.exists():
        return []
    return [
        delivery
        for delivery in deliveries(database)
        if delivery.identity == found.identity
        and delivery.fingerprint.startswith(found.fingerprint)
        and (found.period is None or delivery.period == found.period)
        and (store_of(database) / delivery.delivery_id / "marts").is_dir()
    ]


def _periods(connection: DuckDBPyConnection, found: Found, rows: Rows, folder: Path) -> Iterator[tuple[str, Rows]]:
    """The billing periods in the rows, each with its own rows: one where a manifest or path names it."""
    if found.period is not None:
        yield found.period, rows
        return
    if not rows.layout.has(period_column(rows.layout)):
        raise DataError(
            "the billing period is in no column, manifest or folder name",
            shown(found.files[0]),
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


def _finish(
    database: Path, connection: DuckDBPyConnection, found: Found, period: str, rows: Rows, folder: Path
) -> Loaded:
    delivery_id = _delivery_id(found, period)
    final = folder / delivery_id
    built = build(connection, rows.layout, rows.files, final / "marts", delivery_id, period)
    (final / "rows").mkdir()
    for path in rows.files:
        path.rename(final / "rows" / path.name)
    delivery = _delivery(found, period, delivery_id, rows, built, _export_name(database, found))
    previous = [old for old in _current(database) if (old.identity, old.period) == (found.identity, period)]
    home = store_of(database) / delivery_id
    shutil.rmtree(home, ignore_errors=True)
    final.rename(home)
    commit(database, Entry(delivery, built.payers, found.sizes, built.unavailable, built.problems))
    replaced = previous[0].delivery if previous else None
    return Loaded(found, delivery, tuple(built.problems), delivery.bytes, replaced)


def _delivery(found: Found, period: str, delivery_id: str, rows: Rows, built: Built, export: str) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        export=export,
        identity=found.identity,
        format=rows.format,
        shape=rows.layout.shape,
        period=period,
        delivery=found.delivery,
        source=str(found.source),
        fingerprint=found.fingerprint,
        files=len(found.files),
        bytes=sum(found.sizes.values()),
        rows=built.rows,
        unblended=built.unblended,
        currency=built.currency,
        final=built.final,
        vouched=found.vouched,
        loaded_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        last_charge=built.last_charge,
        layout=asdict(replace(rows.layout, types=dict(rows.layout.types), columns=dict(rows.layout.columns))),
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
    sweep_downloads(database)
    for folder in store.iterdir():
        if folder.name not in kept | replaced | {DOWNLOADS}:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.name in replaced:
            shutil.rmtree(folder / "rows", ignore_errors=True)
