"""Advice by money: what to change, what it saves a month, how sure that is, and who would do it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.output.report_words import cash, money_cell, plural, text_cell
from finops.report.model import Block, Cell, Column, Section, Source, Table
from finops.sections.attempt import not_kept
from finops.sections.case import Case
from finops.sections.rows import rows_of

KEY, TITLE = "advice", "What could be saved"
_SHOWN = 15
# Advice reads every hour of the bill; beyond so many rows that takes longer than a report may wait.
MOST_ROWS = 2_000_000
_ZERO = Decimal(0)
_COLUMNS = (
    Column("action", "What to do"),
    Column("saving", "A month", "money"),
    Column("saving_in_sequence", "In sequence", "money"),
    Column("class", "How sure"),
    Column("owner", "Owner"),
    Column("account", "Account", "code"),
    Column("basis", "Basis"),
    Column("evidence", "Evidence"),
)


def advice(case: Case) -> Section:
    """All advice, what saves most in sequence first; those without a figure are counted."""
    if case.ask.as_of:
        return not_kept(KEY, TITLE)
    lines = sum(one["rows"] for one in case.estate.deliveries)
    if case.wanted.with_advice is False:
        return _left_out("It was not asked for: finops recommend lists it, finops report --advice has it here.")
    if KEY not in case.of_estate:
        case.of_estate[KEY] = _kept(case) or (_all(case) if case.wanted.with_advice or lines <= MOST_ROWS else None)
    if case.of_estate[KEY] is None:
        return _left_out(
            f"{lines:,} rows are more than a report waits for. Run finops recommend once: the reports after it have "
            "what it found, until the bill, the settings or the prices change."
        )
    rows, source = case.of_estate[KEY]
    return _section(case, [row for row in rows if _is_wanted(row, case)], source)


def _left_out(why: str) -> Section:
    return Section(KEY, TITLE, (why,), state="left out")


def _kept(case: Case) -> tuple[list[dict[str, Any]], Source] | None:
    """What `finops recommend` found before for the very same bill."""
    from finops.recommend.kept import kept

    found = kept(case.database, case.estate.settings, case.ask.export)
    return None if found is None else (found.rows, _source(found.loaded))


def _all(case: Case) -> tuple[list[dict[str, Any]], Source]:
    """All advice in sequence, what saves most in it first, and the query of what each resource used and cost."""
    from finops.recommend.everything import everything, in_one
    from finops.recommend.kept import keep
    from finops.usage import open_usage, price_book

    settings = case.estate.settings
    with open_usage(case.database, case.ask.export) as usage:
        found = everything(usage, settings, price_book(usage))
        document = in_one(usage, found, {})
        keep(usage, settings, document)
        return rows_of(document), _source(found.loaded)


def _source(loaded: tuple[datetime, datetime]) -> Source:
    from finops.recommend.waste_facts import used_query
    from finops.report.sources import written_out

    return Source("finops recommend", written_out(*used_query(*loaded)))


def _is_wanted(row: dict[str, Any], case: Case) -> bool:
    """Of an owner's report what is theirs."""
    owner = case.wanted.owner
    return owner is None or row["owner"] in (owner, case.estate.settings.owners.handles.get(owner, owner))


def _section(case: Case, rows: Sequence[dict[str, Any]], source: Source) -> Section:
    worth = [row for row in rows if (row["saving"] or 0) > 0]
    currency, shown = case.facts.currency, worth[:_SHOWN]
    without = sum(1 for row in rows if row["saving"] is None)
    text = [_told(worth, without, currency)]
    if len(worth) > len(shown):
        text.append(f"The {len(shown)} largest are shown; finops recommend lists all of them.")
    if case.wanted.environment or case.ask.where:
        text.append("Advice is of the whole estate, whatever the filter of the report.")
    if not shown:
        return Section(KEY, TITLE, tuple(text))
    table = Table("advice", "Advice by money", _COLUMNS, tuple(_row(row, currency) for row in shown), source=source)
    return Section(KEY, TITLE, tuple(text), (Block(table=table),))


def _told(worth: Sequence[dict[str, Any]], without: int, currency: str) -> str:
    measured = sum((row["saving_in_sequence"] or _ZERO for row in worth), _ZERO)
    parts = [f"{plural(len(worth), 'piece')} of advice with a figure"] if worth else ["No advice with a figure"]
    if measured:
        parts.append(f"{cash(measured, currency)} a month by what can be done together")
    if without:
        parts.append(f"{without:,} more need data before they have a figure")
    return f"{', '.join(parts)}. A saving is a month of 730 hours; in sequence, after all that is done before it."


def _row(row: dict[str, Any], currency: str) -> tuple[Cell, ...]:
    return (
        text_cell(row["action"]),
        money_cell(row["saving"], currency),
        money_cell(row["saving_in_sequence"], currency),
        text_cell(row["class"]),
        text_cell(row["owner"] or "nobody known", "" if row["owner"] else "muted"),
        text_cell(row["account"]),
        text_cell(row["basis"]),
        text_cell(row["evidence"]),
    )
