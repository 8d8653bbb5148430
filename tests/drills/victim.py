"""A process that has finops in memory and forks one command after another, each killed where it is told.

It is asked over stdin, one JSON object a line, and answers over stdout: `{"argv": [...], "step": 7}` dies before the
seventh change to a file below `root`, `{"argv": [...], "seconds": 0.1}` after that time, and without either not at all.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from time import monotonic
from typing import Any

# What Python tells of changes to files. DuckDB's own are not among them: those are met by the clock.
_CHANGES = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}


@dataclass(frozen=True)
class Died:
    """How a command ended: its exit code, or minus the signal; how many changes to files it began; what it said."""

    code: int
    steps: int
    seconds: float
    err: str

    @property
    def killed(self) -> bool:
        """Whether it was killed before it ended."""
        return self.code == -signal.SIGKILL


class Victims:
    """The process that forks. It holds no engine, so that what it forks is as good as new."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, root: Path, *argv: str, step: int | None = None, seconds: float | None = None) -> Died:
        """Run one command, and kill it there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"root": str(root), "argv": argv, "step": step, "seconds": seconds}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Died(**json.loads(self._process.stdout.readline()))


@contextmanager
def victims(**more: str) -> Iterator[Victims]:
    """A process to run commands in, for as long as it is needed; `more` goes into its environment."""
    command = [sys.executable, "-m", "tests.drills.victim"]
    home = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        command, cwd=home, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **more}
    ) as process:
        try:
            yield Victims(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _serve() -> None:
    _load()
    shared = mmap.mmap(-1, 8)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line), shared)), flush=True)


def _load() -> None:
    """What the verbs import, so that a fork is at work at once."""
    import duckdb  # noqa: F401

    import finops.cli.app
    import finops.cli.db_anonymise
    import finops.cli.db_export
    import finops.cli.db_upgrade
    import finops.cli.db_vacuum
    import finops.cli.ingest
    import finops.cli.recommend_accept
    import finops.cli.sources
    import finops.ledger.again
    import finops.ledger.anonymise
    import finops.ledger.export
    import finops.ledger.plan
    import finops.ledger.upgrade
    import finops.ledger.vacuum
    import finops.recommend.accepted.ledger
    import finops.recommend.accepted.promise
    import finops.recommend.waste  # noqa: F401


def _answer(asked: dict[str, Any], shared: mmap.mmap) -> dict[str, Any]:
    shared[:] = struct.pack("q", 0)
    said = Path(asked["root"]) / ".said"
    child = os.fork()
    if child == 0:
        os._exit(_child(asked, shared, said))
    started = monotonic()
    watched = os.pidfd_open(child)
    if not select([watched], [], [], asked["seconds"])[0]:
        os.kill(child, signal.SIGKILL)
    os.close(watched)
    _, status = os.waitpid(child, 0)
    (steps,) = struct.unpack("q", shared[:])
    return {
        "code": os.waitstatus_to_exitcode(status),
        "steps": steps,
        "seconds": monotonic() - started,
        "err": said.read_text(errors="replace"),
    }


def _child(asked: dict[str, Any], shared: mmap.mmap, said: Path) -> int:
    from finops.cli import main

    with said.open("w") as handle:
        os.dup2(handle.fileno(), 2)
        os.dup2(handle.fileno(), 1)
    if asked["step"] is not None or asked["seconds"] is None:
        _count(asked["root"], shared, asked["step"])
    code = main(asked["argv"])
    sys.stderr.flush()
    return code


def _count(root: str, shared: mmap.mmap, fatal: int | None) -> None:
    """Count the changes to files below the root, and die before the fatal one."""

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if event in _CHANGES and str(details[0]).startswith(root):
            (count,) = struct.unpack("q", shared[:])
            shared[:] = struct.pack("q", count + 1)
            if count + 1 == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    _serve()
