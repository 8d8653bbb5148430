"""Advice by money: what to change, what it saves a month, how sure that is, and who would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from finops.document import Document
from finops.output.report_words import cash, money_cell, plural, text_cell
from finops.report.model import Block, Cell, Column, Section, Source, Table
from finops.sections.attempt import attempted, not_kept
from finops.sections.case import Case
from finops.sections.rows import rows_of

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage

Ask = Callable[["Usage", "Settings", "PriceBook"], Document]

KEY, TITLE = "advice", "What could be saved"
_SHOWN = 15
# Advice reads every hour of the bill; beyond so many rows that takes longer than a report may.
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
    """All kinds of advice, the largest saving first; those without a figure are counted."""
    if case.ask.as_of:
        return not_kept(KEY, TITLE)
    rows = sum(one["rows"] for one in case.estate.deliveries)
    if case.wanted.with_advice is False or (case.wanted.with_advice is None and rows > MOST_ROWS):
        many = f"{rows:,} rows are more than a report waits for" if rows > MOST_ROWS else "It was not asked for"
        where = "finops recommend waste, commitments, lifecycle and spot list it"
        text = f"{many}: {where}, finops report --advice has it here."
        return Section(KEY, TITLE, (text,), state="left out")
    if KEY not in case.of_estate:
        case.of_estate[KEY] = _all(case)
    found, unknown = case.of_estate[KEY]
    return _section(case, [row for row in found if _is_wanted(row, case)], unknown)


def _all(case: Case) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of every kind, and why a kind could not be told."""
    from finops.usage import open_usage, price_book

    with open_usage(case.database, case.ask.export) as usage:
        book = price_book(usage)
    found: list[dict[str, Any]] = []
    unknown: list[str] = []
    for name, ask in _KINDS.items():
        made = attempted(name, name, partial(_counted, case, book, ask, found, name))
        unknown += [f"{name}: {line}" for line in made.text]
    return found, unknown


def _counted(case: Case, book: PriceBook, ask: Ask, found: list[dict[str, Any]], name: str) -> Section:
    """Adds the rows of one kind, read on a connection of its own, to those found."""
    from finops.usage import open_usage

    with open_usage(case.database, case.ask.export) as usage:
        found += [row | {"verb": name} for row in rows_of(ask(usage, case.estate.settings, book))]
    return Section(name, name)


def _waste(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    from finops.recommend.waste import waste

    return waste(usage, settings, book)


def _commitments(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    from finops.recommend.choosing import Question
    from finops.recommend.commitments import commitments
    from finops.recommend.held import held
    from finops.recommend.hours import hourly_facts

    facts, problems = hourly_facts(usage)
    return commitments(usage, Question(facts, held(usage.connection), book, settings, None), problems)[0]


def _lifecycle(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    from finops.recommend.lifecycle import lifecycle
    from finops.recommend.lifecycle_prices import StoragePrices

    return lifecycle(usage, StoragePrices.of(book), settings, None)


def _spot(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    from finops.recommend.held import held
    from finops.recommend.hours import hourly_facts
    from finops.recommend.spot import spot
    from finops.recommend.spot_prices import spot_book
    from finops.recommend.spot_rerun import Pool

    facts, problems = hourly_facts(usage)
    return spot(usage, settings, Pool(facts, held(usage.connection), book), spot_book(usage, book), problems)


# What can be asked, by the verb that lists it.
_KINDS: Mapping[str, Ask] = {
    "recommend waste": _waste,
    "recommend commitments": _commitments,
    "recommend lifecycle": _lifecycle,
    "recommend spot": _spot,
}


def _is_wanted(row: dict[str, Any], case: Case) -> bool:
    """Of an offer of a commitment only what is chosen; of an owner's report what is theirs."""
    if row["kind"] == "commitment" and not row.get("chosen"):
        return False
    owner = case.wanted.owner
    return owner is None or row["owner"] in (owner, case.estate.settings.owners.handles.get(owner, owner))


def _section(case: Case, rows: Sequence[dict[str, Any]], unknown: Iterable[str]) -> Section:
    worth = sorted((row for row in rows if (row["saving"] or 0) > 0), key=lambda row: (-row["saving"], row["id"]))
    currency, shown = case.facts.currency, worth[:_SHOWN]
    without = sum(1 for row in rows if row["saving"] is None)
    text = [_told(worth, without, currency)]
    if len(worth) > len(shown):
        text.append(f"The {len(shown)} largest are shown; finops recommend lists all of them.")
    if case.wanted.environment or case.ask.where:
        text.append("Advice is of the whole estate, whatever the filter of the report.")
    if not shown:
        return Section(KEY, TITLE, (*text, *unknown))
    source = Source("\n".join(f"finops {verb}" for verb in dict.fromkeys(row["verb"] for row in shown)))
    table = Table("advice", "Advice by money", _COLUMNS, tuple(_row(row, currency) for row in shown), source=source)
    return Section(KEY, TITLE, (*text, *unknown), (Block(table=table),))


def _told(worth: Sequence[dict[str, Any]], without: int, currency: str) -> str:
    measured = sum((row["saving_in_sequence"] or _ZERO for row in worth), _ZERO)
    parts = [f"{plural(len(worth), 'piece')} of advice with a figure"] if worth else ["No advice with a figure"]
    if measured:
        parts.append(f"{cash(measured, currency)} a month by what can be done together")
    if without:
        parts.append(f"{without:,} more need data before they have a figure")
    return f"{', '.join(parts)}. A saving is a month of 730 hours, each by itself."


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
