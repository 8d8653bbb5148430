"""`make bench`: ratios against bare engines, measured in one run on this machine.

Times of a shared machine mean little by themselves; what is measured one after the other can be compared.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from functools import partial
from pathlib import Path

from tests.bench import anomalies
from tests.bench.data import kept, write_cur2_parquet, write_legacy_csv
from tests.bench.forecast import demo_series, real_series
from tests.bench.forecast import row as forecast_row
from tests.bench.measure import Measured, finops, measure, python

_BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(): "One."
@app.command()
def two(): "Two."
app()
"""
Row = tuple[str, str, str, str]


def main() -> None:
    """Write the data where it is missing, measure, print one table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--parquet-rows", type=int, default=10_000_000)
    parser.add_argument("--csv-rows", type=int, default=2_000_000)
    asked = parser.parse_args()
    rows = [("measure", "finops", "beside it", "ratio (bar)")]
    # what is held in memory here last: a child begins with the peak of its parent
    for step in (_start_up, _parquet, _csv, _forecasts, _anomalies):
        for row in step(asked):
            rows.append(row)
            print(f"{row[0]}: {row[1]} | {row[2]} | {row[3]}", file=sys.stderr, flush=True)
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _anomalies(asked: argparse.Namespace) -> list[Row]:
    """The detector of anomalies on labelled series beside simple ones; the same on every machine."""
    return [
        (f"anomalies, {row[0]}", f"F1 {row[1]}", f"{row[5]} false a series-month", f"{row[7]} of dollars ahead")
        for row in anomalies.figures()
    ]


def _forecasts(asked: argparse.Namespace) -> list[Row]:
    """Forecasts replayed; they are the same on every machine."""
    real = real_series()
    bills = [("the demo company", demo_series()), *([("a real bill of 2018", real)] if real else [])]
    return [
        forecast_row(f"{name}, {what}", series)
        for name, (whole, parts) in bills
        for what, series in (("as a whole", [whole]), ("service by service", parts))
    ]


def _start_up(asked: argparse.Namespace) -> list[Row]:
    ours = measure(finops("--help"), times=15)
    bare = measure(python(_BARE_TYPER, "--help"), times=15)
    return [_row("finops --help / a bare Typer program", ours, bare, "1.3")]


def _parquet(asked: argparse.Namespace) -> list[Row]:
    folder = kept(asked.folder / f"cur2-{asked.parquet_rows}", asked.parquet_rows, write_cur2_parquet)
    name = f"ingest {asked.parquet_rows:,} rows of CUR 2.0 Parquet, marts included / create table as select *"
    database, rows = _ingest(asked, name, folder, "*.parquet", "1.0")
    fortnight = ["--from", "2026-10-16", "--to", "2026-10-30"]
    questions = (
        (["spend", "--by", "day,service,tag:Environment"], 1),
        (["tag-gaps"], 2),
        (["variance", "--why", *fortnight], 5),
    )
    for words, bar in questions:
        took = measure(finops(*words, "--db", str(database)), times=3)
        rows.append((" ".join(words), _shown(took), "", f"{took.seconds:.2f} s ({bar} s)"))
    return [*rows, *_reports(asked.folder, database)]


def _reports(folder: Path, database: Path) -> list[Row]:
    """Advice is found once for a bill; the report after it has all sections, and so has that of each owner."""
    found = measure(finops("recommend", "--db", str(database)))
    one = measure(finops("report", "-o", str(folder / "report.html"), "--db", str(database)), times=3)
    all_of_them = folder / "owners"
    shutil.rmtree(all_of_them, ignore_errors=True)
    every = measure(finops("report", "--all-owners", str(all_of_them), "--db", str(database)))
    count = len(list(all_of_them.iterdir()))
    return [
        ("recommend", _shown(found), "", "kept for the report"),
        ("report weekly, advice included", _shown(one), "", f"{one.seconds:.2f} s (5 s); {one.mebibytes:,.0f} MiB"),
        (f"report --all-owners, {count} owners", _shown(every), "", f"{every.seconds / one.seconds:.1f} reports"),
    ]


def _csv(asked: argparse.Namespace) -> list[Row]:
    rows = []
    for files in (1, 2):
        # A .gz file is read by one thread of the bare engine: two files give it both cores.
        folder = asked.folder / f"legacy-{asked.csv_rows}-{files}"
        kept(folder, asked.csv_rows, partial(write_legacy_csv, files=files))
        name = f"ingest {asked.csv_rows:,} rows of legacy csv.gz in {files} file(s), marts included / the same"
        rows += _ingest(asked, name, folder, "*.csv.gz", "0.8")[1]
    return rows


def _ingest(asked: argparse.Namespace, name: str, folder: Path, pattern: str, bar: str) -> tuple[Path, list[Row]]:
    """Ingest into a new database, and give the bare engine the same files and columns."""
    work = asked.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    files = [str(path) for path in sorted(folder.rglob(pattern))]
    database = work / "finops.duckdb"
    _warm(files)
    kept, read = (_bare(which, work / "bare.duckdb", files) for which in ("kept", "read"))
    ours = measure(finops("ingest", str(folder), "--db", str(database)))
    rows = [
        _row(name, ours, kept, bar),
        _row("  against only the columns that models read", ours, read, "no bar"),
        _memory(ours),
    ]
    return database, rows


def _bare(which: str, table: Path, files: list[str]) -> Measured:
    took = measure([sys.executable, "-m", "tests.bench.bare", which, str(table), *files])
    table.unlink()
    return took


def _warm(files: list[str]) -> None:
    for name in files:
        with open(name, "rb") as handle:
            while handle.read(1 << 24):
                pass


def _row(name: str, ours: Measured, bare: Measured, bar: str) -> Row:
    return (
        name,
        _shown(ours),
        _shown(bare),
        f"{ours.seconds / bare.seconds:.2f} ({bar}); processor {ours.processor / bare.processor:.2f}",
    )


def _memory(ours: Measured) -> Row:
    return (
        "  its peak memory",
        f"{ours.mebibytes:,.0f} MiB",
        "",
        f"{ours.mebibytes / 2048:.2f} of 2 GiB (1.0)",
    )


def _shown(one: Measured) -> str:
    return f"{one.seconds:.2f} s, {one.processor:.2f} s of processor, {one.mebibytes:,.0f} MiB"


if __name__ == "__main__":
    main()
