"""finops db anonymise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db

Target = Annotated[Path, typer.Argument(metavar="FILE", help="The new database; its store comes to lie beside it.")]


def run(target: Target, db: Db = None, config: ConfigFile = None) -> None:
    """Write a database with the same costs under other names, for a report of a bug."""
    from finops.cli.progress import Progress, say
    from finops.config import db_path
    from finops.ledger.anonymise import anonymise

    with Progress(0) as progress:
        made = anonymise(db_path(db), target, lambda text: progress.step(text, 0))
    for one in made:
        say(f"wrote {one.export} {one.period}: {one.rows:,} rows, {one.unblended:,.2f} {one.currency} unblended")
    say("faked: accounts, resources, invoices, tag values, names of exports; left out: line items, descriptions, paths")
    say("kept: costs, days, regions, services, usage types, tag keys; look through them before you pass it on")
