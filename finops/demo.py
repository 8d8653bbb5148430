"""The demonstration: a believable company's bill is written, loaded and reported, all in one folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import load_settings
from finops.errors import UsageError
from finops.output.report_words import cash
from finops.output.values import shown

if TYPE_CHECKING:
    from finops.budgets.read import Open
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.reader import Ask, Ledger

# Parquet is what most people have, and the fastest to write.
SHAPE = "cur2-parquet"
_MARKER = "finops.toml"
# The words of the report's own summary are as wide.
_LABEL_WIDTH = 28


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
    from finops.ingest.demo import write_export

    settings = folder / _MARKER
    if folder.exists() and any(folder.iterdir()) and not settings.exists():
        raise UsageError("the folder holds something that is not the demo", str(folder), "--out another folder")
    _write_papers(folder, months)
    say(f"writing {months} months of a company's bill")
    export = write_export(SHAPE, folder, months)
    database = folder / "finops.duckdb"
    _load(database, export, say)
    report, summary = _report(database, settings, folder / "report.html")
    return Demo(folder, report, database, settings, [*summary, *promises(database, load_settings(settings))])


def _write_papers(folder: Path, months: int) -> None:
    """What a company has beside its bill: settings, an architecture document, measures of business."""
    from finops.ingest.demo import metrics_csv, review_md, settings_toml

    papers = {
        _MARKER: settings_toml(),
        "docs/well-architected-review.md": review_md(),
        "metrics.csv": metrics_csv(months),
    }
    for name, text in papers.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _load(database: Path, export: Path, say: Callable[[str], None]) -> None:
    from finops.ingest.discover import survey
    from finops.ledger.load import Failed, load

    for result in load(database, survey([export]).found):
        if isinstance(result, Failed):
            raise result.error
        one = result.delivery
        say(f"loaded {one.period}: {one.rows:,} rows, {one.unblended:,.2f} {one.currency}")


def promises(database: Path, settings: Settings) -> list[str]:
    """The bill against what was estimated, budgeted and earned, a line for each."""
    from finops.budgets.document import budgets_held
    from finops.reader import Ask, open_ledger
    from finops.variance.document import variance

    def open_part(ask: Ask) -> AbstractContextManager[Ledger]:
        return open_ledger(database, settings, ask)

    with open_part(Ask(metric="amortized", by="environment")) as ledger:
        lines = {
            "Against the estimates": _estimates(variance(ledger, None, None)),
            "Budgets": _budgets(budgets_held(ledger, open_part, database, None, None)[0]),
        }
        month = f"{ledger.end - timedelta(days=1):%Y-%m}"
    order, share = (_unit_cost(open_part, settings, name, month) for name in ("orders", "revenue"))
    percent = shown(share["share_percent"], "percent")
    lines["Unit economics"] = (
        f"{cash(order['unit_cost'], ledger.currency)} an order; {percent} of revenue; month to date"
    )
    return [f"{label:{_LABEL_WIDTH}}{text}" for label, text in lines.items()]


def _estimates(document: Document) -> str:
    rows = _rows(document)
    over = max((row for row in rows if row["class"] == "over"), key=lambda row: row["variance"])
    count = Counter(row["class"] for row in rows)
    said = ", ".join(f"{count[kind]} {kind}" for kind in ("over", "under", "within"))
    return f"{said}; {over['environment']} {over['line']} +{cash(over['variance'], str(document.basis.currency))}"


def _budgets(document: Document) -> str:
    by_class: dict[str, list[str]] = {}
    for row in _rows(document):
        name = f"{row['budget']} ({row['period']}, {shown(row['used_percent'], 'percent')})"
        by_class.setdefault(row["class"].replace("_", " "), []).append(name)
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in by_class.items() if kind != "within")


def _unit_cost(open_part: Open, settings: Settings, name: str, month: str) -> Mapping[str, Any]:
    from finops.reader import Ask
    from finops.units.document import metric_named, unit_costs, where_of

    metric, measures = metric_named(settings, name)
    ask = Ask(metric="amortized", period=month, where=tuple(where_of(metric)))
    with open_part(ask) as ledger:
        return unit_costs(ledger, [], metric, measures).totals


def _rows(document: Document) -> list[dict[str, Any]]:
    return [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]


def _report(database: Path, settings: Path, target: Path) -> tuple[Path, list[str]]:
    from finops.output.destination import destination
    from finops.output.report_html import render
    from finops.output.report_text import summary_lines
    from finops.reader import Ask, open_ledger
    from finops.sections.case import Wanted
    from finops.sections.gather import report

    held = load_settings(settings)
    open_part = partial(open_ledger, database, held)
    made, facts = report(open_part, database, held, Ask(metric="amortized"), Wanted())
    with destination(target) as out:
        out.write(render(made))
    return target, summary_lines(facts)
