"""finops recommend accepted."""

from __future__ import annotations

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output


def run(
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
    from finops.usage import open_usage

    load_settings(config)
    database = db_path(db)
    with open_usage(database, export) as usage:
        write(accepted_advice(usage, accepted(database)), form, output)
