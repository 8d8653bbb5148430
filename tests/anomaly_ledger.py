"""A bill of three months in which one thing goes wrong at a time, held in memory as marts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from finops.config import Owners, Planned
from finops.reader import Ledger
from tests.report_ledger import SECOND, Line, Loaded, ledger, longer

FIRST, LAST = date(2026, 8, 1), date(2026, 10, 31)
RUNAWAY = date(2026, 10, 13)
TAGS = (("Project", "atlas"), ("Environment", "prod"), ("Owner", "web"), ("CostCenter", "CC-A-001"))
OWNERS = Owners(handles={"web": "@web-team"}, accounts={"200000000020": "@data-team"})


def steady(cost: str, first: date = FIRST, last: date = LAST, **values: object) -> list[Line]:
    """A line a day; weekends cost a fifth less."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [Line(day, _weekly(cost, day), **values) for day in days]  # type: ignore[arg-type]


def ordinary() -> list[Line]:
    """Two accounts, three services, and fees that come by the month."""
    lines = steady("100", tags=TAGS)
    lines += steady("40", x_service_code="AmazonRDS", resource_id="db-1", tags=TAGS)
    lines += steady("25", x_service_code="AmazonS3", resource_id="logs", **SECOND)
    return lines


def runaway(last: date = LAST) -> list[Line]:
    """A service that was never there before, from one day on."""
    return steady("90", RUNAWAY, last, x_service_code="AmazonSageMaker", resource_id="train", tags=TAGS)


def tagged_late() -> list[Line]:
    """A service whose tag is set from one day on: its cost stays what it was."""
    named = {"x_service_code": "AmazonECS", "resource_id": "svc"}
    before = steady("80", FIRST, RUNAWAY - timedelta(days=1), **named)
    return [*before, *steady("80", RUNAWAY, LAST, **named, tags=(("Project", "borea"),))]


def monthly_fees() -> list[Line]:
    """Support on day 1, and tax in the middle of a month."""
    fees = [longer(date(2026, month, 1), "900", "AWSSupport", "Fee") for month in (9, 10)]
    return [*fees, longer(date(2026, 10, 9), "5000", "AmazonEC2", "Tax")]


def bill(lines: Iterable[Line], planned: tuple[Planned, ...] = ()) -> Ledger:
    """The open ledger; October is not invoiced yet, so that its last days may not be whole."""
    held = ledger(lines, Loaded(final={"2026-08": True, "2026-09": True}))
    deliveries = [{**one, "note": ""} for one in held.deliveries]
    settings = replace(held.settings, owners=OWNERS, planned=planned)
    return replace(held, settings=settings, deliveries=deliveries, final=False)


def _weekly(cost: str, day: date) -> str:
    return str(round(float(cost) * (0.8 if day.weekday() > 4 else 1.0), 4))
