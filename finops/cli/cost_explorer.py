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
    from finops.config import db_path, load_settings, now, today
    from finops.ingest.cost_explorer.account import caller
    from finops.ingest.cost_explorer.ask import Asker
    from finops.ingest.cost_explorer.plan import plan

    required = load_settings(config).tags.required
    database = db_path(db)
    door = open_door(wanted.profile)
    account = caller(door)
    asked = plan(today(), wanted.days, required)
    asker = Asker(door.client("ce"), _store(database), account.account, now, now(), wanted.refresh)
    needed = _missing(asked, asker)
    _announce(asked, account, needed, wanted)
    if wanted.dry_run:
        return
    if needed > wanted.max_requests:
        raise UsageError(
            f"{needed} requests are needed, {wanted.max_requests} is the limit; none was sent",
            f"--max-requests {wanted.max_requests}",
            f"--max-requests {needed} or more, or fewer --days",
        )
    door.calls.limits[SOURCE] = wanted.max_requests
    with _counted(door):
        _load(database, asked, asker, account)


def _store(database: Path) -> Path:
    from finops.catalog import store_of

    return store_of(database)


def _missing(asked: Plan, asker: Asker) -> int:
    """How many answers are not whole on disk: each is a request at least."""
    held = [asker.held(span, cut) for span in asked.spans for cut in asked.cuts]
    return sum(answer is None or not answer.complete for answer in held)


def _announce(asked: Plan, account: Account, needed: int, wanted: Wanted) -> None:
    months = sorted(span.month for span in asked.spans)
    last = asked.spans[0].end - timedelta(days=1)
    say(f"Cost Explorer of account {account.account}: {months[0]} to {months[-1]}, by day up to {last}")
    if asked.limited:
        say("note: Cost Explorer keeps the days of 14 months; what is older is left out")
    say(f"each month by {'; '.join(cut.title for cut in asked.cuts)}")
    on_disk = f"{asked.requests} answers, {asked.requests - needed} of them on disk"
    if not needed:
        say(f"{on_disk}: no request")
        return
    say(f"{on_disk}: {needed} requests, USD {_price() * needed} (USD {_price()} each, and each further page of an answer)")
    say(f"stops before request {wanted.max_requests + 1} (--max-requests)")


def _load(database: Path, asked: Plan, asker: Asker, account: Account) -> None:
    from finops.ledger.cost_explorer import month_parts
    from finops.ledger.cost_explorer_months import months
    from finops.ledger.load import Failed, load

    loaded = 0
    found = months(asked, asker, account, lambda span: say(f"{span.month}: nothing was charged, nothing is loaded"))
    for result in load(database, found, parts=month_parts):
        if isinstance(result, Failed):
            raise result.error
        loaded += 1
        say(_told(result))
        for problem in result.problems:
            say(f"  note: {problem.message}")
    if not loaded:
        raise DataError("Cost Explorer has no cost in these months", f"account {account.account}", "more --days")


def _told(result: Loaded) -> str:
    one = result.delivery
    state = "final" if one.final else "estimated"
    what = f"{one.export} {one.period}: {one.rows:,} rows, {one.unblended:,.2f} {one.currency} unblended, {state}"
    if not result.bytes_read:
        return f"unchanged {what}"
    return f"loaded {what}" + (f"; replaces {result.replaced}" if result.replaced else "")


@contextmanager
def _counted(door: Door) -> Iterator[None]:
    """Says in the end what was really asked, whatever happened."""
    try:
        yield
    finally:
        say(f"requests to Cost Explorer: {door.calls.count(SOURCE)}, USD {door.calls.price():.2f}")


def _price() -> Decimal:
    from finops.aws import known_calls

    return known_calls()[SOURCE, "GetCostAndUsage"].price
