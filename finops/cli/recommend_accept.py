"""finops recommend accept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, Inventory
from finops.cli.progress import say

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of advice, or their beginnings.")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, by whom, where it is tracked.")]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day from which on it should save; today.")]


def run(
    advice: Ids,
    note: Note = "",
    on: On = None,
    inventory: Inventory = None,
    export: ExportName = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Accept advice: keep what it promises and what the bill shows before, to hold later bills against it."""
    from finops.config import db_path, load_settings
    from finops.output.values import money
    from finops.recommend.accepted.ledger import accept
    from finops.recommend.accepted.promise import Acceptance, promises
    from finops.usage import open_usage

    settings, database, asked = load_settings(config), db_path(db), Acceptance(advice, _day(on), note)
    entries = promises(lambda: open_usage(database, export), settings, asked, inventory)
    accept(database, entries)
    for one in entries:
        promised = "no figure" if one.promised is None else f"{money(one.promised)} {one.currency} a month"
        before = one.baseline
        seen = (
            f"; before: {money(before.cost)} a day over {before.days} days up to {before.end}" if before.lines else ""
        )
        say(f"accepted from {one.accepted_on} on: {one.action}")
        say(f"promised: {promised}{seen}")
        print(one.id)


def _day(text: str | None) -> date:
    from finops.config import today
    from finops.errors import UsageError

    if text is None:
        return today()
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is not a day", "--on", "write it as 2026-11-01") from error
    if day > today():
        raise UsageError(f"{text} is still to come", "--on", "accept it on the day the change is made")
    return day
