"""What is written is on the disk before anything says so: a power cut takes only what was never committed."""

from __future__ import annotations

import os
from pathlib import Path


def to_disk(folder: Path) -> None:
    """Wait until a folder, everything in it and its name are on the disk. Raises OSError where they cannot be."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
