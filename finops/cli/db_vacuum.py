"""finops db vacuum."""

from __future__ import annotations

from finops.cli.options import ConfigFile, Db


def run(db: Db = None, config: ConfigFile = None) -> None:
    """Remove what no delivery owns any more, and write the catalog anew."""
    from finops.cli.progress import say
    from finops.config import db_path
    from finops.ledger.vacuum import vacuum

    database = db_path(db)
    done = vacuum(database)
    say(f"{database}: {done.before:,} bytes before, {done.after:,} after, {done.before - done.after:,} freed")
