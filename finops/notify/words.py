"""What is said of an event on every channel."""

from __future__ import annotations

from finops.notify.saved import UNCHECKED, Event
from finops.output.values import money, printable


def amount(event: Event) -> str:
    """How much is off, with the currency where one is known; that nobody could check; blank where neither is known."""
    if event.state == UNCHECKED:
        return UNCHECKED
    return f"impact {money(event.impact)} {event.currency}".rstrip() if event.impact else ""


def line(text: str) -> str:
    """Text of a bill on one line, with nothing in it that drives a terminal or ends a header."""
    return printable(" ".join(text.split()))


def more(shown: int, total: int) -> str:
    """How many there was no room for; blank when all are shown."""
    return f"and {total - shown} more" if total > shown else ""
