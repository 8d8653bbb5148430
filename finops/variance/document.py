"""The variance as the document that `finops variance` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.document import Column, Document, Rows, basis_of
from finops.errors import FinopsError, UsageError
from finops.variance.actuals import Actual, Charges, Month, add_up, month_of, read_charges, tells_usage_types
from finops.variance.compare import Held, compare, unmapped, without_usage_types
from finops.variance.promises import Promise, promises

if TYPE_CHECKING:
    from finops.reader import Ledger

COLUMNS = (
    Column("environment"),
    Column("line"),
    Column("service"),
    Column("estimate_low", "money"),
    Column("estimate_high", "money"),
    Column("actual", "money"),
    Column("forecast", "money"),
    Column("forecast_p10", "money"),
    Column("forecast_p90", "money"),
    Column("variance", "money"),
    Column("class"),
    Column("source_file"),
    Column("source_line"),
)
ENVIRONMENTS = (COLUMNS[0], *COLUMNS[3:9])
_ZERO = Decimal(0)


def variance(ledger: Ledger, period: str | None, environment: str | None) -> Document:
    """The estimates of the settings against one month of an open ledger (asked by environment).

    `period` is a calendar month, None for that of the last complete day; `environment` leaves only its lines.
    Raises UsageError for an environment nobody knows, ConfigError when no document is named.
    """
    month, found, charges, problems = hold(ledger, period)
    held = compare(found, charges, month)
    _tie(held, charges, month)
    if environment:
        known = dict.fromkeys([*(one.name for one in ledger.settings.environments), *(c.environment for c in charges)])
        if environment not in known:
            raise UsageError(f"no environment is called {environment}", "--env", f"one of {', '.join(known)}")
        held = [one for one in held if environment in one.environment.split("/")]
    total = _totals(held)
    return Document(
        command="variance",
        basis=replace(basis_of(ledger), start=month.known.start, end=month.known.end),
        rows=Rows.of(COLUMNS, [row(one) for one in held]),
        totals={"environments": _by_environment(held, charges, month), **total},
        problems=[*ledger.problems, _days(month), *problems, *unmapped(found)],
    )


def hold(ledger: Ledger, period: str | None) -> tuple[Month, list[Promise], list[Charges], list[Problem]]:
    """What a comparison needs: the month, the promises for it, what was charged, and what to say of them."""
    month = month_of(ledger, period)
    found, problems = promises(ledger.settings, month.whole.start, ledger.currency)
    keys = list(dict.fromkeys(key for one in found if one.target for key, _ in one.target.tags))
    if not tells_usage_types(ledger):
        problems = [*problems, *without_usage_types(found)]
    return month, found, read_charges(ledger, month, keys), problems


def row(one: Held) -> tuple[object, ...]:
    """One line as the values of `COLUMNS`."""
    end = one.actual.end
    first = one.promise.lines[0] if one.promise else None
    return (
        one.environment, one.line, one.service, one.low, one.high, one.actual.to_date, end.expected, end.p10, end.p90,
        one.variance, one.kind, first.source_file if first else None, first.source_line if first else None,
    )  # fmt: skip


def _tie(held: Sequence[Held], charges: Sequence[Charges], month: Month) -> None:
    """The lines sum to all that was charged, to the last decimal."""
    lines = sum((one.actual.to_date for one in held), _ZERO)
    charged = add_up(charges, month).to_date
    if lines != charged:
        raise FinopsError(f"the lines sum to {lines} and the bill to {charged}", where="variance")


def _totals(held: Sequence[Held]) -> dict[str, Decimal]:
    return {
        "actual": sum((one.actual.to_date for one in held), _ZERO),
        "forecast": sum((one.actual.end.expected for one in held), _ZERO),
    }


def _by_environment(held: Sequence[Held], charges: Sequence[Charges], month: Month) -> Rows:
    """Each environment as a whole; its range is forecast from its own days, not added up from lines."""
    rows = []
    for name in dict.fromkeys(one.environment for one in held):
        lines = [one for one in held if one.environment == name]
        estimated = [one for one in lines if one.low is not None]
        mine = {claim for one in lines for claim in (one.promise.environments if one.promise else (one.environment,))}
        actual = _sum_of(lines, charges, mine, month)
        low = sum((one.low or _ZERO for one in estimated), _ZERO) if estimated else None
        open_ended = any(one.high is None for one in estimated)
        high = sum((one.high or _ZERO for one in estimated), _ZERO) if estimated and not open_ended else None
        rows.append((name, low, high, actual.to_date, actual.end.expected, actual.end.p10, actual.end.p90))
    return Rows.of(ENVIRONMENTS, rows)


def _sum_of(lines: Sequence[Held], charges: Sequence[Charges], mine: set[str], month: Month) -> Actual:
    whole = add_up((one for one in charges if one.environment in mine), month)
    to_date = sum((one.actual.to_date for one in lines), _ZERO)
    if whole.to_date == to_date:
        return whole
    expected = sum((one.actual.end.expected for one in lines), _ZERO)
    end = replace(
        whole.end,
        expected=expected,
        p10=sum((one.actual.end.p10 for one in lines), _ZERO),
        p90=sum((one.actual.end.p90 for one in lines), _ZERO),
    )
    return Actual(to_date, sum((one.actual.accrued for one in lines), _ZERO), end, whole.seen)


def _days(month: Month) -> Problem:
    known, whole = month.known.length, month.whole.length
    text = (
        f"{known} of {whole} days of {month.whole.start:%Y-%m} are known; variance is against that part of an estimate"
    )
    return Problem("days_known", text, f"up to {month.known.last}")
