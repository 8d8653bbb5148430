"""`make drills`: every drill on this machine, and what became of it as a table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.drills import crowd, damage, full_disk, fuzz, kills, slow, slow_disk, verbs, wide
from tests.drills.report import Done, row, table, write
from tests.drills.tally import Drill, Function, Tally


@dataclass(frozen=True)
class _Named:
    """A drill and how many inputs it tries in a full run."""

    run: Function
    runs: int


DRILLS = {
    "kills": _Named(kills.kills, 400),
    "verbs": _Named(verbs.verbs, 120),
    "deliveries": _Named(damage.deliveries, 100),
    "ledgers": _Named(damage.ledgers, 500),
    "manifests": _Named(fuzz.manifests, 100),
    "tables": _Named(fuzz.tables, 150),
    "toml": _Named(fuzz.toml, 1500),
    "markdown": _Named(fuzz.markdown, 1500),
    "full-disk": _Named(full_disk.full_disk, 25),
    "slow-source": _Named(slow.slow_source, 15),
    "slow-disk": _Named(slow_disk.slow_disk, 16),
    "crowd": _Named(crowd.crowd, 20),
    **{name: _Named(run, 1) for name, run in wide.DRILLS.items()},
}


def main(words: Sequence[str]) -> int:
    """Run the drills named, or all; 1 when one found something. Raises SystemExit for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(DRILLS)}; default: all")
    parser.add_argument("--runs", type=int, help="inputs of each drill, in the place of its own number")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="where chance comes from; default: the clock"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/drills.md")
    asked = parser.parse_args(words)
    unknown = set(asked.names) - DRILLS.keys()
    if unknown:
        parser.error(f"no such drill: {', '.join(sorted(unknown))}")
    done = [_run(name, asked.runs or DRILLS[name].runs, asked.seed) for name in asked.names or DRILLS]
    print(table(done))
    if asked.write:
        write(done, asked.seed, machine(), whole=not asked.names and not asked.runs)
    return int(any(not one.tally.clean for one in done))


def _run(name: str, runs: int, seed: int) -> Done:
    print(f"{name}: {runs} inputs, seed {seed}", file=sys.stderr, flush=True)
    started, used = time.monotonic(), _processor()
    with TemporaryDirectory(prefix="finops-drill-") as folder:
        try:
            tally = DRILLS[name].run(Drill(Path(folder), runs, Random(f"{seed}/{name}")))
        except Exception:
            tally = Tally(name, tracebacks=[traceback.format_exc()])
    for kind in ("wrong_sums", "tracebacks", "lost"):
        for one in getattr(tally, kind):
            print(f"  {kind}: {one}", file=sys.stderr)
    if tally.skipped:
        print(f"  NOT TRIED: {tally.skipped}", file=sys.stderr)
    done = Done(tally, time.monotonic() - started, _processor() - used)
    print(f"  {row(done)}", file=sys.stderr, flush=True)
    return done


def _processor() -> float:
    """Seconds of the processor that this process used, and all that it started and that have ended."""
    return sum(os.times()[:4])


def machine() -> str:
    """The day, and the size of this machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    memory = f"{pages * size / 2**30:.0f} GiB"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory}, Python {platform.python_version()}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
