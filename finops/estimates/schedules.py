"""A monthly figure for so many hours a week, held against the hourly figure beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from finops.estimates.lines import Line, Note

WEEKS_A_MONTH = Decimal(52) / 12
_HALF = Decimal("0.5")


def check_schedules(lines: Sequence[Line]) -> Iterator[Note]:
    """A note for each monthly figure that its schedule and the hourly figure of the same table do not give."""
    for line in lines:
        if line.hours_a_week is None or line.unit != "month" or line.low is None:
            continue
        hourly = [one for one in lines if one.group == line.group and one.unit == "hour" and one.low is not None]
        if len(hourly) != 1:
            continue
        low, high = hourly[0].low, hourly[0].high
        if low is None or high is None or line.high is None:
            continue
        hours = line.hours_a_week * WEEKS_A_MONTH
        if high * hours < line.low - line.low_place * _HALF or low * hours > line.high + line.high_place * _HALF:
            text = f"{line.label}: {hours:.1f} hours at {hourly[0].figure} are {low * hours:.2f}, not {line.figure}"
            yield Note("schedule_disagrees", text, line.source_line)
