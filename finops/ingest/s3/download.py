"""One object, whole or not at all: resumed where the connection broke, checked when it is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from finops.aws import BrokenOff, WrongBytes, chunks, object_errors
from finops.errors import EngineError, Interrupted
from finops.ingest.listing import Entry
from finops.ingest.s3.address import parse_address
from finops.ingest.s3.checksums import is_intact
from finops.ingest.s3.patience import WAITS

_PART = ".part"
_LONGEST_NAME = 100

Arrived = Callable[[int], None]


def local_name(entry: Entry) -> str:
    """The name of an object's copy: another one for each content, with the end that tells its format."""
    content = hashlib.sha256(f"{entry.address} {entry.etag} {entry.size}".encode()).hexdigest()[:16]
    return f"{content}-{Path(entry.address).name[-_LONGEST_NAME:]}"


def part_name(entry: Entry) -> str:
    """The name of the copy while it is not complete."""
    return local_name(entry) + _PART


def download(client: Any, entry: Entry, folder: Path, stop: Event, arrived: Arrived) -> Path:
    """The object as a file of the folder. What is there already is not asked for again.

    `arrived` is told bytes as they come, less than nothing when they have to come again. Raises EngineError when the
    connection breaks for good or S3 gives other bytes than it listed, `Replaced` when the object is another one.
    """
    target, part = folder / local_name(entry), folder / part_name(entry)
    if target.is_file():
        arrived(entry.size)
        return target
    arrived(_size(part))
    for _ in range(2):
        with suppress(WrongBytes):
            answer = _complete(client, entry, part, stop, arrived)
            if is_intact(client, entry, part, answer):
                return part.rename(target)
        arrived(-_size(part))
        part.unlink()
    what = "S3 gave other bytes than it listed, twice"
    raise EngineError(what, entry.address, "run again: nothing of it was loaded")


def _complete(client: Any, entry: Entry, part: Path, stop: Event, arrived: Arrived) -> dict[str, Any]:
    """Append to the part until it has the object's size, and give the last answer of S3."""
    answer: dict[str, Any] = {}
    waits = iter(WAITS)
    part.touch(0o600)
    while (have := _size(part)) < entry.size:
        failure = EngineError("S3 sends less than it listed", entry.address, "run again")
        try:
            answer = _append(client, entry, part, stop, arrived)
        except BrokenOff as error:
            failure = error
        if _size(part) > have:
            waits = iter(WAITS)
        elif (wait := next(waits, None)) is None:
            raise failure
        else:
            stop.wait(wait)
    return answer


def _append(client: Any, entry: Entry, part: Path, stop: Event, arrived: Arrived) -> dict[str, Any]:
    have = _size(part)
    answer = _get(client, entry, have)
    with part.open("ab") as sink:
        if "ContentRange" not in answer:
            arrived(-have)
            sink.truncate(0)
        for chunk in chunks(answer, entry.address):
            sink.write(chunk)
            arrived(len(chunk))
            if stop.is_set():
                raise Interrupted
    return answer


def _get(client: Any, entry: Entry, start: int = 0) -> dict[str, Any]:
    address = parse_address(entry.address)
    span = {"Range": f"bytes={start}-"} if start else {}
    with object_errors(entry.address):
        answer: dict[str, Any] = client.get_object(Bucket=address.bucket, Key=address.key, IfMatch=entry.etag, **span)
    return answer


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
