"""Budgets as the document that `finops variance --budgets` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.budgets.bill import Bill
from finops.budgets.evaluate import CLASSES, Result, evaluate_budgets, staleness
from finops.budgets.read import Open, read_bill
from finops.catalog import Problem
from finops.config import now
from finops.config.settings import Budget, Settings
from finops.document import Column, Document, Rows, basis_of
from finops.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from finops.reader import Ledger

COLUMNS = (
    Column("budget"),
    Column("environment", shown="never"),
    Column("period"),
    Column("start"),
    Column("end", shown="never"),
    Column("limit", "money"),
    Column("limit_to_date", "money", shown="never"),
    Column("actual", "money"),
    Column("used_percent", "percent"),
    Column("forecast", "money"),
    Column("forecast_p10", "money"),
    Column("forecast_p90", "money"),
    Column("forecast_percent", "percent", shown="never"),
    Column("alert_reached", "percent", shown="filled"),
    Column("next_alert", "percent", shown="filled"),
    Column("forecast_alert_reached", "percent", shown="filled"),
    Column("class"),
    Column("metric", shown="never"),
    Column("complete_through", shown="never"),
    Column("owner", shown="filled"),
    Column("source"),
    Column("detail", shown="filled"),
)
_FILE = "finops.toml"
AWS = "AWS Budgets"


def budgets_held(
    ledger: Ledger, open_part: Open, database: Path, period: str | None, environment: str | None
) -> tuple[Document, list[Result]]:
    """The budgets of the settings against an open ledger, and the results the rows are made from.

    `period` (YYYY-MM) takes its last complete day for the newest; `environment` leaves only its budgets. Raises
    ConfigError without a budget, UsageError for an environment without one, DataError when no day is complete.
    """
    wanted = _wanted(ledger.settings, environment)
    bill = read_bill(ledger, open_part, wanted, period, database)
    results = evaluate_budgets(wanted, bill, bill.metric)
    document = Document(
        command="variance --budgets",
        basis=replace(basis_of(ledger), end=bill.newest_days(1).end),
        rows=Rows.of(COLUMNS, [row(one, source_of(one.budget, ledger.settings)) for one in results]),
        totals=counted([one.kind for one in results]),
        problems=[*ledger.problems, *_told(ledger, bill)],
    )
    return document, results


def _told(ledger: Ledger, bill: Bill) -> Iterator[Problem]:
    yield Problem("complete_through", f"{bill.through} is the last complete day; later ones are not counted")
    hours = ledger.settings.check.max_age_hours
    stale = staleness(ledger.as_of, now(), hours) if hours is not None else None
    if stale:
        yield Problem("stale", stale, "[check] max_age_hours")


def _wanted(settings: Settings, environment: str | None) -> list[Budget]:
    if not settings.budgets:
        where = str(settings.path or _FILE)
        raise ConfigError("no budget is set", where, "[environments.prod] budget = { month = 720 }, or [[budget]]")
    found = [one for one in settings.budgets if environment in (None, one.environment)]
    if not found:
        names = dict.fromkeys(one.environment for one in settings.budgets if one.environment)
        raise UsageError(f"no budget is for the environment {environment}", "--env", f"one of {', '.join(names)}")
    return found


def with_aws(document: Document, found: Sequence[Result], more: Sequence[Problem]) -> Document:
    """The document with what AWS Budgets says of its own budgets as rows below."""
    rows = [*document.rows.read(None), *(row(one, AWS) for one in found)]
    kinds = [one[document.rows.names.index("class")] for one in rows]
    problems = [*document.problems, *more]
    return replace(document, rows=Rows.of(COLUMNS, rows), totals=counted(kinds), problems=problems)


def row(one: Result, source: str) -> tuple[Any, ...]:
    """One result as the values of `COLUMNS`; `source` is where the budget is stated."""
    budget = one.budget
    return (
        budget.name, budget.environment, budget.period, one.start, one.end, one.limit, one.limit_to_date, one.actual,
        one.used, one.forecast, one.forecast_p10, one.forecast_p90, one.forecast_used,
        one.alert_reached, one.next_alert, one.forecast_alert_reached, one.kind, one.metric, one.complete_through,
        budget.owner, source, one.detail,
    )  # fmt: skip


def source_of(budget: Budget, settings: Settings) -> str:
    """Where the budget is stated: finops.toml:12."""
    return f"{settings.path or _FILE}:{budget.line}"


def counted(kinds: Sequence[str]) -> dict[str, Decimal]:
    """How many budgets are of each class."""
    found = Counter(kinds)
    return {kind: Decimal(found[kind]) for kind in CLASSES}
