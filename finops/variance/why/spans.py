"""The two spans of days a change is taken between: which they are, and how much of them is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.errors import DataError, UsageError
from finops.report.days import Day, read_days
from finops.report.windows import Window, month_before

if TYPE_CHECKING:
    from finops.reader import Ledger

PREVIOUS = "previous"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LAST = re.compile(r"([1-9]\d{0,3})([dwm])")
_FORMS = f"{PREVIOUS}, 2026-08, 2026-08-01..2026-09-01 (the day after the last one) or estimates"
_DAY = timedelta(days=1)
_NAMED_DAYS = 3


@dataclass(frozen=True)
class Span:
    """Some days; with `period` only the lines of that billing period (YYYY-MM) on them.

    `whole` says whether a period has all of its days: then it is its lines on whatever day they start. `title` is what
    is held against, where that are not the lines of these days.
    """

    days: Window
    period: str | None = None
    whole: bool = False
    title: str = ""

    @property
    def name(self) -> str:
        """The billing period, or the day, or the first and the last one."""
        if self.period and self.whole:
            return self.period
        if self.title:
            return self.title
        first, last = self.days.start, self.days.last
        return f"{first}" if first == last else f"{first} to {last}"

    @property
    def month_days(self) -> int:
        """How many days the month of the period has; 0 without one."""
        return _month(self.period, "").days.length if self.period else 0

    def sql(self) -> str:
        """The condition on rows of a mart `facts`; made of dates and a month, never of typed text."""
        inside = f"facts.charge_day >= date '{self.days.start}' and facts.charge_day < date '{self.days.end}'"
        if self.period is None:
            return inside
        month = f"facts.billing_period = '{self.period}'"
        return month if self.whole else f"{month} and {inside}"


@dataclass(frozen=True)
class Asked:
    """The words of the verb: at most one of `period`, `last` and `start`/`end`, and what it is held against."""

    period: str | None = None
    last: str | None = None
    start: date | None = None
    end: date | None = None
    against: str | None = None


@dataclass(frozen=True)
class Spans:
    """Two spans and what to say of their days."""

    before: Span
    after: Span
    problems: tuple[Problem, ...] = ()


def spans(ledger: Ledger, asked: Asked) -> Spans:
    """The spans asked for; of a later one that is not over, the complete days, and as many of the earlier one.

    Raises UsageError for words that do not fit together, DataError when a span has no complete day.
    """
    days = read_days(ledger)
    complete = [day.day for day in days if not day.gap]
    if not complete:
        raise DataError("no day of the data is complete", fix="ingest a newer delivery")
    after = _later(asked, max(complete))
    before = _earlier(asked.against or PREVIOUS, after, asked.last)
    if before.days.end > after.days.start and before.days.start < after.days.end:
        raise UsageError(f"{before.name} and {after.name} have days in common", "--against", _FORMS)
    cut = _cut(after, max(complete) + _DAY)
    if cut != after:
        before = _cut(before, before.days.start + timedelta(days=cut.days.length))
    for one in (cut, before):
        if not any(day in one.days for day in complete):
            raise DataError(f"no day of {one.name} is complete", _loaded(days), "another --period or --against")
    return Spans(before, cut, tuple(_notes(after, cut, before, days)))


def _later(asked: Asked, newest: date) -> Span:
    if sum([bool(asked.period), bool(asked.last), bool(asked.start or asked.end)]) > 1:
        raise UsageError("--period, --last and --from/--to exclude each other", fix="use one of them")
    if asked.last:
        return Span(_last(asked.last, newest + _DAY))
    if asked.start or asked.end:
        return Span(_between(asked.start, asked.end))
    return _month(asked.period or f"{newest:%Y-%m}", "--period")


def _between(start: date | None, end: date | None) -> Window:
    if start is None or end is None:
        raise UsageError("--why needs both --from and --to", fix="--from 2026-10-01 --to 2026-10-15")
    if start >= end:
        raise UsageError(f"--from {start} is not before --to {end}", fix="--to is the day after the last one")
    return Window(start, end)


def _month(text: str, option: str) -> Span:
    if not _MONTH.fullmatch(text):
        raise UsageError(f"{text} is no month", option, "YYYY-MM, for example 2026-10")
    start = date.fromisoformat(f"{text}-01")
    return Span(Window(start, (start + timedelta(days=31)).replace(day=1)), text, whole=True)


def _last(text: str, end: date) -> Window:
    """The last whole days, weeks (Monday to Sunday) or months that end at or before `end`."""
    found = _LAST.fullmatch(text.strip().lower())
    if not found:
        raise UsageError(f"--last {text} is no span", fix="--last 4w, --last 30d or --last 3m")
    count, unit = int(found[1]), found[2]
    if unit == "m":
        return _months_before(end.replace(day=1), count)
    last = end - timedelta(days=end.weekday()) if unit == "w" else end
    return Window(last - timedelta(days=count * (7 if unit == "w" else 1)), last)


def _months_before(end: date, count: int) -> Window:
    start = end
    for _ in range(count):
        start = month_before(start).start
    return Window(start, end)


def _earlier(against: str, after: Span, last: str | None) -> Span:
    if _MONTH.fullmatch(against):
        return _month(against, "--against")
    first, dots, end = against.partition("..")
    if dots:
        try:
            return Span(_between(date.fromisoformat(first), date.fromisoformat(end)))
        except ValueError as error:
            raise UsageError(f"{against} are no days", "--against", _FORMS) from error
    if against != PREVIOUS:
        raise UsageError(f"nothing to hold the days against: {against}", "--against", _FORMS)
    start = after.days.start
    if after.period:
        return _month(f"{month_before(start).start:%Y-%m}", "--against")
    found = _LAST.fullmatch(last.strip().lower()) if last else None
    if found and found[2] == "m":
        return Span(_months_before(start, int(found[1])))
    return Span(Window(start - timedelta(days=after.days.length), start))


def _cut(span: Span, end: date) -> Span:
    """The span up to `end`."""
    if end >= span.days.end:
        return span
    return replace(span, days=Window(span.days.start, max(end, span.days.start)), whole=False)


def _notes(asked: Span, after: Span, before: Span, days: Sequence[Day]) -> Iterator[Problem]:
    if after != asked:
        text = f"{after.days.length} of {asked.days.length} days of {asked.name} are complete; only they are compared"
        yield Problem("days_known", text, f"up to {after.days.last}")
    if after.days.length != before.days.length:
        text = (
            f"{after.days.length} days are held against {before.days.length}; "
            "what the difference makes is the effect days"
        )
        yield Problem("unequal_days", text, f"{after.name} and {before.name}")
    for span in (before, after):
        yield from _gaps(span, {day.day: day.gap for day in days})


def _gaps(span: Span, known: dict[date, str | None]) -> Iterator[Problem]:
    found = [(day, known.get(day, "not in the data")) for day in span.days.days()]
    gaps = [f"{day} ({why})" for day, why in found if why]
    if gaps:
        named = ", ".join(gaps[:_NAMED_DAYS]) + (", ..." if len(gaps) > _NAMED_DAYS else "")
        text = f"{len(gaps)} of {span.days.length} days are not complete: {named}"
        yield Problem("incomplete_days", text, span.name)


def _loaded(days: Sequence[Day]) -> str:
    return f"the data reach from {days[0].day} to {days[-1].day}"
