"""finops recommend withdraw."""

from __future__ import annotations

from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db
from finops.cli.progress import say

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of accepted advice, or its beginning.")]


def run(advice: Id, db: Db = None, config: ConfigFile = None) -> None:
    """Take accepted advice back: later bills are not held against it any more."""
    from finops.config import db_path, load_settings, today
    from finops.recommend.accepted.ledger import withdraw

    load_settings(config)
    entry = withdraw(db_path(db), advice, today().isoformat())
    say(f"withdrawn: {entry.action}")
    print(entry.id)
