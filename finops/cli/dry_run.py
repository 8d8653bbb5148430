"""What `finops ingest --dry-run` prints: what would be read, and what that takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.ledger.plan import Room, Task


def describe(tasks: Sequence[Task], requests_made: int, room: Room | None) -> Iterator[str]:
    """The lines to print; `requests_made` were sent to S3 to know them, `room` is for what is to be fetched."""
    yield from map(_line, tasks)
    todo = [task for task in tasks if task.pending]
    files = sum(len(task.found.files) for task in todo)
    total = (
        f"to read: {len(todo)} of {len(tasks)} deliveries, {files} files, {sum(task.bytes for task in todo):,} bytes"
    )
    requests = sum(task.requests for task in todo)
    yield f"{total}, {requests} requests to S3; {requests_made} were sent to find out" if requests_made else total
    if room:
        yield f"disk: {room.needed:,} bytes needed at most, {room.free:,} free"


def _line(task: Task) -> str:
    one = task.found
    what = f"{one.export} {one.period or '(periods by its rows)'}"
    if not task.pending:
        return f"unchanged {what}"
    if one.missing:
        return f"cannot load {what}: its manifest lists a file that is not there: {one.missing[0]}"
    size = f"{len(one.files)} files, {task.bytes:,} bytes"
    replaces = f"; replaces delivery {task.replaces}" if task.replaces else ""
    return f"would load {what}: delivery {one.delivery}, {size}{replaces}"
