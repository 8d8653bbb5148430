"""What an ingest says of the delivery that a new one took the place of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.output.values import signed_money

if TYPE_CHECKING:
    from finops.ledger.journal import Change
    from finops.ledger.load import Loaded


def replaced(result: Loaded) -> str:
    """The end of the line about what was loaded: which delivery it replaces and what that changed."""
    if result.replaced is None:
        return ""
    replaces = f"; replaces delivery {result.replaced}"
    if result.changes is None:
        return f"{replaces}, whose files are gone: what changed cannot be told"
    return f"{replaces}: {', '.join(_change(one) for one in result.changes if one.service) or 'no cost changed'}"


def _change(one: Change) -> str:
    """What changed in one currency: the sum, where most of it is, and what no longer is as it was reported."""
    place = f"{one.service} in {one.account}"
    # Where changes cancel out, the largest is no part of their sum.
    is_part = one.difference and 1 < 2 * one.most / one.difference < 3
    most = f"most of it {place}" if is_part else f"largest {place} ({signed_money(one.most)})"
    restated = f"; {signed_money(one.restated)} of it on days that were complete" if one.restated else ""
    return f"{signed_money(one.difference)} {one.currency}, {most}{restated}"
