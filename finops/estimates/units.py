"""What a figure is for: a stretch of time, or a thing (`/GB`), which makes it a unit price."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_WORDS = {
    "hour": ("hour", "hr", "h", "hourly", "hours"),
    "day": ("day", "d", "daily", "days"),
    "week": ("week", "wk", "w", "weekly"),
    "month": ("month", "mo", "mth", "mon", "monthly", "months"),
    "year": ("year", "yr", "y", "yearly", "annual", "annually", "annum", "years"),
    "once": ("once", "one-time", "one-off", "onetime", "upfront", "setup"),
}
UNIT_OF = {word: unit for unit, words in _WORDS.items() for word in words}

# AWS prices a month at 730 hours; a year has twelve of them.
HOURS = {"hour": Decimal(1), "day": Decimal(24), "week": Decimal(168), "month": Decimal(730), "year": Decimal(8760)}

_ADVERB = r"hourly|daily|weekly|monthly|yearly|annually|one-time|one-off|once|upfront|p\.\s?a\."
_AFTER = re.compile(
    rf"""\s*(?:(?:/|\bper\b|\beach\b)\s*(?P<per>(?:[0-9][0-9.,]*\s?[kKmM]?[ ]?)?[^\W\d_][\w-]*)
        |\ban?\s+(?P<article>hour|day|week|month|year)\b
        |(?P<adverb>(?:{_ADVERB})(?!\w))
        |(?P<product>[*\u00d7x]\s*[0-9][0-9.,]*))\.?""",
    re.VERBOSE | re.IGNORECASE,
)
_SCHEDULE = re.compile(
    r"\b(?P<hours>[0-9]+(?:\.[0-9]+)?)\s*(?:h|hrs?|hours?)\b\s*(?:\w+\s*)?(?:/|per\b|an?\b)\s*(?P<unit>day|week|month)\b",
    re.IGNORECASE,
)
_WEEKDAYS = re.compile(r"week-?days|business days|mon(?:day)?\s*[-\u2013]\s*fri(?:day)?", re.IGNORECASE)
_NAMED_UNIT = re.compile(
    r"\b(hourly|daily|weekly|monthly|annual|annually|yearly|one-time|one-off|upfront|setup)\b"
    r"|(?:/|\bper\b|\ban?\b)\s*(hour|hr|h|day|week|wk|month|mo|mth|year|yr)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Per:
    """What stands behind a figure: its unit of time if any, the thing it is the price of if any, where it ends."""

    unit: str | None
    thing: str | None
    end: int


def read_per(text: str, start: int) -> Per:
    """Read `/month`, `per GB-month`, `/hour`, `monthly` behind a figure that ends at `start`."""
    unit: str | None = None
    thing: str | None = None
    at = start
    while found := _AFTER.match(text, at):
        word = (found["per"] or found["article"] or found["adverb"] or found["product"]).strip().lower()
        time = UNIT_OF.get(word) or ("year" if word.startswith("p.") else None)
        if time and unit is None:
            unit = time
        else:
            thing = thing or word
            unit = unit or _inner_unit(word)
        at = found.end()
    return Per(unit, thing, at)


def unit_in(text: str) -> str | None:
    """The unit of time a heading names: `Monthly Cost (USD)`, `Cost/hr`; None when none or several do.

    A bare `day` or `month` is none: `Day 1 costs` are not costs per day.
    """
    words = [word.lower() for pair in _NAMED_UNIT.findall(text.replace("_", " ")) for word in pair if word]
    units = {UNIT_OF[word] for word in words if word in UNIT_OF}
    return units.pop() if len(units) == 1 else None


def hours_a_week(text: str) -> Decimal | None:
    """Hours in a week that a schedule names: `2h demo/week`, `8 hours per day`; None when there is none."""
    found = _SCHEDULE.search(text)
    if not found:
        return None
    hours = Decimal(found["hours"])
    if found["unit"].lower() == "day":
        return hours * (5 if _WEEKDAYS.search(text) else 7)
    return hours if found["unit"].lower() == "week" else hours * 12 / 52


def _inner_unit(word: str) -> str | None:
    """`gb-month` is a thing for a month."""
    return UNIT_OF.get(word.rpartition("-")[2]) if "-" in word else None
