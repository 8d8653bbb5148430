"""The answer of `finops recommend claims`: each saving a document claims, beside what the bill proves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from finops.document import Basis, Column, Document, Rows
from finops.recommend.claims import Claim
from finops.recommend.claims_found import Bill, Found, found_for
from finops.recommend.hours import Span

# Documents round: what is within a tenth of the claim holds.
_TOLERANCE = Decimal("0.1")
_COLUMNS = (
    Column("file", shown="never"),
    Column("line", "count", shown="never"),
    Column("where"),
    Column("subject"),
    Column("claimed_low", "rate", shown="never"),
    Column("claimed_high", "rate", shown="never"),
    Column("claimed"),
    Column("found_low", "rate", shown="never"),
    Column("found", "money"),
    Column("found_high", "rate", shown="never"),
    Column("difference", "money"),
    Column("unit"),
    Column("state"),
    Column("basis"),
    Column("evidence"),
    Column("claim", shown="never"),
)
_BY_STATE = (Column("state"), Column("claims", "count"))
STATES = ("holds", "too high", "too low", "could not check")


def claims_held(claims: Sequence[Claim], bill: Bill, span: Span) -> Document:
    """The document: one row for each claim, in the order of the documents."""
    usage = bill.usage
    rows = [_row(one, _found(one, bill)) for one in claims]
    states = [row[_COLUMNS.index(next(one for one in _COLUMNS if one.name == "state"))] for row in rows]
    return Document(
        command="recommend claims",
        basis=Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        rows=Rows.of(_COLUMNS, rows),
        totals={"by_state": Rows.of(_BY_STATE, [(one, states.count(one)) for one in STATES if one in states])},
        problems=usage.problems,
        lead=[] if rows else ["No line of these documents claims a saving."],
    )


def _found(claim: Claim, bill: Bill) -> Found:
    if claim.subject is None:
        return Found(why="what it is about is nothing that a bill is asked for here")
    if claim.unit != claim.subject.unit:
        return Found(why=f"the bill tells {claim.subject.name} in {claim.subject.unit}")
    return found_for(claim.subject, bill)


def _row(claim: Claim, found: Found) -> tuple[Any, ...]:
    sign = "%" if claim.unit == "percent" else ""
    band = f"{claim.low:f}" if claim.low == claim.high else f"{claim.low:f}-{claim.high:f}"
    return (
        claim.file,
        claim.line,
        f"{claim.file}:{claim.line}",
        claim.subject.name if claim.subject else "",
        claim.low,
        claim.high,
        f"{band}{sign}",
        found.low,
        found.middle,
        found.high,
        difference(claim, found.middle),
        claim.unit,
        state(claim, found.middle),
        found.basis,
        found.why,
        claim.text,
    )


def difference(claim: Claim, found: Decimal | None) -> Decimal | None:
    """What was found less the nearer end of what is claimed, 0 within; None where nothing was found."""
    if found is None:
        return None
    return found - max(claim.low, min(found, claim.high))


def state(claim: Claim, found: Decimal | None) -> str:
    """Whether the claim holds to a tenth of it, or is too high or too low."""
    if found is None:
        return "could not check"
    if found < claim.low * (1 - _TOLERANCE):
        return "too high"
    return "too low" if found > claim.high * (1 + _TOLERANCE) else "holds"
