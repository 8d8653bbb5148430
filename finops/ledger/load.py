"""One delivery after another: rows into the store, marts, checks, commit. Each is committed whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from finops.arrivals import Run
from finops.aws import Replaced
from finops.catalog import (
    Delivery,
    Entry,
    Problem,
    changes_path,
    commit,
    deliveries,
    is_all_whole,
    open_catalog,
    seal_changes,
    single_writer,
    store_of,
    unavailable_in,
)
from finops.engines.duckdb import connect
from finops.errors import DataError, EngineError, FinopsError
from finops.ingest.discover import Found
from finops.ledger.build import Built
from finops.ledger.fetched import local_files
from finops.ledger.journal import Change, write_changes
from finops.ledger.parts import Part, Parts, Step, export_parts
from finops.ledger.recipe import recipe
from finops.ledger.sweep import sweep
from finops.ledger.to_disk import to_disk
from finops.seals import PARTS, broken, seal, seal_part

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INCOMING = ".incoming"
# The files of a delivery, as the parts are made from them.
Files = Callable[[Path, Found, Step], AbstractContextManager[Sequence[Path]]]


@dataclass(frozen=True)
class Way:
    """How deliveries of exports become marts: by default with DuckDB, from files on this machine."""

    parts: Parts = export_parts
    files: Files = local_files


BY_DUCKDB = Way()


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


def load(
    database: Path,
    found: Iterable[Found],
    step: Step = lambda text, size: None,
    parts: Parts = export_parts,
    keep: int = 1,
    files: Files = local_files,
) -> Iterator[Loaded | Failed]:
    """Load deliveries one by one. `step(text, bytes)` is told what is done and how many bytes that was.

    `parts` makes the billing periods of a delivery from its `files`: by default with DuckDB, on this machine. `found`
    is read as the loading goes on; what it raises ends the load. `keep` predecessors of each delivery stay readable.
    Raises EngineError when another ingest is writing.
    """
    run = Run(datetime.now(UTC).isoformat(), keep)
    with single_writer(database):
        sweep(database)
        for one in found:
            try:
                yield from _load_one(database, one, step, parts, files, run)
            except FinopsError as error:
                yield Failed(one, error)
        sweep(database)


def _load_one(database: Path, found: Found, step: Step, parts: Parts, bring: Files, run: Run) -> Iterator[Loaded]:
    unchanged = _already_loaded(database, found)
    if unchanged:
        yield from (Loaded(found, delivery, (), 0, None) for delivery in unchanged)
        return
    if found.missing:
        raise _missing(found)
    with (
        incoming(database) as folder,
        engine_errors(found),
        bring(database, found, step) as files,
        closing(connect(spill=folder / "spill")) as connection,
        closing(parts(connection, found, files, folder, step)) as made,
    ):
        for part in made:
            step(f"{found.export} {part.period}: marts", 0)
            yield _finish(database, connection, found, part, folder, run)


def _missing(found: Found) -> DataError:
    what = f"the manifest of {found.export} {found.period} lists a file that is not here: {found.missing[0]}"
    if found.fetch:
        # A listing is no snapshot: the file may have come after its page.
        return Replaced(what, found.source, "have AWS deliver the period again")
    return DataError(what, found.source, "copy the whole delivery again")


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
        and delivery.recipe == recipe(delivery.shape)
        and is_all_whole(store_of(database), delivery.delivery_id)
    ]


def _finish(database: Path, connection: DuckDBPyConnection, found: Found, part: Part, folder: Path, run: Run) -> Loaded:
    delivery_id = delivery_id_of(found, part.period)
    final = folder / delivery_id
    built = part.build(final, delivery_id)
    delivery = delivery_of(found, part, delivery_id, built, _export_name(database, found))
    same = (found.identity, part.period)
    previous = next((old for old in _current(database) if (old.identity, old.period) == same), None)
    changes = _changes(database, connection, delivery_id, previous, built)
    move_into(store_of(database), final, part)
    commit(database, Entry(delivery, built.payers, found.sizes, built.unavailable, built.problems), run)
    return Loaded(
        found, delivery, tuple(built.problems), delivery.bytes, previous.delivery if previous else None, changes
    )


def _changes(
    database: Path, connection: DuckDBPyConnection, delivery_id: str, old: Delivery | None, built: Built
) -> tuple[Change, ...] | None:
    """What the delivery changes against the one it replaces, written down; None where there is nothing to compare."""
    store = store_of(database)
    if old is None or not (store / old.delivery_id / "marts").is_dir() or broken(store / old.delivery_id):
        return None
    target = changes_path(store, delivery_id)
    target.parent.mkdir(exist_ok=True)
    with open_catalog(database) as catalog:
        lacking = unavailable_in(catalog, [old.delivery_id])
    changes = write_changes(connection, store, delivery_id, old, {*lacking, *built.unavailable}, target)
    seal_changes(store, delivery_id)
    to_disk(target.parent)
    return tuple(changes)


def move_into(store: Path, final: Path, part: Part) -> None:
    """Put the marts in `final`, the rows and the original files of a delivery into the store, on the disk."""
    seal(final, final.glob("*/*.parquet"))
    (final / "rows").mkdir()
    for path in part.files:
        path.rename(final / "rows" / path.name)
    _keep_originals(part.originals, final / "originals")
    for name in PARTS:
        seal_part(final, name)
    home = store / final.name
    shutil.rmtree(home, ignore_errors=True)
    final.rename(home)
    to_disk(home)


def _keep_originals(originals: Sequence[Path], folder: Path) -> None:
    """Where one file holds several periods, each delivery has it; the blocks are on the disk once."""
    for path in originals:
        folder.mkdir(exist_ok=True)
        os.link(path, folder / path.name)


def delivery_of(found: Found, part: Part, delivery_id: str, built: Built, export: str) -> Delivery:
    """The entry of a delivery whose marts are made."""
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
        bytes=sum(found.sizes.values()),
        rows=built.rows,
        unblended=built.unblended,
        currency=built.currency,
        final=built.final,
        vouched=found.vouched,
        loaded_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        last_charge=built.last_charge,
        layout=part.layout,
        recipe=recipe(part.shape),
    )


def _export_name(database: Path, found: Found) -> str:
    """The export's name, made different from that of another export that is called the same."""
    known = {old.identity: old.export for old in _current(database)}
    if found.identity in known:
        return known[found.identity]
    taken = found.export in known.values()
    return f"{found.export}@{sha256(found.identity.encode()).hexdigest()[:6]}" if taken else found.export


def delivery_id_of(found: Found, period: str) -> str:
    """A new name for a delivery, of which no other was ever made."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", found.export).strip("-")[:40] or "export"
    identity = f"{found.identity}/{period}/{found.delivery}/{found.fingerprint}/{datetime.now(UTC).isoformat()}"
    return f"{name}-{period}-{sha256(identity.encode()).hexdigest()[:10]}"


def _current(database: Path) -> list[Delivery]:
    return deliveries(database) if database.exists() else []


@contextmanager
def incoming(database: Path) -> Iterator[Path]:
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
def engine_errors(found: Found) -> Iterator[None]:
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
        raise _unreadable(error, where) from error
    except duckdb.Error as error:
        # what DuckDB has no kind of error for are the insides of a damaged Parquet file
        if type(error) is not duckdb.Error:
            raise
        raise _unreadable(error, where) from error


def _unreadable(error: Exception, where: str) -> DataError:
    return DataError(f"the data cannot be read: {_first_line(error)}", where, "copy it again")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
