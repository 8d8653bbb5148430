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
from finops.output.report_forms import FormName, form_of, write_report

if TYPE_CHECKING:
    from finops.reader import Ask, Ledger

Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    FormName | None,
    typer.Option(
        "--format",
        help="A page, Markdown, HTML for mail programs, JSON, a workbook, or a folder of tables as CSV or Parquet. "
        "Default: what FILE ends in, else html.",
    ),
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

    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    with _by_environment(ask, db, config) as ledger:
        facts = build(ledger, cadence)
    write_report(document(facts), form_of(form, output), output)
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
