"""All findings of the rules and the anomalies in one table, whatever each has of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.anomalies.events import RULE
from finops.anomalies.find import find_anomalies
from finops.anomalies.levels import asked_by, is_whole
from finops.availability import with_notes
from finops.catalog import Problem
from finops.config import today
from finops.config.settings import Settings
from finops.document import Basis, Column, Document, Rows, basis_of
from finops.gaps.causes import RULE as GAPS
from finops.gaps.residency import RULE as RESIDENCY
from finops.gaps.residency import find_elsewhere
from finops.reader import Ask, Ledger, days_asked, open_ledger
from finops.tag_gaps import find_gaps

if TYPE_CHECKING:
    from finops.anomalies.events import Event

COLUMNS = (
    Column("rule"),
    Column("cause"),
    Column("tag"),
    Column("account"),
    Column("region"),
    Column("service"),
    Column("resource_id"),
    Column("first_day"),
    Column("last_day"),
    Column("cost", "money"),
    Column("owner"),
    Column("suppressed"),
    Column("id"),
)
_COST = next(at for at, column in enumerate(COLUMNS) if column.name == "cost")


def findings(db: Path, settings: Settings, ask: Ask) -> Document:
    """Gaps of required tags and residency of what is asked, and the anomalies detected in it, dearest first."""
    with open_ledger(db, settings, ask) as opened:
        ledger = with_notes(opened)
        said = find_elsewhere(ledger, today())
        found = _rows(ledger, _ELSEWHERE)
        if settings.tags.required:
            said += find_gaps(ledger, "gap_rows")
            found += _rows(ledger, _GAPS)
        basis, problems = basis_of(ledger), [*ledger.problems, *said]
    events, unchecked = _anomalies(db, settings, ask)
    ordered = sorted([*found, *events], key=lambda row: (-row[_COST], row[0], row[-1]))
    return _document(basis, ordered, [*problems, *unchecked])


def _document(basis: Basis, rows: Sequence[Sequence[Any]], problems: Sequence[Problem]) -> Document:
    return Document(command="findings", basis=basis, rows=Rows.of(COLUMNS, rows), problems=problems)


def _rows(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    return ledger.connection.execute(sql).fetchall()


def _anomalies(db: Path, settings: Settings, ask: Ask) -> tuple[list[tuple[Any, ...]], Sequence[Problem]]:
    """The events detected on the days asked for; all days are read, because those before are the history."""
    all_days = replace(ask, period=None, last=None, start=None, end=None, by=None)
    with open_ledger(db, settings, all_days) as ledger:
        whole = is_whole(ledger)
    with open_ledger(db, settings, replace(all_days, by=asked_by(settings) if whole else None)) as ledger:
        found = find_anomalies(ledger, *days_asked(ledger, ask))
    return [_event(one) for one in found.events], found.unchecked


def _event(one: Event) -> tuple[Any, ...]:
    places, days = (one.account, one.region, one.service), (one.start, one.end - timedelta(days=1))
    return (RULE, one.cause, "", *places, "", *days, one.impact, one.owner, "", one.id)


_GAPS = f"""
select '{GAPS}', tag || ' ' || cause, tag, account, region, service, resource_id, first_seen, last_seen, cost, owner,
    suppressed, id
from gap_rows
"""
_ELSEWHERE = f"""
select '{RESIDENCY}', rule, '', account, region, service, resource_id, first_seen, last_seen, cost, '', suppressed, id
from residency_rows
"""
