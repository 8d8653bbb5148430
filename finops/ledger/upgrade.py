"""Deliveries that another version of finops loaded, made anew from what the store holds of them.

The export's own place is not needed. What cannot be made anew stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from finops.catalog import (
    COST_EXPLORER,
    Delivery,
    Entry,
    changes_path,
    commit_remade,
    deliveries,
    is_all_whole,
    seal_changes,
    single_writer,
    store_of,
)
from finops.engines.duckdb import connect, literal
from finops.engines.source import period_column
from finops.errors import DataError, FinopsError
from finops.ingest.discover import Found
from finops.ingest.rows import Rows, split_by_period, store_rows
from finops.ledger.backup import back_up
from finops.ledger.load import delivery_id_of, delivery_of, engine_errors, incoming, move_into
from finops.ledger.parts import Part, Step, part_of
from finops.ledger.recipe import recipe
from finops.ledger.sweep import sweep
from finops.seals import broken_part

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Remade:
    """One delivery of another version: as it is now, or as it was with the reason why it could not be made anew."""

    delivery: Delivery
    error: FinopsError | None = None


def outdated(database: Path) -> list[Delivery]:
    """The current deliveries whose marts were made another way than this version makes them, or are damaged.

    Raises DataError when there is no database or it cannot be read.
    """
    store = store_of(database)
    return [
        one
        for one in deliveries(database)
        if one.recipe != recipe(one.shape) or not is_all_whole(store, one.delivery_id)
    ]


def upgrade(
    database: Path, step: Step = lambda text, size: None, backed_up: Callable[[Path], None] = lambda path: None
) -> Iterator[Remade]:
    """Make every outdated delivery anew; each is exchanged whole or not at all. `step` is told what is done.

    What another version wrote is backed up first, and `backed_up` told where; what is only damaged is not.

    Raises EngineError when an ingest is writing.
    """
    with single_writer(database):
        sweep(database)
        old_ones = outdated(database)
        if any(one.recipe != recipe(one.shape) for one in old_ones):
            backed_up(back_up(database))
        for old in old_ones:
            try:
                yield Remade(_remake(database, old, step))
            except FinopsError as error:
                yield Remade(old, error)
        sweep(database)


def _remake(database: Path, old: Delivery, step: Step) -> Delivery:
    found = _found(store_of(database), old)
    delivery_id = delivery_id_of(found, old.period)
    with incoming(database) as folder, engine_errors(found), closing(connect(spill=folder / "spill")) as connection:
        step(f"{old.export} {old.period}: rows", 0)
        part = _part(connection, found, folder, step)
        step(f"{old.export} {old.period}: marts", 0)
        final = folder / delivery_id
        built = part.build(final, delivery_id)
        if (built.rows, built.unblended) != (old.rows, old.unblended):
            raise _another_bill(old, f"{built.rows:,} rows and {built.unblended:,}", found)
        new = replace(
            delivery_of(found, part, delivery_id, built, old.export),
            **{name: getattr(old, name) for name in ("files", "bytes", "loaded_at", "vouched")},
        )
        _copy_changes(connection, store_of(database), old.delivery_id, delivery_id)
        move_into(store_of(database), final, part)
        commit_remade(database, old.delivery_id, Entry(new, built.payers, {}, built.unavailable, built.problems))
    return new


def _found(store: Path, old: Delivery) -> Found:
    """The delivery as its files lie in the store. Raises DataError when they do not, or are damaged."""
    files = _kept(store / old.delivery_id, old)
    damaged = files and broken_part(store / old.delivery_id, files[0].parent.name)
    if damaged:
        raise DataError(
            f"{old.export} {old.period} cannot be made anew: its own files are damaged",
            str(damaged),
            "ingest that period again",
        )
    if not files:
        raise DataError(
            f"{old.export} {old.period} cannot be made anew: its own files are not kept",
            old.source,
            "finops ingest ce" if old.format == COST_EXPLORER else "ingest that period again",
        )
    return Found(
        export=old.export,
        identity=old.identity,
        source=old.source,
        period=old.period,
        delivery=old.delivery,
        files=files,
        fingerprint=old.fingerprint,
        vouched=old.vouched,
        reason="in the store",
    )


def _kept(home: Path, old: Delivery) -> tuple[Path, ...]:
    """Its own files. The rows made of CSV are not: they hold only what was needed then."""
    folder = home / ("rows" if old.format.endswith("Parquet") else "originals")
    return tuple(sorted(folder.iterdir())) if folder.is_dir() else ()


def _part(connection: DuckDBPyConnection, found: Found, folder: Path, step: Step) -> Part:
    progress = partial(_converted, found, step)
    rows = store_rows(connection, found.files, folder / "rows", progress, ours=True)
    return part_of(connection, str(found.period), _of_period(connection, rows, str(found.period), folder))


def _of_period(connection: DuckDBPyConnection, rows: Rows, period: str, folder: Path) -> Rows:
    """One file may hold several periods, each of which is a delivery with that file."""
    if not rows.layout.has(period_column(rows.layout)):
        return rows
    return dict(split_by_period(connection, rows, folder)).get(period, rows)


def _converted(found: Found, step: Step, path: Path) -> None:
    step(f"{found.export} {found.period}: {path.name}", 0)


def _copy_changes(connection: DuckDBPyConnection, store: Path, old: str, new: str) -> None:
    """What it changed against the delivery before it is known under its new name too."""
    if (source := changes_path(store, old)).is_file():
        connection.execute(
            f"copy (select * replace ({literal(new)} as delivery_id) from read_parquet({literal(str(source))})) "
            f"to {literal(str(changes_path(store, new)))} (format parquet)"
        )
        seal_changes(store, new)


def _another_bill(old: Delivery, now: str, found: Found) -> DataError:
    return DataError(
        f"{old.export} {old.period} would have {now} where it had {old.rows:,} rows and {old.unblended:,}",
        str(found.files[0].parent),
        "nothing was changed; ingest that period again",
    )
