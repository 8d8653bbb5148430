"""finops report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import AsOf, ConfigFile, Db, ExportName, From, Last, Metric, Output, Period, To, Where
from finops.cli.reading import asked, opened
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.reader import Ask, Ledger
    from finops.report.model import Report

# What a file is written as, by how its name ends.
_FORMS = {".md": "md", ".json": "json"}

Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    Literal["html", "md", "json"] | None,
    typer.Option("--format", help="A page, Markdown or JSON. Default: what FILE ends in, else html."),
]


def run(
    cadence: Cadence = "weekly",
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    as_of: AsOf = None,
    form: Form = None,
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Write the weekly or monthly cost report."""
    from finops.output.report_text import document, summary_lines
    from finops.report.facts import build

    chosen = form or _FORMS.get(output.suffix if output else "", "html")
    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    with _by_environment(ask, db, config) as ledger:
        facts = build(ledger, cadence)
    _write(document(facts), chosen, output)
    said = summary_lines(facts) if output is None else [str(output), *summary_lines(facts)]
    print("\n".join(said), file=sys.stderr)


@contextmanager
def _by_environment(ask: Ask, db: Path | None, config: Path | None) -> Iterator[Ledger]:
    """The ledger, ready to be grouped by environment where its months have what that takes."""
    from finops.config import load_settings

    with ExitStack() as stack:
        by = "environment" if load_settings(config).environments else None
        try:
            ledger = stack.enter_context(opened(replace(ask, by=by), db, config))
        except UsageError:
            ledger = stack.enter_context(opened(ask, db, config))
        yield ledger


def _write(report: Report, form: str, output: Path | None) -> None:
    from finops.output import report_html, report_json, report_md, write
    from finops.output.destination import destination
    from finops.output.strictly import note

    if form == "json":
        write(report_json.document(report), form, output)
        return
    text = report_md.render(report) if form == "md" else report_html.render(report)
    with destination(output) as out:
        out.write(text)
    note(report.problems)
