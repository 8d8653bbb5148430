"""finops db export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet.")]


def run(folder: Folder, db: Db = None, config: ConfigFile = None) -> None:
    """Write line items and marts of every current delivery as Parquet, with a manifest."""
    from finops.cli.progress import Progress, say
    from finops.config import db_path
    from finops.ledger.export import LINE_ITEMS, export

    with Progress(0) as progress:
        written = export(db_path(db), folder, lambda text: progress.step(text, 0))
    for one in written:
        if one.model == "period_totals":
            what = one.delivery
            lines = any(other.model == LINE_ITEMS and other.delivery is what for other in written)
            left_out = "" if lines else "; its line items are not kept, only the marts are written"
            sums = f"{what.rows:,} rows, {what.unblended:,.2f} {what.currency} unblended"
            say(f"wrote {what.export} {what.period}: {sums}{left_out}")
    say(f"{folder}: {len(written)} files and manifest.json; every sum was read back")
