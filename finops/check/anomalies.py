"""Did daily cost leave what its own past explains, in the newest days?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.anomalies.events import Event
from finops.anomalies.find import Found, find_anomalies
from finops.anomalies.levels import asked_by, is_whole
from finops.check.case import Case
from finops.check.result import Result, unchecked
from finops.errors import DataError

if TYPE_CHECKING:
    from finops.reader import Ledger

# A run a day sees each event while it is new; a week lets some runs fail.
DAYS = 7
_NEXT = "finops anomalies"


def anomalies(case: Case) -> Iterator[Result]:
    """One result per event that was detected in the last days of the data."""
    with _with_history(case) as ledger:
        currency = ledger.currency
        found = find_anomalies(ledger, ledger.end - timedelta(days=DAYS), None)
    if found.judged is None:
        yield _not_judged(found)
        return
    yield from (_told(event, currency) for event in found.events)
    first, last = found.judged
    if not any(_breaks(event) for event in found.events):
        span = f"{first} to {last - timedelta(days=1)}"
        yield Result("anomaly", "daily cost", "ok", f"nothing unexpected in {found.series:,} series, {span}")
    for one in found.unchecked:
        yield Result("anomaly", one.where or one.code, "notice", one.message)


@contextmanager
def _with_history(case: Case) -> Iterator[Ledger]:
    with case.ledger() as ledger:
        whole = is_whole(ledger)
    with case.ledger(by=asked_by(case.settings) if whole else None) as ledger:
        yield ledger


def _not_judged(found: Found) -> Result:
    why = found.unchecked[-1]
    return unchecked("anomaly", DataError(why.message, why.where or None, "load more days"), "daily cost")


def _breaks(event: Event) -> bool:
    """What costs less than expected is told and fails nothing."""
    return event.severity != "info" and event.impact > 0


def _told(event: Event, currency: str) -> Result:
    breaks = _breaks(event)
    return Result(
        "anomaly",
        f"{event.level} {event.key}".rstrip(),
        "breach" if breaks else "notice",
        f"{event.kind} since {event.start}, {event.severity}: {event.impact:+,.2f} {currency}; {event.cause}",
        value=f"{event.actual:,.2f} {currency}",
        limit=f"{event.expected:,.2f} {currency} expected",
        impact=event.impact if breaks else Decimal(0),
        owner=event.owner,
        finding=event.id,
        next_step=_NEXT if breaks else "",
    )
