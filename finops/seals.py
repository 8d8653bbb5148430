"""Checksums of what a ledger keeps: a bit that flips on a disk turns a cost into another one, and no engine notices.

Parquet as DuckDB writes it carries none. CRC-32 finds such accidents; it is no protection against forgery.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

_NAME = "seals.json"


def seal(home: Path, files: Iterable[Path], name: str = _NAME) -> None:
    """Write down the checksums of some files below a folder, in a file of that name in it."""
    sums = {path.relative_to(home).as_posix(): _checksum(path) for path in sorted(files)}
    (home / name).write_text(json.dumps(sums), encoding="utf-8")


def broken(home: Path, name: str = _NAME) -> Path | None:
    """A sealed file that is no longer what was written; None where all are, and where nothing was ever sealed."""
    return next(_broken(home, home / name), None)


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
    from isal import isal_zlib

    if not path.is_file() or not path.stat().st_size:
        return None
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return int(isal_zlib.crc32(content))
