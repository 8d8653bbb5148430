"""finops prices refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName
from finops.cli.progress import say

if TYPE_CHECKING:
    from finops.aws import Door
    from finops.price_wants import Wants
    from finops.prices import PriceRow

Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile with the credentials.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked; ask nothing.")]


def run(
    profile: Profile = None,
    dry_run: DryRun = False,
    export: ExportName = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Ask AWS for today's prices of what the bill uses, and keep them beside the database."""
    from finops.aws import open_door
    from finops.config import db_path, load_settings
    from finops.price_wants import wants
    from finops.prices.write import write_prices
    from finops.rates import rated_usage
    from finops.usage import open_usage

    load_settings(config)
    database = db_path(db)
    with open_usage(database, export) as usage:
        wanted = wants(rated_usage(usage.connection))
    _announce(wanted)
    if dry_run:
        return
    door = open_door(profile)
    with _counted(door):
        rows = [row for ask in _questions(door, wanted) for row in ask()]
    for path in write_prices(database, rows):
        say(f"wrote {path}")
    say(f"{len(rows):,} prices of today")


def _announce(wanted: Wants) -> None:
    from finops.prices.ask_plans import batches

    types = len({name for names in wanted.spot.values() for name in names})
    regions = f"{len(wanted.spot)} region{'' if len(wanted.spot) == 1 else 's'}"
    say(
        f"to ask, all of it free: list prices of {len(wanted.listed):,} usage types (a request or more each), "
        f"Savings Plans rates of {len(wanted.plans):,} ({len(batches(wanted.plans))} or more requests), "
        f"Spot prices of {types:,} instance types in {regions}"
    )


def _questions(door: Door, wanted: Wants) -> Iterator[Callable[[], Iterator[PriceRow]]]:
    from finops.config import now, today
    from finops.prices.ask_plans import plan_rates
    from finops.prices.ask_products import listed_prices
    from finops.prices.ask_spot import spot_prices

    yield lambda: listed_prices(door, wanted.listed, today())
    yield lambda: plan_rates(door, wanted.plans, today())
    yield lambda: spot_prices(door, wanted.spot, now())


@contextmanager
def _counted(door: Door) -> Iterator[None]:
    """Says in the end what was really asked, whatever happened."""
    try:
        yield
    finally:
        made = ", ".join(f"{count:,} {operation}" for (_, operation), count in sorted(door.calls.made.items()))
        say(f"sent: {made or 'nothing'}; USD {door.calls.price():.2f}")
