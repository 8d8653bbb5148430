"""Do the lines of the architecture documents still hold?"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from finops.check.case import Case
from finops.check.result import Result, State, no_target
from finops.variance.document import variance

_STATES: dict[str, State] = {
    "over": "breach",
    "within": "ok",
    "under": "notice",
    "not_seen": "notice",
    "not_estimated": "notice",
}
_WORDS = {
    "over": "more than estimated",
    "within": "as estimated",
    "under": "less than estimated",
    "not_seen": "estimated, and nothing was charged",
    "not_estimated": "in no estimate",
}


def estimates(case: Case) -> Iterator[Result]:
    """One result per line of an estimate, and per service that no estimate has."""
    if not any(one.estimates for one in case.settings.environments):
        yield no_target("variance", "no document with estimates is named", "estimates = [...] in [environments.NAME]")
        return
    with case.ledger(by=_dimensions(case)) as ledger:
        document = variance(ledger, case.period, None)
        rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
        currency = ledger.currency
    for row in rows:
        yield _held(row, currency)


def _dimensions(case: Case) -> str:
    return ",".join(["environment", *(f'"tag:{key}"' for key in case.tags())])


def _held(row: dict[str, Any], currency: str) -> Result:
    kind = row["class"]
    off = abs(row["variance"] or Decimal(0))
    by = f" by {off:,.2f} {currency}" if off and kind in ("over", "under") else ""
    return Result(
        "variance",
        row["line"],
        _STATES[kind],
        f"{row['actual']:,.2f} {currency} to date: {_WORDS[kind]}{by}; the month ends near {row['forecast']:,.2f}",
        environment=row["environment"],
        value=f"{row['actual']:,.2f} {currency}",
        limit=_limit(row, currency),
        impact=off if kind == "over" else Decimal(0),
        source_file=row["source_file"] or "",
        source_line=row["source_line"],
        next_step="finops variance" if kind == "over" else "",
    )


def _limit(row: dict[str, Any], currency: str) -> str:
    if row["estimate_low"] is None:
        return ""
    high = "more" if row["estimate_high"] is None else f"{row['estimate_high']:,.2f}"
    low = f"{row['estimate_low']:,.2f}"
    return f"{low if low == high else f'{low} to {high}'} {currency} a month"
