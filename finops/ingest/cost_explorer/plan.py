"""What is asked of Cost Explorer: one request per billing month and cut, known before any of them is sent."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

RECORD_TYPES = Path(__file__).with_name("record_types.csv")
METRICS = ("UnblendedCost", "NetUnblendedCost", "AmortizedCost", "NetAmortizedCost")
# GetCostAndUsage refuses days before that ("historical data beyond 14 months").
MONTHS_OF_DAYS = 14


@dataclass(frozen=True)
class Cut:
    """The same money grouped in one way: `folder` in a delivery, `dimensions` as --by calls them.

    `group_by` are the (type, key) pairs of GetCostAndUsage; a cut by a `tag` holds only what may carry one.
    """

    folder: str
    dimensions: tuple[str, ...]
    group_by: tuple[tuple[str, str], tuple[str, str]]
    tag: str | None = None

    @property
    def title(self) -> str:
        """What it groups by, in words."""
        return " and ".join(self.dimensions[:2])


CHARGES = Cut(
    "marts", ("line_item_type", "service", "charge_category"), (("DIMENSION", "SERVICE"), ("DIMENSION", "RECORD_TYPE"))
)
ACCOUNTS = Cut("cuts/account", ("account", "service"), (("DIMENSION", "SERVICE"), ("DIMENSION", "LINKED_ACCOUNT")))


@dataclass(frozen=True)
class Span:
    """The days asked of one billing month, half-open; `month` is YYYY-MM, `closed` when the month was over."""

    month: str
    start: date
    end: date
    closed: bool


@dataclass(frozen=True)
class Plan:
    """All requests: each span with each cut. `limited` says that days were left out that Cost Explorer has lost."""

    spans: tuple[Span, ...]
    cuts: tuple[Cut, ...]
    limited: bool = False

    @property
    def requests(self) -> int:
        """How many answers there are to be had; an answer of several pages is several requests."""
        return len(self.spans) * len(self.cuts)


def plan(today: date, days: int, tags: Sequence[str]) -> Plan:
    """The requests for the last `days` whole days before `today` (UTC), in whole billing months, newest first."""
    last = today - timedelta(days=1)
    first = min(last, _back(today, days)).replace(day=1)
    oldest = _oldest(today)
    spans = tuple(_spans(max(first, oldest), today))
    cuts = (CHARGES, ACCOUNTS, *(tag_cut(number, tag) for number, tag in enumerate(tags, start=1)))
    return Plan(spans, cuts, limited=first < oldest)


def tag_cut(number: int, tag: str) -> Cut:
    """The cut by one tag key, as AWS spells it."""
    return Cut(
        f"cuts/tag-{number}",
        (f"tag:{tag}", "service", "charge_category"),
        (("DIMENSION", "SERVICE"), ("TAG", tag)),
        tag,
    )


def request(span: Span, cut: Cut) -> dict[str, Any]:
    """The parameters of GetCostAndUsage without a page token."""
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": span.start.isoformat(), "End": span.end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": kind, "Key": key} for kind, key in cut.group_by],
    }
    if cut.tag is not None:
        # What can carry no tag is known from the cut by record type: left in here it would all count as untagged.
        asked["Filter"] = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(taggable_record_types())}}
    return asked


def canonical(asked: dict[str, Any]) -> str:
    """A request as one text that is the same for equal requests."""
    return json.dumps(asked, sort_keys=True, separators=(",", ":"))


@cache
def taggable_record_types() -> tuple[str, ...]:
    """The record types of charges that may carry a tag, in every spelling known."""
    with RECORD_TYPES.open(newline="", encoding="utf-8") as handle:
        return tuple(row["record_type"] for row in csv.DictReader(handle) if row["may_carry_tag"] == "true")


def _spans(first: date, today: date) -> Iterator[Span]:
    """Billing months from the one yesterday is in back to the one of `first`."""
    start = (today - timedelta(days=1)).replace(day=1)
    while start >= first:
        after = _month_after(start)
        # A day that is not over would be a day that costs less than the others.
        yield Span(f"{start:%Y-%m}", start, min(after, today), closed=after <= today)
        start = (start - timedelta(days=1)).replace(day=1)


def _oldest(today: date) -> date:
    """The first day of the oldest month of which Cost Explorer still has every day."""
    months = today.year * 12 + today.month - 1 - MONTHS_OF_DAYS
    start = date(months // 12, months % 12 + 1, 1)
    return start if today.day == 1 else _month_after(start)


def _back(today: date, days: int) -> date:
    return today - timedelta(days=min(days, (today - date(2000, 1, 1)).days))


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
