"""finops prices status."""

from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output

Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 when a price list is old or usage has no price.")]


def run(
    strict: Strict = False,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Show how old the price lists are, and which usage of the bill no price is known for."""
    from finops.config import db_path, load_settings, today
    from finops.errors import DataError
    from finops.output import write
    from finops.price_status import price_status
    from finops.usage import open_usage

    load_settings(config)
    path, day = db_path(db), today()
    try:
        with open_usage(path, export) as usage:
            document = price_status(path, usage, day)
    except DataError as error:
        document = price_status(path, None, day, error.what)
    write(document, form, output)
    unpriced = document.totals.get("unpriced")
    if strict and (unpriced is None or unpriced.count or any(row[6] for row in document.rows.read(None))):
        raise DataError("prices are old or missing", str(path), "finops prices refresh")
