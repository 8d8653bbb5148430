"""What loading would do, before it is done: what is read, what is replaced, and whether the disk can take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finops.catalog import deliveries, store_of
from finops.errors import EngineError
from finops.ingest.discover import Found
from finops.ingest.s3 import free_room, room_needed, to_fetch
from finops.ledger.fetched import downloads_of
from finops.ledger.load import pending


@dataclass(frozen=True)
class Task:
    """A delivery and what loading it takes: bytes to read and requests to S3, none when it is loaded as it is.

    `replaces` is the delivery that it takes the place of.
    """

    found: Found
    pending: bool
    bytes: int = 0
    requests: int = 0
    replaces: str | None = None


@dataclass(frozen=True)
class Room:
    """Bytes of disk: what is needed at most, and what is free."""

    needed: int
    free: int


def plan(database: Path, found: Sequence[Found]) -> list[Task]:
    """What is to be done for each delivery found. Nothing is written."""
    loaded = deliveries(database) if database.exists() else []
    held = {(one.identity, one.period): one.delivery for one in loaded}
    todo = pending(database, found)
    return [
        _task(database, one, held.get((one.identity, one.period or ""))) if one in todo else Task(one, False)
        for one in found
    ]


def _task(database: Path, found: Found, replaces: str | None) -> Task:
    if found.fetch is None:
        return Task(found, True, sum(found.sizes.values()), 0, replaces)
    left = to_fetch(found.entries, downloads_of(database, found))
    return Task(found, True, left.bytes, left.objects + found.vouched, replaces)


def room_for(database: Path, tasks: Sequence[Task]) -> Room | None:
    """What fetching takes and what there is; None where nothing is to be fetched."""
    fetching = [task for task in tasks if task.pending and task.found.fetch]
    if not fetching:
        return None
    needed = room_needed([task.found for task in fetching], [task.bytes for task in fetching])
    return Room(needed, free_room(store_of(database)))


def require_room(database: Path, tasks: Sequence[Task]) -> None:
    """Raises EngineError when the disk cannot take what is to be fetched and loaded."""
    room = room_for(database, tasks)
    if room and room.free < room.needed:
        raise EngineError(
            f"the disk is too small: {room.needed:,} bytes needed, {room.free:,} free",
            str(store_of(database)),
            "free some space, name another disk with --db, or load less at once with --since",
        )
