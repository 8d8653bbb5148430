"""A ledger without what nothing names any more: leftovers, broken downloads, and the free pages of the catalog."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from finops.catalog import compact, deliveries, single_writer, store_of
from finops.ledger.fetched import DOWNLOADS
from finops.ledger.sweep import sweep


@dataclass(frozen=True)
class Vacuumed:
    """The bytes of a ledger on the disk, before and after; a file with several names counts once."""

    before: int
    after: int


def vacuum(database: Path) -> Vacuumed:
    """Remove what no delivery owns and write the catalog anew.

    Raises DataError when there is no database, EngineError while an ingest writes.
    """
    deliveries(database)
    with single_writer(database):
        before = size_of(database)
        # nobody else is fetching: what lies there is of runs that broke
        shutil.rmtree(store_of(database) / DOWNLOADS, ignore_errors=True)
        sweep(database)
        compact(database)
        return Vacuumed(before, size_of(database))


def size_of(database: Path) -> int:
    """The bytes of a database, of its store, and of drafts beside it."""
    drafts = database.parent.glob(f"{database.name}*")
    found = [path.stat() for path in (*drafts, *store_of(database).rglob("*")) if path.is_file()]
    return sum({(one.st_dev, one.st_ino): one.st_size for one in found}.values())
