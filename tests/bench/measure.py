"""One command measured: seconds of wall clock and of processor, and peak memory of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Measured:
    """Seconds of wall clock, seconds of processor over all cores, and peak resident memory in MiB."""

    seconds: float
    processor: float
    mebibytes: float


def measure(command: list[str], times: int = 1, env: dict[str, str] | None = None) -> Measured:
    """Run a command some times; the median time and the highest peak. Raises RuntimeError when it fails."""
    runs = [_once(command, env or {}) for _ in range(times)]
    return Measured(
        median(run.seconds for run in runs),
        median(run.processor for run in runs),
        max(run.mebibytes for run in runs),
    )


def _once(command: list[str], env: dict[str, str]) -> Measured:
    _forget_own_peak()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {said.strip()[-400:]}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _forget_own_peak() -> None:
    """A child begins with the peak of its parent: let that be what is held now, and not what ever was."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def python(code: str, *args: str) -> list[str]:
    """A command that runs a piece of Python."""
    return [sys.executable, "-c", code, *args]


def finops(*args: str) -> list[str]:
    """A command that runs finops from this checkout."""
    return [sys.executable, "-m", "finops", *args]
