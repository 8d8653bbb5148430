"""finops tag-gaps."""

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import (
    AsOf,
    ConfigFile,
    Db,
    ExportName,
    Format,
    From,
    Last,
    Metric,
    Output,
    Period,
    To,
    Where,
)
from finops.cli.reading import asked, opened
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.document import Document

FailUnder = Annotated[
    str | None,
    typer.Option("--fail-under", metavar="PERCENT", help="Exit 1 when a required tag covers less than this."),
]


def run(
    fail_under: FailUnder = None,
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    as_of: AsOf = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Show the spend that carries no required tag, by resource."""
    from finops.output import write
    from finops.tag_gaps import tag_gaps

    percent = _percent(fail_under)
    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    with opened(ask, db, config) as ledger:
        document = tag_gaps(ledger)
        write(document, form, output)
    if percent is not None:
        _gate(document, percent)


def _gate(document: "Document", percent: Decimal) -> None:
    """End in 1 when a tag covers too little, in 3 when nobody can tell."""
    from finops.tag_gaps import below

    failing = below(document, percent)
    if any(coverage is None for _, coverage in failing):
        raise DataError(
            "coverage cannot be told: nothing that was charged could carry a tag",
            where="--fail-under",
            fix="choose a period or --where that holds usage of resources",
        )
    for tag, coverage in failing:
        print(f"failed: {tag} covers {coverage}% of taggable cost, less than {percent}%", file=sys.stderr)
    if failing:
        raise typer.Exit(1)


def _percent(text: str | None) -> Decimal | None:
    if text is None:
        return None
    if text.replace(".", "", 1).isdecimal() and Decimal(text) <= 100:
        return Decimal(text)
    raise UsageError(f"{text} is no percentage", where="--fail-under", fix="--fail-under 95")
