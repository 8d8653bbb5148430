"""Is spend inside its budgets, and will it be at the end of their periods?"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.budgets.document import budgets_held
from finops.budgets.evaluate import SHORT_PERIODS, Class
from finops.budgets.evaluate import Result as Held
from finops.check.case import Case
from finops.check.result import Result, State, no_target, unchecked
from finops.config.place import place
from finops.errors import DataError

_NEXT = "finops variance --budgets"
_SPENT: dict[Class, State] = {"over": "breach", "alert": "notice", "forecast_over": "ok", "within": "ok"}
# What is over is told by the gate of budgets; here it is no news.
_AHEAD: dict[Class, State] = {"over": "notice", "forecast_over": "breach", "alert": "ok", "within": "ok"}


def budgets(case: Case) -> Iterator[Result]:
    """What was charged to the last complete day against the limit of the period, one result per budget."""
    for held, currency in _held(case):
        yield _spent(case, held, currency)
    if not case.settings.budgets:
        yield no_target("budget", "no budget is set", "[environments.NAME] budget = { month = 720 }")


def forecasts(case: Case) -> Iterator[Result]:
    """What the period will have cost at its end against its limit, one result per budget that has a forecast."""
    for held, currency in _held(case):
        if held.budget.period not in SHORT_PERIODS:
            yield _ahead(case, held, currency)
    if not case.settings.budgets:
        yield no_target("forecast", "no budget is set", "[environments.NAME] budget = { month = 720 }")


def _held(case: Case) -> Iterator[tuple[Held, str]]:
    if case.settings.budgets:
        with case.ledger() as ledger:
            _, results = budgets_held(ledger, case.opened, case.database, case.period, None)
            yield from ((one, ledger.currency) for one in results)


def _spent(case: Case, held: Held, currency: str) -> Result:
    if held.kind == "could_not_check" or held.actual is None or held.limit is None:
        return unchecked("budget", DataError(held.detail, fix=_NEXT), _name(held))
    against = held.limit_to_date if held.budget.share is not None else held.limit
    over = max(held.actual - (against or Decimal(0)), Decimal(0))
    used = f", {held.used:.1f}% of it" if held.used is not None else ""
    words = f"{held.actual:,.2f} {currency} of {held.limit:,.2f} this {held.budget.period}{used}"
    return _result(case, "budget", _SPENT[held.kind], held, f"{words} up to {held.complete_through}", currency, over)


def _ahead(case: Case, held: Held, currency: str) -> Result:
    if held.kind == "could_not_check" or held.forecast is None or held.limit is None:
        return unchecked("forecast", DataError(held.detail, fix=_NEXT), _name(held))
    over = max(held.forecast - held.limit, Decimal(0))
    span = f"{held.forecast_p10:,.2f} to {held.forecast_p90:,.2f}"
    words = f"the {held.budget.period} ends near {held.forecast:,.2f} {currency} ({span}) of {held.limit:,.2f}"
    return _result(case, "forecast", _AHEAD[held.kind], held, words, currency, over)


def _name(held: Held) -> str:
    """One name may have budgets for several periods."""
    return f"{held.budget.name} ({held.budget.period})"


def _result(case: Case, check: str, state: State, held: Held, words: str, currency: str, over: Decimal) -> Result:
    value = held.actual if check == "budget" else held.forecast
    file, _ = place(case.settings)
    return Result(
        check,
        _name(held),
        state,
        words,
        environment=held.budget.environment,
        value=f"{value:,.2f} {currency}",
        limit=f"{held.limit:,.2f} {currency} a {held.budget.period}",
        impact=over if state == "breach" else Decimal(0),
        owner=held.budget.owner,
        source_file=file,
        source_line=(held.budget.line or None) if file else None,
        next_step=_NEXT if state == "breach" else "",
    )
