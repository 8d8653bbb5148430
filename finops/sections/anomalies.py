"""The anomalies of the report's days, with what caused them and whose they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from finops.anomalies.events import Event
from finops.anomalies.find import find_anomalies
from finops.anomalies.series import USAGE
from finops.output.report_words import cash, change_cell, day_cell, plural, span, text_cell
from finops.report.model import Block, Cell, Column, Section, Source, Table, Tone
from finops.report.sources import command, daily_sql
from finops.report.windows import Window
from finops.sections.case import Case

KEY, TITLE = "anomalies", "Anomalies"
_SHOWN = 12
_TONES: dict[str, Tone] = {"high": "up", "medium": "caution", "low": "", "info": "muted"}
_COLUMNS = (
    Column("cause", "Cause"),
    Column("start", "Since", "day"),
    Column("impact", "Beyond expected", "change"),
    Column("severity", "Severity"),
    Column("kind", "Kind"),
    Column("place", "Where"),
    Column("account", "Account", "code"),
    Column("owner", "Owner"),
    Column("evidence", "Evidence"),
)


def anomalies(case: Case) -> Section:
    """The events raised on the days from the first window of the report on, the dearest first."""
    first = case.facts.windows[-1].start
    end = case.facts.days[-1].day if case.facts.days else first
    found = find_anomalies(case.history, first, None)
    notes = tuple(f"{one.message[0].upper()}{one.message[1:]}." for one in found.unchecked)
    if found.judged is None:
        return Section(KEY, TITLE, notes or ("There is nothing to judge.",), state="failed")
    judged = f"{found.series:,} series of daily cost were judged, {_days(found.judged)}"
    if not found.events:
        return Section(KEY, TITLE, (f"{judged}; nothing left the ordinary.", *notes))
    currency, shown = case.facts.currency, found.events[:_SHOWN]
    total = sum((one.impact for one in found.events), Decimal(0))
    text = (
        f"{judged}; {plural(len(found.events), 'event')}, {cash(total, currency, sign=True)} against what was expected."
    )
    if len(found.events) > len(shown):
        text += f" The {len(shown)} dearest are shown; finops anomalies lists all of them."
    reach = Window(first, max(end, first))
    daily = daily_sql(case.history, ["service", "account"], reach, USAGE)
    source = Source(command(case.history, "anomalies", reach), daily)
    rows = tuple(_row(one, currency) for one in shown)
    table = Table("anomalies", "Anomalies, the dearest first", _COLUMNS, rows, source=source)
    return Section(KEY, TITLE, (text, *notes), (Block(table=table),))


def _days(judged: tuple[date, date]) -> str:
    return span(Window(*judged))


def _row(one: Event, currency: str) -> tuple[Cell, ...]:
    return (
        text_cell(one.cause),
        day_cell(one.start),
        change_cell(one.impact, currency),
        Cell(one.severity, one.severity, _TONES[one.severity]),
        text_cell(one.kind),
        text_cell(one.service or f"{one.level} {one.key}"),
        text_cell(one.account),
        text_cell(one.owner or "nobody known", "" if one.owner else "muted"),
        text_cell(one.evidence),
    )
