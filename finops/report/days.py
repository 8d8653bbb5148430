"""Cost by day, and which days are complete enough to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.report.windows import Window

if TYPE_CHECKING:
    from finops.reader import Ledger

# AWS bills an hour up to a day late, each service on its own schedule: a day is complete when nearly all of
# its hours have been seen, and the newest days of an open month are not, whatever they show.
HOURS_OF_A_COMPLETE_DAY = 22
NEWEST_DAYS_OPEN = 2


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
    """Every day from the first to the last charge, in order; a day without a charge is there too, at 0.

    Lines longer than a day never set the first or the last day as long as there is any other line: a tax
    line of the whole month says nothing about how far the data reach.
    """
    rows = {row["charge_day"]: row for row in ledger.rows(_DAYS.format(cost=ledger.cost))}
    reached = [day for day, row in rows.items() if row["daily_lines"]] or list(rows)
    if not reached:
        return []
    covered = Window(min(reached), max(reached) + timedelta(days=1))
    hourly = any(row["hours"] >= HOURS_OF_A_COMPLETE_DAY for row in rows.values())
    open_days = _open_days(ledger, covered)
    return [_day(day, rows.get(day), hourly, open_days) for day in covered.days()]


def _day(day: date, row: dict[str, object] | None, hourly: bool, open_days: Window) -> Day:
    hours = int(str(row["hours"])) if row else 0
    gap = None
    if row is None:
        gap = "no charge seen"
    elif hourly and hours < HOURS_OF_A_COMPLETE_DAY:
        gap = f"{hours} of 24 hours seen"
    elif day in open_days:
        gap = f"among the last {NEWEST_DAYS_OPEN} days of the data, charges still arrive"
    daily, longer = (row["daily"], row["longer"]) if row else (0, 0)
    return Day(day, Decimal(str(daily)), Decimal(str(longer)), hours if hourly else None, gap)


def _open_days(ledger: Ledger, covered: Window) -> Window:
    """The newest days of the data; none when the month they are in is invoiced and its manifest complete."""
    month = f"{covered.last:%Y-%m}"
    newest = [entry for entry in ledger.deliveries if entry["period"] == month]
    if newest and all(entry["final"] and entry["vouched"] for entry in newest):
        return Window(covered.end, covered.end)
    return Window(covered.end - timedelta(days=NEWEST_DAYS_OPEN), covered.end)


_DAYS = """
select
    charge_day,
    coalesce(sum({cost}) filter (where not x_is_long), 0) as daily,
    coalesce(sum({cost}) filter (where x_is_long), 0) as longer,
    coalesce(sum(line_items) filter (where not x_is_long), 0) as daily_lines,
    coalesce(bit_count(bit_or(hours_mask) filter (where not x_is_long)), 0) as hours
from daily_cost
group by charge_day
"""
