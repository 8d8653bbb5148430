"""finops status."""

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, FormatName, MetricName, Output, Period
from finops.errors import UsageError

Changes = Annotated[
    bool, typer.Option("--changes", help="What each delivery changed against the one it replaced, newest first.")
]
OfChanges = Annotated[
    MetricName | None, typer.Option("--metric", help="With --changes: how to count a cost. [default: unblended]")
]


def run(
    changes: Changes = False,
    metric: OfChanges = None,
    period: Period = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Show what is loaded: exports, periods, deliveries, finality."""
    from finops.config import db_path
    from finops.output import write
    from finops.status import status

    if changes:
        _write_changes(db_path(db), metric or "unblended", period, export, form, output)
    elif metric:
        raise UsageError("status shows unblended cost", "--metric", "--changes takes a metric")
    else:
        write(status(db_path(db), period, export), form, output)


def _write_changes(
    database: Path, metric: str, period: str | None, export: str | None, form: FormatName, output: Path | None
) -> None:
    from finops.changes import changes
    from finops.output import write

    with changes(database, metric, period, export) as document:
        write(document, form, output)
