"""What was promised against what it costs: the budgets of the settings, and the estimates of documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.anomalies.levels import is_whole
from finops.dimensions import parse_by
from finops.output.report_words import change_cell, listed, money_cell, share, text_cell
from finops.report.model import Block, Cell, Column, Section, Source, State, Table, Tone
from finops.report.sources import command, daily_sql
from finops.sections.attempt import attempted, left_out
from finops.sections.case import Case
from finops.sections.rows import rows_of

if TYPE_CHECKING:
    from finops.reader import Ask, Ledger

KEY, TITLE = "promises", "Against what was promised"
_SHOWN = 20
_WORDS = {
    "over": "over",
    "forecast_over": "forecast over",
    "alert": "alert",
    "within": "within",
    "under": "under",
    "not_estimated": "not estimated",
    "not_seen": "not seen",
    "could_not_check": "could not check",
}
_TONES: Mapping[str, Tone] = {"over": "up", "forecast_over": "up", "alert": "caution", "could_not_check": "caution"}
_ORDER = ("over", "not_estimated", "not_seen", "under", "within")


def promises(case: Case) -> Section:
    """Both, each said by itself where it is not set or could not be computed."""
    if case.wanted.owner or case.ask.where:
        return left_out(KEY, TITLE)
    parts = (
        attempted("budgets", "Budgets", lambda: _budgets(case)),
        attempted("estimates", "Estimates of documents", lambda: _estimates(case)),
    )
    blocks = tuple(Block(part.title, part.text, table=next(part.tables, None)) for part in parts)
    unset = all(part.state == "not set" for part in parts)
    state: State = "not set" if unset else "failed" if all(part.state == "failed" for part in parts) else "shown"
    return Section(KEY, TITLE, (), blocks, state=state)


def _budgets(case: Case) -> Section:
    from finops.budgets.document import budgets_held

    settings = case.estate.settings
    if not settings.budgets:
        text = "No budget is set: [environments.prod] budget = { month = 720 } or a [[budget]] in finops.toml."
        return Section("budgets", "Budgets", (text,), state="not set")
    document, _ = budgets_held(case.estate, _shared(case), case.database, None, case.wanted.environment)
    rows = rows_of(document)
    source = _source(case, "variance --budgets")
    currency = case.facts.currency
    columns = (
        Column("budget", "Budget"),
        Column("period", "Period"),
        Column("used_percent", "Used", "share"),
        Column("limit", "Limit", "money"),
        Column("actual", "So far", "money"),
        Column("forecast", "Forecast", "money"),
        Column("class", "State"),
        Column("owner", "Owner"),
    )
    table = Table("budgets", "Budgets", columns, tuple(_budget(row, currency) for row in rows), source=source)
    return Section("budgets", "Budgets", (_counted(row["class"] for row in rows),), (Block(table=table),))


def _budget(row: Mapping[str, Any], currency: str) -> tuple[Cell, ...]:
    used = row["used_percent"]
    meter = min(max(used, Decimal(0)), Decimal(100)) if used is not None else None
    told = Cell(share(used), used, meter=meter) if used is not None else Cell("n/a", tone="muted")
    money = (money_cell(row[key], currency) for key in ("limit", "actual", "forecast"))
    return (
        text_cell(row["budget"]),
        text_cell(row["period"]),
        told,
        *money,
        _state(row["class"]),
        text_cell(row["owner"]),
    )


def _source(case: Case, verb: str) -> Source:
    """The verb, and the cost by day that it holds against what was promised."""
    places = ["environment"] if case.estate.settings.environments else []
    return Source(_with_env(case, command(case.estate, verb)), daily_sql(case.estate, [*places, "service"]))


def _estimates(case: Case) -> Section:
    from finops.variance.document import variance

    if not any(one.estimates for one in case.estate.settings.environments):
        text = 'No document is named: [environments.prod] estimates = ["docs/architecture.md"] in finops.toml.'
        return Section("estimates", "Estimates of documents", (text,), state="not set")
    document = variance(case.estate, None, case.wanted.environment)
    rows = sorted(rows_of(document), key=_by_size)
    source = _source(case, "variance")
    currency = case.facts.currency
    columns = (
        Column("environment", "Environment", "code"),
        Column("line", "Line"),
        Column("estimate_low", "Low", "money"),
        Column("estimate_high", "High", "money"),
        Column("actual", "So far", "money"),
        Column("forecast", "Forecast", "money"),
        Column("variance", "Beyond", "change"),
        Column("class", "State"),
        Column("source", "Promised in"),
    )
    shown, left = rows[:_SHOWN], rows[_SHOWN:]
    table = Table(
        "estimates", "Estimates and actuals", columns, tuple(_line(row, currency) for row in shown), source=source
    )
    days = next((problem.message for problem in document.problems if problem.code == "days_known"), "")
    counted = _counted(row["class"] for row in rows)
    said = [f"{counted} {days.capitalize()}." if days else counted]
    if left:
        said.append(f"The {_SHOWN} that matter most are shown; finops variance lists all {len(rows)}.")
    return Section("estimates", "Estimates of documents", tuple(said), (Block(table=table),))


def _by_size(row: Mapping[str, Any]) -> tuple[int, Decimal, str, str]:
    size = row["variance"] if row["variance"] is not None else row["actual"]
    return _ORDER.index(row["class"]), -abs(size), row["environment"], row["line"]


def _line(row: Mapping[str, Any], currency: str) -> tuple[Cell, ...]:
    money = (money_cell(row[key], currency) for key in ("estimate_low", "estimate_high", "actual", "forecast"))
    file = str(row["source_file"] or "").replace("\\", "/").rpartition("/")[2]
    return (
        text_cell(row["environment"]),
        text_cell(row["line"]),
        *money,
        change_cell(row["variance"], currency),
        _state(row["class"]),
        text_cell(f"{file}:{row['source_line']}" if file else ""),
    )


def _state(word: str) -> Cell:
    return Cell(_WORDS[word], word, _TONES.get(word, "muted" if word == "within" else ""))


def _counted(classes: Iterable[str]) -> str:
    """`2 over, 20 within.`, what matters first."""
    found = Counter(classes)
    return f"{listed([f'{found[word]:,} {said}' for word, said in _WORDS.items() if found[word]])}."


def _with_env(case: Case, text: str) -> str:
    return f"{text} --env {case.wanted.environment}" if case.wanted.environment else text


def _shared(case: Case) -> Any:
    """Opens the ledger for other questions; for one that it is open for already, that is the answer."""
    held = case.estate

    def open_part(ask: Ask) -> AbstractContextManager[Ledger]:
        known = {one.word for one in parse_by(held.ask.by)}
        fits = {one.word for one in parse_by(ask.by)} <= known or ask.by is None
        same = (ask.metric, ask.where, ask.export) == (held.ask.metric, held.ask.where, held.ask.export)
        return nullcontext(held) if fits and same and is_whole(held) else case.open_part(ask)

    return open_part
