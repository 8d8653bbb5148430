"""finops recommend spot."""

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
    """Advise which usage could run on Spot, and what is left of the saving after commitments."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.held import held
    from finops.recommend.hours import hourly_facts
    from finops.recommend.spot import spot
    from finops.recommend.spot_prices import spot_book
    from finops.recommend.spot_rerun import Pool
    from finops.usage import open_usage, price_book

    settings = load_settings(config)
    with open_usage(db_path(db), export) as usage:
        facts, problems = hourly_facts(usage)
        book = price_book(usage)
        pool = Pool(facts, held(usage.connection), book)
        document = spot(usage, settings, pool, spot_book(usage, book), problems)
    write(document, form, output)
    written(document, settings, write_to)
