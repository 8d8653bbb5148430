"""Everything the cost report says, computed: sums and differences of the marts, no words, no rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.availability import cost_explorer_tag_notes, virtual_notes
from finops.catalog import Problem
from finops.dimensions import Dimension, dimension, parse_by
from finops.document import Basis, basis_of
from finops.errors import UsageError
from finops.report.compare import Compared, Ranking, added, compare, compare_sql, rank
from finops.report.days import Day, days_sql, read_days
from finops.report.gaps import GapWork, gap_work
from finops.report.model import Source
from finops.report.month import MonthToDate, Sums, month_to_date, sums
from finops.report.replaced import Replaced, replaced
from finops.report.sources import source
from finops.report.tags import Gaps, TagSpend, biggest_gaps, coverage_sql, gaps_sql, tag_spend
from finops.report.tied import Tied, tied, tied_source
from finops.report.windows import Cadence, Reach, Window, whole_windows

if TYPE_CHECKING:
    from finops.reader import Ledger

MOVERS_SHOWN = 8
MOVER_DIMENSIONS = ("service", "account")
ENVIRONMENT = "environment"


@dataclass(frozen=True)
class LongerLine:
    """Charges longer than a day that start in the window: how many lines of a type, and their cost."""

    line_item_type: str
    service: str
    lines: int
    cost: Decimal


@dataclass(frozen=True)
class ReportFacts:
    """The whole report. Money is exact, in `currency`, by `metric`; windows are half-open UTC days."""

    cadence: Cadence
    metric: str
    currency: str
    where: tuple[str, ...]
    now: Sums
    """The last whole week or month; all the days there are when `whole` is false."""
    whole: bool
    before: tuple[Sums, ...]
    """The windows it is held against, newest first; fewer, or none, when the data are younger."""
    days: tuple[Day, ...]
    """Every day from the first window to the end of the data."""
    month: MonthToDate
    spend: tuple[Ranking, ...]
    """Daily charges of the window by service, account and (where there are any) environment, the costliest first."""
    movers: tuple[Ranking, ...]
    """The same by size of the change; only rises when the window is not complete. Empty without a before."""
    longer: tuple[LongerLine, ...]
    tags: tuple[TagSpend, ...]
    gaps: Gaps
    gap_work: GapWork | None
    """None when no tag is required."""
    as_of: datetime | None
    final: bool | None
    """Whether the periods that the window's charges belong to are final; None where nobody can tell."""
    month_final: bool | None
    """The same of the month to date."""
    deliveries: tuple[Mapping[str, Any], ...]
    replaced: tuple[Replaced, ...]
    """Periods of these days that were delivered anew, and what changed."""
    problems: tuple[Problem, ...]
    basis: Basis
    sources: Mapping[str, Source]
    tied: tuple[Tied, ...]
    """Cost in the files of each delivery against cost in the marts."""
    """Where the numbers come from, by what they are: `days`, a dimension, `coverage` of a tag, `gaps`, `longer`."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The last window and those before it, newest first."""
        return (self.now.window, *(held.window for held in self.before))

    @property
    def headline(self) -> Compared:
        """Daily charges of the window against those before."""
        return Compared("", self.now.daily, tuple(held.daily for held in self.before))

    @property
    def per_day(self) -> Compared:
        """The same per day of each window: months differ in length."""
        return Compared("", self.now.per_day, tuple(held.per_day for held in self.before))

    @property
    def judged(self) -> bool:
        """Whether a fall may be called one: cost only grows while charges still arrive."""
        return not self.now.open_days


def build(ledger: Ledger, cadence: Cadence) -> ReportFacts:
    """The facts of a weekly or monthly report over an open ledger; reads the marts only.

    Without a whole week or month in the data the window is all the days there are, compared with nothing.
    """
    days = read_days(ledger)
    reach = _reach(ledger, days)
    month = month_to_date(days, reach)
    whole = whole_windows(cadence, reach)
    windows = whole or [reach.days]
    now, *before = (sums(days, window) for window in windows)
    by_key = {word: compare(ledger, dimension(word), windows) for word in MOVER_DIMENSIONS}
    by_environment, untold = _environments(ledger, windows)
    tags = ledger.settings.tags.required
    return ReportFacts(
        cadence=cadence,
        metric=ledger.ask.metric,
        currency=ledger.currency,
        where=tuple(ledger.ask.where),
        now=now,
        whole=bool(whole),
        before=tuple(before),
        days=tuple(day for day in days if day.day >= windows[-1].start),
        month=month,
        spend=tuple(
            rank(word, rows, lambda row: row.now, MOVERS_SHOWN) for word, rows in {**by_key, **by_environment}.items()
        ),
        movers=tuple(_movers(word, rows, not now.open_days) for word, rows in by_key.items() if before),
        longer=_longer_lines(ledger, windows[0]),
        tags=tuple(tag_spend(ledger, tag, windows) for tag in tags),
        gaps=biggest_gaps(ledger, tags, windows[0]),
        gap_work=gap_work(ledger, windows) if tags else None,
        as_of=ledger.as_of,
        final=_final(ledger, windows[0]),
        month_final=_final(ledger, month.so_far.window),
        deliveries=tuple(ledger.deliveries),
        problems=(*ledger.problems, *_tag_notes(ledger, tags), *_mixed(by_key, ledger), *untold),
        replaced=replaced(ledger, Window(windows[-1].start, max(windows[0].end, month.so_far.window.end))),
        basis=replace(basis_of(ledger), start=windows[0].start, end=windows[0].end),
        sources=_sources(ledger, windows, [*by_key, *by_environment], tags),
        tied=tied(ledger),
    )


def windows_of(ledger: Ledger, cadence: Cadence) -> list[Window]:
    """The windows of a report over an open ledger, newest first."""
    reach = _reach(ledger, read_days(ledger))
    return whole_windows(cadence, reach) or [reach.days]


def _environments(ledger: Ledger, windows: Sequence[Window]) -> tuple[dict[str, list[Compared]], list[Problem]]:
    """Cost by environment where there is any and the ledger was asked for it; what to say where it cannot be told."""
    if not ledger.settings.environments or ENVIRONMENT not in (one.word for one in parse_by(ledger.ask.by)):
        return {}, []
    try:
        return {ENVIRONMENT: compare(ledger, dimension(ENVIRONMENT), windows)}, []
    except UsageError as error:
        return {}, [Problem("environment_not_told", error.what, error.where or "")]


def _sources(ledger: Ledger, windows: Sequence[Window], words: Sequence[str], tags: Sequence[str]) -> dict[str, Source]:
    """The command and the query behind the numbers; a command lists the charges longer than a day as well."""
    now, of_all = windows[0], Window(windows[-1].start, windows[0].end)
    found = {"days": source(ledger, "spend", of_all, (days_sql(ledger), ()), ["day"])}
    for by in (*map(dimension, words), *(dimension(f"tag:{tag}") for tag in tags)):
        found[by.word] = _spend_source(ledger, by, windows)
    for tag in tags:
        found[f"coverage:{tag}"] = source(ledger, "tag-gaps", now, coverage_sql(ledger, tag, windows))
    if tags:
        found["gaps"] = source(ledger, "tag-gaps", now, gaps_sql(ledger, tags, now))
    longer = _LONGER.format(cost=ledger.cost), (now.start, now.end)
    found["longer"] = source(ledger, "spend", now, longer, ["line_item_type", "service"])
    return found | {"deliveries": Source("finops status", _CATALOG), "tied": tied_source()}


def _spend_source(ledger: Ledger, by: Dimension, windows: Sequence[Window]) -> Source:
    return source(ledger, "spend", windows[0], compare_sql(ledger, by, windows), [by.word])


def _tag_notes(ledger: Ledger, tags: Sequence[str]) -> list[Problem]:
    return [*cost_explorer_tag_notes(ledger, tags), *virtual_notes(ledger, tags)]


def _mixed(by_key: Mapping[str, Sequence[Compared]], ledger: Ledger) -> list[Problem]:
    """What to say where an account's longer charges could not be told from its daily ones."""
    service, account = (added(by_key[word]) for word in MOVER_DIMENSIONS)
    apart = [there - here for here, there in zip(_windows(service), _windows(account), strict=True)]
    if not any(apart):
        return []
    text = f"by account, {sum(apart):,.2f} {ledger.currency} of longer charges stand among the daily ones"
    return [Problem("longer_among_daily", f"{text}: Cost Explorer tells charges by account or by type, not by both")]


def _windows(row: Compared) -> tuple[Decimal, ...]:
    return (row.now, *row.before)


def _reach(ledger: Ledger, days: Sequence[Day]) -> Reach:
    months = frozenset(row["billing_period"] for row in ledger.rows(_LOADED))
    if not days:
        return Reach(Window(ledger.start, ledger.start), ledger.start, months)
    covered = Window(days[0].day, days[-1].day + timedelta(days=1))
    ended = min(covered.end, ledger.as_of.date()) if ledger.as_of else covered.end
    return Reach(covered, ended, months)


def _movers(word: str, rows: Sequence[Compared], falls_too: bool) -> Ranking:
    moved = [row for row in rows if row.change and (falls_too or row.change > 0)]
    return rank(word, moved, lambda row: abs(row.change or Decimal(0)), MOVERS_SHOWN)


def _longer_lines(ledger: Ledger, window: Window) -> tuple[LongerLine, ...]:
    rows = ledger.rows(_LONGER.format(cost=ledger.cost), [window.start, window.end])
    return tuple(
        LongerLine(row["line_item_type"], row["x_service_code"], int(row["lines"]), Decimal(row["cost"]))
        for row in rows
    )


def _final(ledger: Ledger, window: Window) -> bool | None:
    """Final when every period with a charge in the window is; unknown when one is and none is open."""
    rows = ledger.rows(_PERIODS, [window.start, window.end])
    periods = {row["billing_period"] for row in rows}
    states = {entry["final"] for entry in ledger.deliveries if entry["period"] in periods}
    if states == {True}:
        return True
    return False if False in states else None


_LONGER = """
select
    coalesce(x_line_item_type, charge_category) as line_item_type,
    x_service_code,
    sum(line_items) as lines,
    coalesce(sum({cost}), 0) as cost
from daily_cost
where x_is_long and charge_day >= ? and charge_day < ?
group by 1, 2
order by abs(coalesce(sum({cost}), 0)) desc, 1, 2
"""

_CATALOG = "select * from deliveries left join problems using (delivery_id) where state = 'current' order by period"
_LOADED = "select distinct billing_period from all_daily_cost"
_PERIODS = "select distinct billing_period from daily_cost where charge_day >= ? and charge_day < ?"
