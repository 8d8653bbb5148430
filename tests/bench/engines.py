"""One month of CUR 2.0 Parquet through `finops ingest` on DuckDB and on Spark, beside a bare scan by each.

`make bench` does 1 million rows, `make bench-large` 10 million, and 100 million on both as ten copies. Seconds of a
shared machine mean little by themselves; a ratio of two runs, one after the other, means more.
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
from pathlib import Path

from finops.engines.spark import missing
from tests.bench.data import write_cur2_parquet
from tests.bench.measure import finops, python
from tests.both_engines import differences

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spark.md"
ENGINES = ("duckdb", "spark")
# The table on the page, and the sentence behind it.
_TABLE = re.compile(r"\| rows \| engine .*?\ndifferences: \d+\.\n", re.DOTALL)
_HEAD = ("rows", "engine", "cores", "seconds", "µs a row", "processor seconds", "peak memory", "bare scan", "ratio")
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
    """Seconds of wall clock and of processor, and the peaks in MiB of the command and all it started, added up."""

    seconds: float
    processor: float
    mebibytes: float


def main(arguments: list[str] | None = None) -> None:
    """Print the table; with --write into the page."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench").resolve())
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    engines = [name for name in asked.engines.split(",") if name == "duckdb" or not missing()]
    files = _files(asked.folder, asked.rows, asked.copies)
    lines = []
    for cells in _measured(asked, engines, files):
        lines.append(" | ".join(cells))
        print(lines[-1], file=sys.stderr, flush=True)
    if set(engines) == set(ENGINES):
        compared, different = differences(*(_database(asked.folder, name) for name in ENGINES))
        lines.append(f"\nRows of the marts compared: {compared:,};\ndifferences: {different}.")
    print("\n".join(lines))
    if asked.write:
        table = "\n".join(line if line.startswith("\n") else f"| {line} |" for line in [*_header(), *lines])
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_TABLE.sub(lambda _: f"{table}\n", page), encoding="utf-8")


def _header() -> list[str]:
    return [" | ".join(_HEAD), " | ".join("---" for _ in _HEAD)]


def _measured(asked: argparse.Namespace, engines: Iterable[str], files: list[Path]) -> Iterator[tuple[str, ...]]:
    rows, names = asked.rows * asked.copies, [str(path) for path in files]
    for engine in engines:
        bare = took(python(_BARE[engine], *names))
        settings = asked.folder / f"{engine}.toml"
        settings.write_text(_SETTINGS.format(engine))
        database = _database(asked.folder, engine)
        shutil.rmtree(database.parent, ignore_errors=True)
        ours = took(finops("ingest", str(files[0].parents[1]), "--db", str(database), "--config", str(settings)))
        yield (
            f"{rows:,}",
            {"duckdb": "DuckDB", "spark": "Spark"}[engine],
            str(len(os.sched_getaffinity(0))),
            f"{ours.seconds:.1f}",
            f"{ours.seconds / rows * 1e6:.1f}",
            f"{ours.processor:.1f}",
            f"{ours.mebibytes:,.0f} MiB",
            f"{bare.seconds:.1f} s",
            f"{ours.seconds / bare.seconds:.1f}",
        )


def _database(folder: Path, engine: str) -> Path:
    return folder / f"work-{engine}" / "finops.duckdb"


def _files(folder: Path, rows: int, copies: int) -> list[Path]:
    """The month's files, written where they are missing; a copy is a second name of each."""
    whole = folder / f"cur2-{rows}"
    if not whole.exists():
        write_cur2_parquet(whole, rows)
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
    started = time.perf_counter()
    peaks: dict[int, float] = {}
    used: dict[int, float] = {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None:
        for pid in _family(process.pid):
            _look(pid, peaks, used)
        time.sleep(0.1)
    said = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {said.strip()[-400:]}")
    return Took(time.perf_counter() - started, sum(used.values()), sum(peaks.values()))


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
