"""The demonstration: a believable company's bill is written, loaded and reported, all in one folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finops.errors import UsageError

# Parquet is what most people have, and the fastest to write.
SHAPE = "cur2-parquet"
_MARKER = "finops.toml"


@dataclass(frozen=True)
class Demo:
    """Where everything of the demonstration is, and the report's summary in a few lines."""

    folder: Path
    report: Path
    database: Path
    settings: Path
    summary: list[str]


def run_demo(folder: Path, months: int, say: Callable[[str], None]) -> Demo:
    """Write the export, load it, write the report. Raises UsageError when the folder holds something else."""
    from finops.ingest.demo import settings_toml, write_export

    settings = folder / _MARKER
    if folder.exists() and any(folder.iterdir()) and not settings.exists():
        raise UsageError("the folder holds something that is not the demo", str(folder), "--out another folder")
    folder.mkdir(parents=True, exist_ok=True)
    settings.write_text(settings_toml(), encoding="utf-8")
    say(f"writing {months} months of a company's bill")
    export = write_export(SHAPE, folder, months)
    database = folder / "finops.duckdb"
    _load(database, export, say)
    report, summary = _report(database, settings, folder / "report.html")
    return Demo(folder, report, database, settings, summary)


def _load(database: Path, export: Path, say: Callable[[str], None]) -> None:
    from finops.ingest.discover import survey
    from finops.ledger.load import Failed, load

    for result in load(database, survey([export]).found):
        if isinstance(result, Failed):
            raise result.error
        one = result.delivery
        say(f"loaded {one.period}: {one.rows:,} rows, {one.unblended:,.2f} {one.currency}")


def _report(database: Path, settings: Path, target: Path) -> tuple[Path, list[str]]:
    from finops.config import load_settings
    from finops.output.destination import destination
    from finops.output.report_html import render
    from finops.output.report_text import summary_lines
    from finops.reader import Ask, open_ledger
    from finops.report.facts import build

    with open_ledger(database, load_settings(settings), Ask(metric="amortized")) as ledger:
        facts = build(ledger, "weekly")
    with destination(target) as out:
        out.write(render(facts))
    return target, summary_lines(facts)
