"""finops recommend claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Format, Output

Documents = Annotated[
    list[Path] | None, typer.Argument(metavar="[DOC]", help="Documents; without any, those the settings name.")
]


def run(
    docs: Documents = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Hold savings that documents claim against the bill's own rates, with file and line."""
    from finops.config import db_path, load_settings
    from finops.estimates.file import SUFFIX
    from finops.estimates.text import read_text
    from finops.output import write
    from finops.recommend.claims import claims_of
    from finops.recommend.claims_found import Bill
    from finops.recommend.claims_held import claims_held
    from finops.recommend.hours import complete_span
    from finops.recommend.waste_facts import used
    from finops.usage import open_usage, price_book
    from finops.variance.promises import documents
    from finops.variance.reading import named

    settings = load_settings(config)
    texts = [read_text(path) for path in named(docs or ()) or documents(settings) if path.suffix != SUFFIX]
    found = [claim for text in texts for claim in claims_of(text)]
    with open_usage(db_path(db), export) as usage:
        span = complete_span(usage.deliveries)
        bill = Bill(usage, price_book(usage), used(usage, settings, span))
        write(claims_held(found, bill, span), form, output)
