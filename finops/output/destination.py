"""Where output goes: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from finops.errors import EngineError


@contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """A text stream to stdout, or to `path`, replaced in one step once everything is written.

    Raises EngineError when the file cannot be written; what was there before is left alone.
    """
    if path is None:
        yield sys.stdout
    elif path.exists() and not path.is_file() and not path.is_dir():
        # A pipe or a device, /dev/stdout among them, is written to and not replaced.
        with reported(path), path.open("w", encoding="utf-8", newline="") as out:
            yield out
    else:
        with reported(path):
            yield from _replacing(path.resolve())


def _replacing(path: Path) -> Iterator[TextIO]:
    if path.is_dir():
        raise IsADirectoryError(None, "is a directory", str(path))
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            yield out
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that is no text, replaced in one step. Raises EngineError when it cannot be written."""
    with reported(path):
        target = path.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            draft.write_bytes(data)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raises EngineError for what the system says of a file that cannot be written."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EngineError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}",
            where=str(path),
            fix="name a file in a folder that can be written to and has room",
        ) from error
