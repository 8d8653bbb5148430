"""Checksums of what a ledger keeps: a bit that flips on a disk turns a cost into another one, and no engine notices.

Parquet as DuckDB writes it carries none. CRC-32 finds such accidents; it is no protection against forgery.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

_NAME = "seals.json"
# The folders of a delivery that are sealed one by one: they go while its marts stay.
PARTS = ("rows", "originals")


def seal(home: Path, files: Iterable[Path], name: str = _NAME) -> None:
    """Write down the checksums of some files below a folder, in a file of that name in it."""
    sums = {path.relative_to(home).as_posix(): _checksum(path) for path in sorted(files)}
    (home / name).write_text(json.dumps(sums), encoding="utf-8")


def broken(home: Path, name: str = _NAME) -> Path | None:
    """A sealed file that is no longer what was written; None where all are, and where nothing was ever sealed."""
    return next(_broken(home, home / name), None)


def seal_part(home: Path, part: str) -> None:
    """Write down the checksums of everything in one of PARTS of a delivery, where it has that."""
    if files := list((home / part).glob("*")):
        seal(home, files, seals_of(part))


def broken_part(home: Path, part: str) -> Path | None:
    """A file in one of PARTS that is no longer what was written; None where all are, or were never sealed."""
    return broken(home, seals_of(part))


def seals_of(part: str) -> str:
    """The name of the file with the checksums of one of PARTS."""
    return f"seals-{part}.json"


def _broken(home: Path, seals: Path) -> Iterator[Path]:
    if not seals.exists():
        return
    try:
        sums = dict(json.loads(seals.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError):
        yield seals
        return
    yield from (home / name for name, checksum in sums.items() if _checksum(home / name) != checksum)


def _checksum(path: Path) -> int | None:
    """The CRC-32 of a file; None where it is gone or empty."""
    if not path.is_file() or not path.stat().st_size:
        return None
    known = path.stat()
    return _read(path.absolute(), known.st_ino, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read(path: Path, inode: int, size: int, modified: int) -> int:
    """The CRC-32 of a file as it is now: one command asks for the same one several times."""
    from isal import isal_zlib

    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return int(isal_zlib.crc32(content))
