"""finops db upgrade."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from finops.cli.options import ConfigFile, Db

if TYPE_CHECKING:
    from finops.ledger.upgrade import Remade


def run(db: Db = None, config: ConfigFile = None) -> None:
    """Make what another version of finops loaded anew, from the store alone."""
    from finops.cli.progress import say
    from finops.config import db_path
    from finops.ledger.upgrade import outdated

    database = db_path(db)
    if not outdated(database):
        say("everything here was loaded by this version of finops")
        return
    failed = upgraded(database)
    for one in failed[1:]:
        say("\n".join(_lines(one)).replace("error: ", "not made anew: ", 1))
    if failed and failed[0].error:
        raise failed[0].error


def upgraded(database: Path) -> list[Remade]:
    """Make anew what can be, say so, and return what could not be."""
    from finops.cli.progress import Progress, say
    from finops.ledger.upgrade import upgrade

    failed = []
    with Progress(0) as progress:
        for one in upgrade(database, progress.step, _say_backup):
            if one.error:
                failed.append(one)
            else:
                new = one.delivery
                sums = f"{new.rows:,} rows, {new.unblended:,.2f} {new.currency} unblended"
                say(f"made anew {new.export} {new.period}: {sums}")
    return failed


def _say_backup(path: Path) -> None:
    from finops.cli.progress import say

    say(f"the ledger as it was: {path}; remove its folder when all is well")


def _lines(one: Remade) -> list[str]:
    return one.error.lines() if one.error else []
