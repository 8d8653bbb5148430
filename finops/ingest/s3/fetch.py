"""The files of a delivery, several at a time, and the proof that they are of one delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

from finops.aws import object_errors
from finops.errors import DataError
from finops.ingest.listing import Entry
from finops.ingest.s3.address import parse_address
from finops.ingest.s3.download import download, local_name, part_name
from finops.ingest.s3.threads import in_threads

# Within these hours AWS may be at work on a delivery; whatever is older was copied in another order than AWS writes.
_WRITING = 6 * 3600 * 1_000_000_000


@dataclass(frozen=True)
class Order:
    """The objects of a delivery and the manifest that lists them, as listed at a moment of the clock of S3.

    `overwritten` says that the next delivery takes the place of these objects.
    """

    entries: tuple[Entry, ...]
    manifest: Entry | None
    listed_at: int
    overwritten: bool


def fetch(client: Any, order: Order, folder: Path, step: Callable[[str, int], None]) -> list[Path]:
    """Bring the objects into the folder, and remove what else is there. Their paths, in the order given.

    What was fetched before is not fetched again. Raises DataError while AWS writes the delivery, `Replaced` when it
    was replaced meanwhile, EngineError for what AWS refuses.
    """
    _refuse_being_written(order)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_others(folder, order.entries)
    files, done = len(order.entries), count(1)

    def one(entry: Entry, stop: Event) -> Path:
        path = download(client, entry, folder, stop, lambda size: step("", size))
        step(f"{next(done)} of {files} files", 0)
        return path

    paths = in_threads(one, order.entries)
    _require_same_manifest(client, order.manifest)
    return paths


@dataclass(frozen=True)
class Left:
    """What is still to be fetched of a delivery."""

    objects: int
    bytes: int


def to_fetch(entries: Sequence[Entry], folder: Path) -> Left:
    """What is not in the folder yet."""
    missing = [entry for entry in entries if not (folder / local_name(entry)).is_file()]
    return Left(len(missing), sum(entry.size - _begun(folder / part_name(entry)) for entry in missing))


def _begun(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _refuse_being_written(order: Order) -> None:
    """A delivery that is overwritten in place gets its files first and its manifest last."""
    newest = max(order.entries, key=lambda entry: entry.modified)
    if order.manifest is None or not order.overwritten or newest.modified <= order.manifest.modified:
        return
    if order.listed_at - newest.modified < _WRITING:
        raise DataError(
            "AWS is writing this delivery: a file is newer than the manifest",
            newest.address,
            "run again in an hour; what was loaded of it before is unchanged",
        )


def _remove_others(folder: Path, entries: Sequence[Entry]) -> None:
    wanted = {name(entry) for entry in entries for name in (local_name, part_name)}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()


def _require_same_manifest(client: Any, manifest: Entry | None) -> None:
    if manifest:
        address = parse_address(manifest.address)
        with object_errors(manifest.address):
            client.head_object(Bucket=address.bucket, Key=address.key, IfMatch=manifest.etag)
