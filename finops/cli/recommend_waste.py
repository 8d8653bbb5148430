"""finops recommend waste."""

from __future__ import annotations

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output
from finops.cli.review import Write, written


def run(
    write_to: Write = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Find what runs for nothing, fits badly or never sleeps, as far as the bill alone proves it."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.waste import waste
    from finops.usage import open_usage, price_book

    settings = load_settings(config)
    with open_usage(db_path(db), export) as usage:
        document = waste(usage, settings, price_book(usage))
    write(document, form, output)
    written(document, settings, write_to)
