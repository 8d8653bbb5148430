"""A disk on which every write and every flush takes long: a library between finops and the system waits before each.

People read meanwhile, a second ingest comes, and half of the ingests are killed while they wait for the disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.bench.measure import finops
from tests.drills.kills import leftovers
from tests.drills.tally import Drill, Ran, Tally, look, run, total
from tests.tiny_export import LINES, restate, write_export

_SOURCE = Path(__file__).with_name("slow_disk.c")
_MILLISECONDS = (5, 60)
# The look around at which a second ingest comes.
_SECOND = 3


def slow_disk(drill: Drill) -> Tally:
    """Ingest onto a slow disk, again and again; kill every other one."""
    tally = Tally("slow disk")
    library = drill.folder / "slow.so"
    if problem := _compiled(library):
        tally.skipped = f"nothing can stand between finops and the disk here ({problem})"
        return tally
    database = drill.folder / "db" / "finops.duckdb"
    argv = ["ingest", str(write_export(drill.folder, _lines(1))), "--db", str(database)]
    run(*argv)
    looks, died, waited = 1, 0, 0
    for number in range(2, drill.runs + 2):
        restate(drill.folder / "acme", f"delivery-{number}", _lines(number))
        pause = drill.chance.randint(*_MILLISECONDS)
        known: set[Decimal | None] = {total(database), Decimal(number)}
        fatal = drill.chance.randint(1, looks) if number % 2 else None
        seen = _ingested(argv, database, {"LD_PRELOAD": str(library), "DRILL_DISK_MILLISECONDS": str(pause)}, fatal)
        _judge(tally, f"delivery {number}, {pause} ms", seen, known, fatal is not None)
        _again(tally, f"delivery {number}, {pause} ms", database, argv, Decimal(number))
        died += fatal is not None and seen.code < 0
        looks, waited = (looks, waited) if fatal else (seen.looks, waited + seen.looks)
    tally.note = f"{died} died; readers looked {waited:,} times while the others waited for the disk"
    return tally


def _compiled(library: Path) -> str:
    """Why the library cannot be made here, or nothing."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "no compiler of C"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[0] if done.returncode else ""


@dataclass
class _Seen:
    """How a slow ingest ended, and what was seen while it ran."""

    code: int = 0
    err: str = ""
    looks: int = 0
    totals: set[Decimal | None] = field(default_factory=set)
    second: Ran | None = None


def _ingested(argv: list[str], database: Path, slow: dict[str, str], fatal: int | None) -> _Seen:
    """Run it, look around for as long as it runs, and kill it at the fatal look."""
    seen = _Seen()
    with subprocess.Popen(finops(*argv), env={**os.environ, **slow}, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            seen.totals.add(total(database))
            seen.looks += 1
            if seen.looks == fatal:
                process.kill()
            elif seen.looks == _SECOND and fatal is None:
                seen.second = run(*argv)
        assert process.stderr is not None
        seen.err = process.stderr.read()
        seen.code = process.returncode
    return seen


def _judge(tally: Tally, where: str, seen: _Seen, known: set[Decimal | None], killed: bool) -> None:
    tally.inputs += 1
    if not seen.totals <= known:
        tally.wrong_sums.append(f"{where}: a reader saw {seen.totals - known}, not one of {known}")
    if not (killed and seen.code < 0):
        look(tally, where, Ran(seen.code, "", seen.err))
    if seen.second is not None:
        look(tally, f"{where}: a second ingest", seen.second)
    ended = {seen.code, seen.second.code if seen.second else 0}
    if not killed and (0 not in ended or not ended <= {0, 4}):
        tally.lost.append(f"{where}: exit {sorted(ended)}: {seen.err[-300:]}")


def _again(tally: Tally, where: str, database: Path, argv: list[str], right: Decimal) -> None:
    """The ingest after, on a disk as it should be."""
    ran = run(*argv)
    if ran.code:
        tally.lost.append(f"{where}: the next ingest ends in {ran.code}: {ran.err[-300:]}")
    if (found := total(database)) != right:
        tally.wrong_sums.append(f"{where}: {found}, not {right}")
    if left := leftovers(database):
        tally.lost.append(f"{where}: left behind {', '.join(left)}")


def _lines(number: int) -> list[dict[str, str]]:
    return [{**LINES[0], "lineItem/UnblendedCost": str(number)}]
