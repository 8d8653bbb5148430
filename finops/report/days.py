"""Cost by day, and which days are complete enough to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.ledger.journal import NEWEST_DAYS_OPEN
from finops.report.windows import Window

if TYPE_CHECKING:
    from finops.reader import Ledger

# AWS bills an hour up to a day late, each service on its own schedule: a day is complete when nearly all of
# its hours have been seen, and the newest days of an open month are not, whatever they show.
HOURS_OF_A_COMPLETE_DAY = 22


@dataclass(frozen=True)
class Day:
    """One UTC day: what its charges of at most a day cost, what longer ones that start on it cost."""

    day: date
    daily: Decimal
    longer: Decimal
    hours: int | None
    """Hours of the day in which a charge started; None where the export does not tell hours apart."""
    gap: str | None = None
    """Why the day is not complete; None when it is."""

    @property
    def total(self) -> Decimal:
        """Everything that starts on the day."""
        return self.daily + self.longer


def read_days(ledger: Ledger) -> list[Day]:
    """Every day the data cover, in order; a day without a charge is there too, at 0.

    How far the data reach, and how complete a day is, is told from all of the data, whatever `--where` leaves
    of them: a service that is new or gone is no gap. Lines longer than a day neither set the first nor the
    last day as long as there is any other line: a month's tax says nothing about how far it is delivered.
    """
    seen = {row["charge_day"]: row for row in ledger.rows(_SEEN)}
    reached = [day for day, row in seen.items() if row["daily_lines"]] or list(seen)
    if not reached:
        return []
    covered = Window(min(reached), max(reached) + timedelta(days=1))
    hours = {day: int(row["hours"]) for day, row in seen.items() if row["daily_lines"]}
    hourly = any(count >= HOURS_OF_A_COMPLETE_DAY for count in hours.values())
    open_days = _open_days(ledger, covered)
    costs = {row["charge_day"]: row for row in ledger.rows(days_sql(ledger))}
    return [
        Day(
            day,
            daily=Decimal(costs[day]["daily"] if day in costs else 0),
            longer=Decimal(costs[day]["longer"] if day in costs else 0),
            hours=hours.get(day, 0) if hourly else None,
            gap=_gap(day, hours.get(day), hourly, open_days),
        )
        for day in _asked(ledger, covered).days()
    ]


def days_sql(ledger: Ledger) -> str:
    """The query for the cost of each day."""
    return _COSTS.format(cost=ledger.cost)


def _asked(ledger: Ledger, covered: Window) -> Window:
    """The days of the data that were asked for."""
    start, end = covered.start, covered.end
    if ledger.ask.last or ledger.ask.start:
        start = max(start, ledger.start)
    if ledger.ask.last or ledger.ask.end:
        end = min(end, ledger.end)
    return Window(start, max(start, end))


def _gap(day: date, hours: int | None, hourly: bool, open_days: Window) -> str | None:
    if hours is None:
        return "no charge seen"
    if hourly and hours < HOURS_OF_A_COMPLETE_DAY:
        return f"{hours} of 24 hours seen"
    if day in open_days:
        return f"among the last {NEWEST_DAYS_OPEN} days of the data, charges still arrive"
    return None


def _open_days(ledger: Ledger, covered: Window) -> Window:
    """The newest days of the data; none when the month they are in is invoiced."""
    month = f"{covered.last:%Y-%m}"
    newest = [entry for entry in ledger.deliveries if entry["period"] == month]
    if newest and all(entry["final"] for entry in newest):
        return Window(covered.end, covered.end)
    return Window(covered.end - timedelta(days=NEWEST_DAYS_OPEN), covered.end)


_SEEN = """
select
    charge_day,
    coalesce(sum(line_items) filter (where not x_is_long), 0) as daily_lines,
    coalesce(bit_count(bit_or(hours_mask) filter (where not x_is_long)), 0) as hours
from all_daily_cost
group by charge_day
"""

_COSTS = """
select
    charge_day,
    coalesce(sum({cost}) filter (where not x_is_long), 0) as daily,
    coalesce(sum({cost}) filter (where x_is_long), 0) as longer
from daily_cost
group by charge_day
"""
