"""Checks of this machine: what runs, the settings, and whether memory and disk suffice."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from finops import __version__
from finops.config import config_path, memory_limit
from finops.doctor.case import Case
from finops.doctor.check import Verdict, ok, problem, several, size, unchecked
from finops.doctor.holdings import Holdings
from finops.errors import FinopsError

# What a process takes beside the buffers that the memory limit is for.
_BESIDE_BUFFERS = 500_000_000
# An ingest holds the old delivery, the new one and what DuckDB spills, each about as large as the export's files.
_COPIES = 3
_LEAST_DISK = 1_000_000_000
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def versions(case: Case) -> Verdict:
    """finops, Python and the engine."""
    import duckdb

    return ok(f"finops {__version__}, Python {platform.python_version()}, DuckDB {duckdb.__version__}")


def settings(case: Case) -> Verdict:
    """The settings file says something that holds together."""
    found, path = case.settings, config_path(case.config)
    if isinstance(found, FinopsError):
        return problem(f"{found.what} ({found.where})", found.fix or f"correct {path}")
    required = f"required tags {', '.join(found.tags.required) or '(none)'}"
    if found.path is None:
        return ok(f"there is no {path}, so the defaults hold: {required}", "finops init FOLDER writes one")
    names = [one.name for one in found.environments]
    return ok(f"{path}: {required}; {f'environments {several(names)}' if names else 'no environments'}")


def memory(case: Case) -> Verdict:
    """DuckDB's memory limit is one, and leaves room for the rest of the process."""
    import duckdb

    from finops.engines.duckdb import connect

    try:
        with connect() as connection:
            (text,) = connection.execute("select current_setting('memory_limit')").fetchone() or ("",)
    except duckdb.Error:
        return problem(f"FINOPS_MEMORY={memory_limit()} is no amount of memory", "FINOPS_MEMORY=1200MB")
    number, unit = str(text).split()
    limit, available = float(number) * _UNITS[unit], _available_memory()
    if available is None:
        return unchecked(f"DuckDB may use {size(limit)}; this system does not say how much memory there is")
    if limit + _BESIDE_BUFFERS > available:
        fitting = max(200, int((available - _BESIDE_BUFFERS) / 1_000_000 * 0.8))
        return problem(f"DuckDB may use {size(limit)} of {size(available)}: too much", f"FINOPS_MEMORY={fitting}MB")
    return ok(f"DuckDB may use {size(limit)} of {size(available)}")


def disk(case: Case) -> Verdict:
    """The next ingest can write beside the database, and has room."""
    folder = _existing(case.database.absolute().parent)
    if not os.access(folder, os.W_OK):
        return problem(f"{folder} cannot be written to", "name a database elsewhere with --db, or FINOPS_DB")
    free, needed = shutil.disk_usage(folder).free, _needed_disk(case)
    if free < needed:
        return problem(f"{size(free)} free in {folder}, the next ingest may need {size(needed)}", "free some space")
    return ok(f"{size(free)} free in {folder}, the next ingest may need {size(needed)}")


def _available_memory() -> int | None:
    """The memory of the machine, or of the container where that is less."""
    limits = [int(text) for path in _CONTAINER_LIMITS if (text := _read(path)).isdigit()]
    try:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError):
        return None
    return min(limits)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _needed_disk(case: Case) -> int:
    if not isinstance(case.holdings, Holdings):
        return _LEAST_DISK
    return max(_LEAST_DISK, _COPIES * max(one.bytes for one in case.holdings.counted))
