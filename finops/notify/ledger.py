"""The ledger of what was sent: one JSON line for each event that was told, appended once the channel has taken it.

A run that is killed between sending and writing tells the same news again next time: at least once, never not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from finops.errors import DataError, EngineError

_START = '{"at": "'


@dataclass(frozen=True)
class Entry:
    """One event told on one channel: that it is open, or that it is over. `at` is ISO 8601, UTC."""

    at: str
    channel: str
    command: str
    said: Literal["open", "over"]
    id: str
    check: str
    title: str


def default_path(database: Path) -> Path:
    """The ledger beside a database."""
    return database.with_name(f"{database.name}.sent.jsonl")


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep a second run from telling the same news. Raises EngineError while another one runs, or without a place."""
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    with open(descriptor, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EngineError("another finops notify is sending", str(path), "wait for it") from error
        yield


def read(path: Path, channel: str, command: str) -> list[Entry]:
    """What was told of one command on one channel, oldest first. Raises DataError for a damaged line."""
    return [entry for entry in _entries(path) if (entry.channel, entry.command) == (channel, command)]


def still_open(entries: Sequence[Entry]) -> dict[str, Entry]:
    """What was told and is not over yet, by id."""
    last = {entry.id: entry for entry in entries}
    return {identity: entry for identity, entry in last.items() if entry.said == "open"}


def append(path: Path, entries: Sequence[Entry]) -> None:
    """Add lines and have them on the disk before this returns. Raises EngineError when that cannot be."""
    text = "".join(json.dumps(asdict(entry), ensure_ascii=True) + "\n" for entry in entries)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with open(descriptor, "r+b") as handle:
            # a line that a killed run left torn is ended, so that it cannot spoil the next one
            handle.write(b"\n" * _is_torn(handle.fileno()) + text.encode())
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise _unwritable(path, error) from error


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _entries(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"what was sent cannot be read: {(error.strerror or '').lower()}", str(path)) from error
    for at, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError) as error:
            # a killed run may leave the beginning of a line
            if not line.startswith(_START[: len(line)]):
                fix = "remove that line; remove the file to be told everything again"
                raise DataError("this line says nothing about what was sent", f"{path}:{at}", fix) from error


def _unwritable(path: Path, error: OSError) -> EngineError:
    reason = (error.strerror or "it cannot be used").lower()
    return EngineError(f"what is sent cannot be written down: {reason}", str(path), "name another file with --ledger")
