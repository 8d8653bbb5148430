"""What there is to tell: events that nobody was told of, and events that are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from finops.notify.ledger import Entry, still_open
from finops.notify.saved import REPORT, UNCHECKED, Event, Saved


@dataclass(frozen=True)
class News:
    """One message: `opened` are new, `over` are told for the last time, `still` counts what was told before.

    `position` counts the events that were ever told before it, `page` is the whole of it for a mail, if there is one.
    """

    command: str
    at: datetime
    opened: tuple[Event, ...]
    over: tuple[Entry, ...]
    still: int
    position: int
    link: str = ""
    page: str = ""

    def __bool__(self) -> bool:
        return bool(self.opened or self.over)

    @property
    def digest(self) -> str:
        """Whoever gets the same news twice gets the same digest: 32 hexadecimal digits."""
        parts = (self.command, str(self.position), *(one.id for one in self.opened), *(one.id for one in self.over))
        return sha256("\n".join(parts).encode()).hexdigest()[:32]


def news(saved: Saved, before: Sequence[Entry], at: datetime, link: str = "") -> News:
    """The news of a saved answer for those who were told `before`, the oldest first."""
    told = still_open(before)
    opened = {one.id: one for one in reversed(saved.open) if one.id not in told}
    over = tuple(one for one in told.values() if saved.is_over(one.check, one.id))
    # a report is told and done; it does not stay open
    still = 0 if saved.command == REPORT else len(told) - len(over)
    return News(saved.command, at, tuple(reversed(opened.values())), over, still, len(before), link, saved.page)


def headline(told: News) -> str:
    """One line that fits a phone: how many problems are new, how many nobody could check, how many are over.

    Of a report it is the title.
    """
    if told.command == REPORT and told.opened:
        return told.opened[0].title
    unchecked = sum(one.state == UNCHECKED for one in told.opened)
    new = len(told.opened) - unchecked
    counts = {
        f"{new} new problem{'s' * (new != 1)}": new,
        f"{unchecked} could not be checked": unchecked,
        f"{len(told.over)} resolved": len(told.over),
        f"{told.still} still open": told.still,
    }
    parts = [words for words, count in counts.items() if count]
    return f"finops {told.command}: {', '.join(parts)}"


def entries(told: News, channel: str) -> list[Entry]:
    """The lines of the ledger that say that this was told."""
    at = told.at.isoformat(timespec="seconds")
    opened = [Entry(at, channel, told.command, "open", one.id, one.check, one.title) for one in told.opened]
    return opened + [Entry(at, channel, told.command, "over", one.id, one.check, one.title) for one in told.over]
