"""finops recommend accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output
from finops.cli.progress import say
from finops.errors import DataError

if TYPE_CHECKING:
    from finops.document import Document

FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", metavar="STATUS[,STATUS...]", help="Exit 1 when accepted advice has this status."),
]


def run(
    fail_on: FailOn = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Hold the bill against the advice that was accepted: promised, realised, on track."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.accepted.document import accepted_advice
    from finops.recommend.accepted.ledger import accepted
    from finops.recommend.accepted.status import parse_statuses
    from finops.usage import open_usage

    settings, database, statuses = load_settings(config), db_path(db), parse_statuses(fail_on or ())
    with open_usage(database, export) as usage:
        document = accepted_advice(usage, settings, accepted(database))
    write(document, form, output)
    if statuses:
        _gate(document, statuses)


def _gate(document: Document, statuses: Sequence[str]) -> None:
    """End in 1 where a promise is not kept, in 3 where nobody can tell of one."""
    rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
    failed = [row for row in rows if row["status"] in statuses]
    for row in failed:
        say(f"failed: {row['id']} {row['status']}: {row['reason']}")
    if failed:
        raise typer.Exit(1)
    unknown = [row for row in rows if row["status"] == "could not check" and row["promised"] is not None]
    if unknown:
        what = f"{len(unknown)} promises could not be checked: {unknown[0]['id']}: {unknown[0]['reason']}"
        raise DataError(what, "--fail-on", "finops recommend withdraw those that nobody can check")
