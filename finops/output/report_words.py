"""How the report says dates, money and changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from finops.output.values import money, printable
from finops.report.compare import Compared
from finops.report.facts import ReportFacts
from finops.report.model import Cell, Tone
from finops.report.month import Sums
from finops.report.replaced import Replaced
from finops.report.windows import Window, month_before

DAILY = "Daily charges"
LONGER = "Longer charges"

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_TO = "\N{EN DASH}"
_STATUS = {"new": "new", "gone": "gone"}
_PERCENT_SHOWN = Decimal("999.9")
_PERCENT = Decimal("0.0001")


def cash(value: Decimal, currency: str, sign: bool = False) -> str:
    """Money to the cent with its currency: `$1,234.50`, `-$0.20`, `CNY 12.00`; `sign` adds the plus."""
    text = money(abs(value))
    less = "<" if text.startswith("<") else ""
    minus = "-" if value < 0 and text != "0.00" else "+" if sign and value > 0 else ""
    return minus + less + symbol(currency) + text.removeprefix("<")


def symbol(currency: str) -> str:
    """What stands before an amount of a currency."""
    return _SYMBOLS.get(currency, f"{printable(currency)} " if currency else "")


def percent(value: Decimal | None) -> str:
    """A change in percent with its sign; what is beyond sense is called more than 999%."""
    if value is None:
        return "n/a"
    if abs(value) > _PERCENT_SHOWN:
        return f"{'-' if value < 0 else '+'}>999%"
    text = f"{value:+.1f}%"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text


def share(value: Decimal | None) -> str:
    """A part of a hundred; what is not all is never rounded up to all, nor what is not nothing to nothing."""
    if value is None:
        return "n/a"
    if 0 < value < Decimal("0.05"):
        return "<0.1%"
    if Decimal("99.95") <= value < 100:
        return ">99.9%"
    return f"{value:.1f}%"


def compared_percent(row: Compared) -> str:
    """The change in percent, or a word where that says less: `new`, `gone`."""
    return _STATUS.get(row.status) or percent(row.percent)


def span(window: Window) -> str:
    """The days of a window as a person says them: `19-25 October 2026`, with a longer dash."""
    first, last = window.start, window.last
    if first >= last:
        return f"{first.day} {first:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{_TO}{last.day} {last:%B %Y}"
    start = f"{first.day} {first:%B}" + (f" {first:%Y}" if first.year != last.year else "")
    return f"{start} {_TO} {last.day} {last:%B %Y}"


def short_span(window: Window) -> str:
    """The same in few letters, for the axis of a picture: `19-25 Oct`, `28 Sep-4 Oct`, `Sep 2026`."""
    first, last = window.start, window.last
    if _is_whole_month(window):
        return f"{first:%b %Y}"
    if first >= last:
        return f"{first.day} {first:%b}"
    start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
    return f"{start}{_TO}{last.day} {last:%b}"


def window_name(window: Window) -> str:
    """A whole calendar month by its name, anything else by its days."""
    return f"{window.start:%B %Y}" if _is_whole_month(window) else span(window)


def day_name(day: date) -> str:
    """`Mon 19 Oct`."""
    return f"{day:%a} {day.day} {day:%b}"


def unit(facts: ReportFacts) -> str:
    """`week` or `month`."""
    return "week" if facts.cadence == "weekly" else "month"


def those_before(facts: ReportFacts) -> str:
    """`the 4 weeks before`, `the week before`."""
    count = len(facts.before)
    return f"the {unit(facts)} before" if count == 1 else f"the {count} {unit(facts)}s before"


def _is_whole_month(window: Window) -> bool:
    return window.start.day == 1 and window == month_before(window.end)


def mean_before(facts: ReportFacts) -> str:
    """`the mean of the 4 weeks before`; of one week there is no mean."""
    return those_before(facts) if len(facts.before) == 1 else f"the mean of {those_before(facts)}"


def delivered_anew(one: Replaced, currency: str) -> str:
    """What a newer delivery of a period changed, in one sentence."""
    if one.difference is None or one.restated is None:
        return f"{_month(one)} was delivered anew; what changed cannot be told in this metric."
    text = f"{_month(one)} was delivered anew: {cash(one.difference, currency, sign=True)} against the delivery before"
    restated = f"{cash(one.restated, currency, sign=True)} of it on days that were complete"
    part = restated if one.moved else "all of it charges that came since"
    return f"{text}, {part}; finops status --changes --period {one.period} lists it."


def restated(one: Replaced, currency: str) -> str:
    """What was reported before and has changed, in one sentence."""
    place = printable(f"{one.service} in {one.account}")
    return (
        f"{_month(one)} was restated: {cash(one.restated or Decimal(0), currency, sign=True)} on days that the "
        f"delivery before had complete, the largest part {place} ({cash(one.most, currency, sign=True)})."
    )


def _month(one: Replaced) -> str:
    return f"{date.fromisoformat(f'{one.period}-01'):%B %Y}"


def open_days(held: Sums) -> str:
    """`2 of 7 days not complete`."""
    return f"{len(held.open_days)} of {plural(held.window.length, 'day')} not complete"


def finality(final: bool | None) -> str:
    """Said beside every headline figure."""
    return {True: "final", False: "estimated", None: "finality unknown"}[final]


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 day`, `2 days`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def text_cell(value: str | None, tone: Tone = "") -> Cell:
    """Text from the bill, with its control characters written out."""
    return Cell(printable(value or ""), value, tone)


def money_cell(value: Decimal | None, currency: str, tone: Tone = "") -> Cell:
    """Money to the cent; the exact amount is kept for whoever points at it."""
    return unknown_cell() if value is None else Cell(cash(value, currency), value, tone)


def change_cell(value: Decimal | None, currency: str) -> Cell:
    """A difference, with its sign."""
    return unknown_cell() if value is None else Cell(cash(value, currency, sign=True), value, direction(value))


def percent_cell(row: Compared) -> Cell:
    """A change in percent, or `new` and `gone`."""
    exact = row.percent.quantize(_PERCENT) if row.percent is not None else None
    return Cell(compared_percent(row), exact, direction(row.change or Decimal(0)))


def share_cell(value: Decimal | None) -> Cell:
    """A part of a hundred."""
    return unknown_cell() if value is None else Cell(share(value), value.quantize(_PERCENT))


def count_cell(count: int) -> Cell:
    """A whole number."""
    return Cell(f"{count:,}", count)


def day_cell(day: date) -> Cell:
    """A day, for people with its weekday."""
    return Cell(day_name(day), day)


def unknown_cell() -> Cell:
    """What there is no figure for."""
    return Cell("n/a", tone="muted")


def direction(value: Decimal) -> Tone:
    """Up or down."""
    return "up" if value > 0 else "down" if value < 0 else ""
