"""finops spend."""

from typing import Annotated

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

By = Annotated[
    str | None,
    typer.Option("--by", metavar="DIM[,DIM...]", help="Dimensions: day, week, month, account, service, tag:KEY, ..."),
]


def run(
    by: By = None,
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
    """Show spend by one or more dimensions."""
    from finops.dimensions import parse_by
    from finops.output import write
    from finops.spend import spend

    dimensions = parse_by(by)
    ask = asked(metric or "unblended", period, last, from_, to, where, export, by, as_of=as_of)
    with opened(ask, db, config) as ledger:
        write(spend(ledger, dimensions), form, output)
