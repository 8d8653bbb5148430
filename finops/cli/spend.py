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
from finops.config import load_settings
from finops.errors import UsageError

By = Annotated[
    str | None,
    typer.Option("--by", metavar="DIM[,DIM...]", help="Dimensions: day, week, month, account, service, tag:KEY, ..."),
]


Allocate = Annotated[
    bool,
    typer.Option("--allocate", help="Give shared cost to the values of the tag in --by, by the rules of [[allocate]]."),
]
Per = Annotated[
    str | None,
    typer.Option("--per", metavar="METRIC", help="Cost per unit of a metric of [units]: orders, users, revenue."),
]


def run(
    by: By = None,
    allocate: Allocate = False,
    per: Per = None,
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
    if per:
        from finops.cli.unit_costs import show_unit_costs

        if allocate:
            raise UsageError("--per and --allocate exclude each other", fix="use one of them")
        ask = asked(metric or "unblended", period, last, from_, to, where, export, by, as_of=as_of)
        show_unit_costs(per, dimensions, ask, form, output, db, config)
        return
    needed = by
    if allocate:
        from finops.allocate import allocated_spend, dimensions_needed

        needed = dimensions_needed(load_settings(config), dimensions)
    ask = asked(metric or "unblended", period, last, from_, to, where, export, needed, as_of=as_of)
    with opened(ask, db, config) as ledger:
        if allocate:
            write(allocated_spend(ledger, dimensions, each_rule=form in ("json", "csv")), form, output)
        else:
            write(spend(ledger, dimensions), form, output)
