"""One month of CUR 2.0 Parquet through `finops ingest` on DuckDB and on Spark, beside a bare scan by each.

`make bench` does 1 million rows, `make bench-large` 1, 10 and, as ten copies of these, 100 million. Seconds of a
shared machine mean little by themselves: what others used of it meanwhile stands beside them, and a ratio of two runs,
one after the other, means more.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from finops.engines.spark import missing
from tests.bench.data import kept, write_cur2_parquet
from tests.bench.engines_page import COMPARED, ENGINES, MEASURED, PAGE, Cells, table, updated
from tests.bench.measure import finops, python
from tests.both_engines import differences

_SETTINGS = 'engine = "{}"\n[spark.conf]\n"spark.driver.memory" = "1g"\n'
# Every column of every row is read, and nothing is kept.
_BARE = {
    "duckdb": "import sys\nfrom finops.engines.duckdb import connect\n"
    "connect().execute('select count(columns(*)) from read_parquet($1)', [sys.argv[1:]])",
    "spark": "import sys\nfrom finops.config.spark import SparkPolicy\nfrom finops.engines.spark import session\n"
    "spark = session(SparkPolicy(conf={'spark.driver.memory': '1g'}))\n"
    "spark.read.parquet(*sys.argv[1:]).write.format('noop').mode('overwrite').save()",
}


@dataclass(frozen=True)
class Took:
    """Seconds of wall clock and of processor, and the peaks in MiB of the command and all it started, added up.

    `others` are the seconds of processor that everything else on the machine used meanwhile.
    """

    seconds: float
    processor: float
    mebibytes: float
    others: float


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; with --write into the page, where rows of other sizes stay."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench").resolve())
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the files that are written")
    parser.add_argument("--copies", type=int, default=1, help="how often these files are in the month")
    parser.add_argument("--engines", default=",".join(ENGINES), help="default: %(default)s")
    parser.add_argument("--write", action="store_true", help="put the rows into docs/spark.md")
    asked = parser.parse_args(arguments)
    measured = list(_measured(asked, _engines(asked.engines)))
    compared = [_compared(asked)] if len(measured) == len(ENGINES) else []
    print(table(MEASURED, measured))
    if compared:
        print(f"\n{table(COMPARED, compared)}")
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(updated(page, measured, compared), encoding="utf-8")


def _engines(text: str) -> list[str]:
    """The engines named that are here; one that is not is told."""
    named = text.split(",")
    if unknown := sorted(set(named) - ENGINES.keys()):
        raise SystemExit(f"no such engine: {', '.join(unknown)}")
    if "spark" in named and (absent := missing()):
        print(f"Spark is not measured: {absent.what}", file=sys.stderr)
        named.remove("spark")
    return named


def _measured(asked: argparse.Namespace, engines: Iterable[str]) -> Iterator[Cells]:
    files = _files(asked.folder, asked.rows, asked.copies)
    for engine in engines:
        bare = took(python(_BARE[engine], *(str(path) for path in files)))
        settings = asked.folder / f"{engine}.toml"
        settings.write_text(_SETTINGS.format(engine))
        database = _database(asked.folder, engine)
        shutil.rmtree(database.parent, ignore_errors=True)
        ours = took(finops("ingest", str(files[0].parents[1]), "--db", str(database), "--config", str(settings)))
        cells = _cells(engine, asked.rows * asked.copies, ours, bare)
        print(" | ".join(cells), file=sys.stderr, flush=True)
        yield cells


def _cells(engine: str, rows: int, ours: Took, bare: Took) -> Cells:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{rows:,}",
        ENGINES[engine],
        _day(),
        f"{cores} cores, {memory / 2**30:.0f} GiB",
        f"{ours.others / (ours.seconds * cores):.0%}",
        f"{ours.seconds:.1f}",
        f"{ours.seconds / rows * 1e6:.1f}",
        f"{ours.processor:.1f}",
        f"{ours.mebibytes:,.0f} MiB",
        f"{bare.seconds:.1f} s",
        f"{ours.seconds / bare.seconds:.1f}",
    )


def _compared(asked: argparse.Namespace) -> Cells:
    """What differs between the marts that both engines just made of the same rows."""
    rows, different = differences(*(_database(asked.folder, name) for name in ENGINES))
    copies = f", {asked.copies} copies of {asked.rows:,}" if asked.copies > 1 else ""
    what = f"{asked.rows * asked.copies:,} invented lines of CUR 2.0 Parquet{copies}"
    return what, f"{rows:,}", f"{different:,}", _day()


def _day() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _database(folder: Path, engine: str) -> Path:
    return folder / f"work-{engine}" / "finops.duckdb"


def _files(folder: Path, rows: int, copies: int) -> list[Path]:
    """The month's files, written where they are missing; a copy is a second name of each."""
    whole = kept(folder / f"cur2-{rows}", rows, write_cur2_parquet)
    if copies == 1:
        return sorted(whole.rglob("*.parquet"))
    several = folder / f"cur2-{rows}-{copies}" / "data" / "BILLING_PERIOD=2026-10"
    several.mkdir(parents=True, exist_ok=True)
    for path in sorted(whole.rglob("*.parquet")):
        for copy in range(1, copies + 1):
            target = several / f"copy{copy:02d}-{path.name}"
            if not target.exists():
                os.link(path, target)
    return sorted(several.iterdir())


def took(command: list[str]) -> Took:
    """Run a command and look at it and all it starts while they run. Raises RuntimeError when it fails."""
    started, before = time.perf_counter(), _busy()
    peaks: dict[int, float] = {}
    used: dict[int, float] = {}
    with TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        while process.poll() is None:
            for pid in _family(process.pid):
                _look(pid, peaks, used)
            time.sleep(0.1)
        if process.returncode:
            said.seek(0)
            told = said.read().decode(errors="replace").strip()[-400:]
            raise RuntimeError(f"{' '.join(command[:4])} failed: {told}")
    seconds, processor = time.perf_counter() - started, sum(used.values())
    return Took(seconds, processor, sum(peaks.values()), max(_busy() - before - processor, 0))


def _busy() -> float:
    """The seconds that the processors of this machine were at work since it started."""
    user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _look(pid: int, peaks: dict[int, float], used: dict[int, float]) -> None:
    """Note the peak memory in MiB and the processor seconds of a process so far; one that is gone stays as it was."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return
    if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
        peaks[pid] = int(peak[1]) / 1024
        used[pid] = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
