"""finops status."""

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output, Period


def run(
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

    write(status(db_path(db), period, export), form, output)
