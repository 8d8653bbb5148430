"""Who reads a delivery holds it: what replaced it, however often, removes its files only after that."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def held(folders: Iterable[Path]) -> Iterator[None]:
    """Hold the folders of deliveries as long as this lasts, or until the process ends; nobody waits for anybody.

    Where the file system has no locks, or a folder is gone, there is nothing to hold.
    """
    with ExitStack() as stack:
        for folder in folders:
            with suppress(OSError):
                _lock(stack, folder, fcntl.LOCK_SH)
        yield


def is_held(folder: Path) -> bool:
    """Whether anybody holds a folder right now."""
    with ExitStack() as stack:
        try:
            _lock(stack, folder, fcntl.LOCK_EX)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _lock(stack: ExitStack, folder: Path, kind: int) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, handle)
    fcntl.flock(handle, kind | fcntl.LOCK_NB)
