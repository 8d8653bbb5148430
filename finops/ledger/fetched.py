"""The files of a delivery on this machine: where they lie already, or in the store for as long as they are needed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import time

from finops.catalog import store_of
from finops.errors import FinopsError
from finops.ingest.discover import Found

DOWNLOADS = ".downloads"
# A broken run is run again the same night or never.
_KEPT_SECONDS = 7 * 24 * 3600


def downloads_of(database: Path, found: Found) -> Path:
    """The folder for the files of a delivery of this export and period, one and the same for every run."""
    name = sha256(f"{found.identity} {found.period}".encode()).hexdigest()[:16]
    return store_of(database) / DOWNLOADS / name


@contextmanager
def local_files(database: Path, found: Found, step: Callable[[str, int], None]) -> Iterator[Sequence[Path]]:
    """The files of a delivery, fetched first where they lie elsewhere.

    What was fetched is removed when all went well, and else kept for the next run. Errors name the files as the
    delivery does.
    """
    if found.fetch is None:
        yield found.files
        return
    folder = downloads_of(database, found)
    what = f"{found.export} {found.period or ''}".strip()
    files = found.fetch(folder, lambda text, size: step(f"{what}: {text}" if text else "", size))
    try:
        yield files
    except FinopsError as error:
        addresses = {str(path): entry.address for path, entry in zip(files, found.entries, strict=True)}
        error.where = {**addresses, str(folder): found.source}.get(error.where or "", error.where)
        raise
    shutil.rmtree(folder)
    with suppress(OSError):
        folder.parent.rmdir()


def sweep_downloads(database: Path) -> None:
    """Remove what was fetched by a run that broke long ago."""
    for folder in (store_of(database) / DOWNLOADS).glob("*"):
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if time() - newest > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
