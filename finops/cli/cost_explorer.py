"""finops ingest ce."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.cli.progress import say
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.aws import Door
    from finops.ingest.cost_explorer.account import Account
    from finops.ingest.cost_explorer.ask import Asker
    from finops.ingest.cost_explorer.plan import Plan
    from finops.ledger.load import Loaded

SOURCE = "ce"
DAYS = 90
MAX_REQUESTS = 50


@dataclass(frozen=True)
class Wanted:
    """The options of `finops ingest ce`."""

    days: int = DAYS
    max_requests: int = MAX_REQUESTS
    refresh: bool = False
    dry_run: bool = False
    profile: str | None = None


def ingest_cost_explorer(wanted: Wanted, db: Path | None, config: Path | None) -> None:
    """Say what Cost Explorer has to be asked and what that costs, ask it, and load what it answers.

    Raises UsageError when the limit of requests cannot be enough, before the first one is sent.
    """
    from finops.aws import open_door
    from finops.catalog import store_of
    from finops.config import db_path, load_settings, now, today
    from finops.ingest.cost_explorer.account import caller
    from finops.ingest.cost_explorer.ask import Asker
    from finops.ingest.cost_explorer.plan import plan
    from finops.ledger.cost_explorer_months import needed

    settings = load_settings(config)
    database = db_path(db)
    door = open_door(wanted.profile)
    account = caller(door)
    asked = plan(today(), wanted.days, settings.tags.required)
    asker = Asker(door.client("ce"), store_of(database), account.account, now, wanted.refresh)
    missing = needed(asked, asker)
    _announce(asked, account, missing, wanted)
    if wanted.dry_run:
        return
    if missing > wanted.max_requests:
        raise UsageError(
            f"{_plural(missing, 'request')} needed, the limit is {wanted.max_requests}; none was sent",
            f"--max-requests {wanted.max_requests}",
            f"--max-requests {missing} or more, or fewer --days",
        )
    door.calls.limits[SOURCE] = wanted.max_requests
    with _counted(door):
        _load(database, asked, asker, account, settings.ledger.keep_deliveries)


def _announce(asked: Plan, account: Account, missing: int, wanted: Wanted) -> None:
    newest, oldest = asked.spans[0].month, asked.spans[-1].month
    months = newest if newest == oldest else f"{oldest} to {newest}"
    last = asked.spans[0].end - timedelta(days=1)
    say(f"Cost Explorer, account {account.account}: {months}, by day up to {last}")
    if asked.limited:
        say("  it keeps the days of 14 months: what is older is left out")
    say(f"  each month by service with one of {', '.join(cut.dimensions[0] for cut in asked.cuts)}")
    if not missing:
        say("  every answer is on disk: nothing is asked")
        return
    on_disk = f" ({asked.requests - missing} more answers are on disk)" if missing < asked.requests else ""
    say(f"  {_plural(missing, 'request')}, USD {_price() * missing}{on_disk}")
    say(f"  USD {_price()} more for each further page of an answer; stops after {wanted.max_requests} (--max-requests)")


def _load(database: Path, asked: Plan, asker: Asker, account: Account, keep: int) -> None:
    from finops.ledger.cost_explorer import month_parts
    from finops.ledger.cost_explorer_months import months
    from finops.ledger.load import Failed, load

    loaded = 0
    found = months(asked, asker, account, lambda span: say(f"{span.month}: nothing was charged, nothing is loaded"))
    for result in load(database, found, parts=month_parts, keep=keep):
        if isinstance(result, Failed):
            raise result.error
        loaded += 1
        say(_told(result))
        for problem in result.problems:
            say(f"  note: {problem.message}")
    if not loaded:
        raise DataError("Cost Explorer has no cost in these months", f"account {account.account}", "more --days")


def _told(result: Loaded) -> str:
    from finops.cli.replaced import replaced

    one = result.delivery
    state = "final" if one.final else "estimated"
    what = f"{one.export} {one.period}: {one.rows:,} rows, {one.unblended:,.2f} {one.currency} unblended, {state}"
    if not result.bytes_read:
        return f"unchanged {what}"
    return f"loaded {what}{replaced(result)}"


@contextmanager
def _counted(door: Door) -> Iterator[None]:
    """Says in the end what was really asked, whatever happened."""
    try:
        yield
    finally:
        say(f"{_plural(door.calls.count(SOURCE), 'request')} sent to Cost Explorer, USD {door.calls.price():.2f}")


def _price() -> Decimal:
    from finops.aws import known_calls

    return known_calls()[SOURCE, "GetCostAndUsage"].price


def _plural(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"
