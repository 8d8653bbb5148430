"""What lies below a folder or an S3 prefix, in one form: discovery decides on it and does not care which it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from finops.errors import DataError

_SCHEME = "s3:"


@dataclass(frozen=True)
class Entry:
    """One file or object. `address` names it everywhere: an absolute path, or s3://bucket/key with the exact key.

    `modified` is in nanoseconds since 1970. `etag` is blank for a file.
    """

    address: str
    size: int
    modified: int
    etag: str = ""

    @property
    def mark(self) -> int | str:
        """What is another one when the content is."""
        return self.etag or self.modified


@dataclass(frozen=True)
class Listing:
    """The files below `root`. An object of S3 has the path `s3:/bucket/key`, which `shown` spells as people do.

    `read` gives the contents of small files, in their order.
    """

    root: Path
    entries: Mapping[Path, Entry]
    read: Callable[[Sequence[Path]], list[bytes]]


def s3_path(bucket: str, key: str) -> Path:
    """The path of an object, for its parts; it cannot be opened."""
    return Path(_SCHEME, bucket, *filter(None, key.split("/")))


def shown(path: Path) -> str:
    """A path of a listing as a person writes it: s3://bucket/key, or the path of a file."""
    return re.sub(rf"^{_SCHEME}/", f"{_SCHEME}//", path.as_posix()) if path.parts[:1] == (_SCHEME,) else str(path)


def file_entry(path: Path) -> Entry:
    """The entry of a file on this machine."""
    facts = path.stat()
    return Entry(str(path.resolve()), facts.st_size, facts.st_mtime_ns)


def folder_listing(root: Path) -> Listing:
    """Every file below a folder, hidden ones left out. Raises DataError for a folder that cannot be read."""
    problems: list[OSError] = []
    files = [
        Path(folder) / name
        for folder, folders, names in os.walk(root, onerror=problems.append)
        if folders.sort() is None
        for name in sorted(names)
        if not name.startswith(".") and (Path(folder) / name).exists()
    ]
    if problems:
        raise DataError(f"the folder cannot be read: {problems[0].strerror}", problems[0].filename)
    return Listing(
        root, {path: file_entry(path) for path in files}, lambda paths: [path.read_bytes() for path in paths]
    )
