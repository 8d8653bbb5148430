"""Is the export the bill? Only where Cost Explorer was asked about the same months."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.catalog import COST_EXPLORER, deliveries
from finops.check.case import Case
from finops.check.result import Result, no_target
from finops.reconcile.both import with_side
from finops.reconcile.from_ledger import Question
from finops.reconcile.reconcile import unexplained

# Below a cent is rounding on the way, not a difference of bills.
_TOLERANCE = Decimal("0.01")


def bill(case: Case) -> Iterator[Result]:
    """What no reason explains between the export and Cost Explorer, over the periods both have."""
    held = deliveries(case.database)
    if not any(one.format == COST_EXPLORER for one in held) or all(one.format == COST_EXPLORER for one in held):
        yield no_target("reconcile", "an export and Cost Explorer are not both loaded", "finops ingest ce")
        return
    name, document = with_side(case.database, Question("unblended", None, case.where), None, "ce")
    off = unexplained(document)
    currency = document.basis.currency or ""
    breached = off > _TOLERANCE
    yield Result(
        "reconcile",
        name,
        "breach" if breached else "ok",
        f"{off:,.2f} {currency} between the export and {name} have no reason",
        value=f"{off:,.2f} {currency}",
        limit=f"{_TOLERANCE} {currency}",
        impact=off if breached else Decimal(0),
        next_step="finops reconcile" if breached else "",
    )
