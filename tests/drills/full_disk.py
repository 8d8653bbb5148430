"""A disk that is full after some bytes more: a small file system in memory, which only root may mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from tests.drills.tally import Drill, Tally, look, run, total
from tests.tiny_export import LINES, restate, write_export

_ROOM = 256 << 20
# What an ingest of the small export writes at most, measured generously.
_MOST = 3 << 20
_PAGE = 4096


def full_disk(drill: Drill) -> Tally:
    """Let the disk run full at some point of an ingest: it is told as that, and the next one ends well."""
    tally = Tally("full disk")
    disk = drill.folder / "disk"
    disk.mkdir()
    with _mounted(disk) as problem:
        if problem:
            tally.skipped = f"no small disk can be mounted here ({problem}); try as root"
            return tally
        _fill(drill, tally, disk)
    return tally


def _fill(drill: Drill, tally: Tally, disk: Path) -> None:
    export, database, full = write_export(drill.folder, _lines(1)), disk / "finops.duckdb", 0
    ingest = ("ingest", str(export), "--db", str(database))
    run(*ingest)
    for number in range(2, drill.runs + 2):
        before, room = total(database), drill.chance.randrange(0, _MOST, _PAGE)
        restate(export, f"delivery-{number}", _lines(number))
        _resize(disk, _used(disk) + room)
        ran = run(*ingest)
        where = f"{room} bytes left"
        tally.inputs += 1
        full += ran.code != 0
        look(tally, where, ran)
        if ran.code not in {0, 4}:
            tally.tracebacks.append(f"{where}: exit {ran.code}: {ran.err[-300:]}")
        _compare(tally, where, database, {before, _sum(number)} if ran.code else {_sum(number)})
        _resize(disk, _ROOM)
        if (again := run(*ingest)).code:
            tally.lost.append(f"{where}, then room again: {again.err[-300:]}")
        _compare(tally, f"{where}, then room again", database, {_sum(number)})
    tally.note = f"{full} ran full, the others had just enough"


def _compare(tally: Tally, where: str, database: Path, right: set[Decimal | None]) -> None:
    if (found := total(database)) not in right:
        tally.wrong_sums.append(f"{where}: {found}, not one of {right}")


def _lines(number: int) -> list[dict[str, str]]:
    return [
        {**LINES[0], "lineItem/UnblendedCost": str(number), "lineItem/ResourceId": f"i-{row}"} for row in range(200)
    ]


def _sum(number: int) -> Decimal:
    return Decimal(200 * number)


def _used(disk: Path) -> int:
    facts = os.statvfs(disk)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def _resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={max(size, _PAGE)}", str(disk)], check=True)


@contextmanager
def _mounted(disk: Path) -> Iterator[str]:
    """A file system in memory at this folder; yields why there is none, or nothing."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", str(disk)]
    try:
        made = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError as error:
        yield str(error)
        return
    if made.returncode:
        yield made.stderr.strip()
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
