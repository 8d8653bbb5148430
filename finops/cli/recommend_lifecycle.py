"""finops recommend lifecycle."""

from __future__ import annotations

from finops.cli.options import ConfigFile, Db, ExportName, Format, Inventory, Output
from finops.cli.review import Existing, Write, written


def run(
    inventory: Inventory = None,
    write_to: Write = None,
    existing: Existing = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Advise storage classes and retention from what the bill says is stored, read and kept."""
    from finops.config import db_path, load_settings
    from finops.output import write
    from finops.recommend.lifecycle import lifecycle
    from finops.recommend.lifecycle_prices import StoragePrices
    from finops.usage import open_usage, price_book

    settings = load_settings(config)
    with open_usage(db_path(db), export) as usage:
        document = lifecycle(usage, StoragePrices.of(price_book(usage)), settings, inventory)
    write(document, form, output)
    written(document, settings, write_to, existing)
