"""The reconciliation in one sentence per period, for whoever asks why a number is not the invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from finops.document import Document
from finops.output.values import money
from finops.reconcile.kinds import REASONS, UNEXPLAINED

_DIGITS = 60
_CENT = Decimal("0.01")


def sentences(document: Document, other: str) -> Iterator[str]:
    """One sentence per period: by how much the export differs from `other`, and why.

    Reasons are summed with their signs, so the parts add up to the difference; parts that nothing explains are told
    apart by sign, so that none hides another.
    """
    rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
    with localcontext(prec=_DIGITS):
        for period in dict.fromkeys(row["period"] for row in rows):
            yield _sentence(period, [row for row in rows if row["period"] == period], other, document.basis.currency)


def _sentence(period: str, rows: Sequence[Mapping[str, Any]], other: str, currency: str | None) -> str:
    difference = sum((row["difference"] for row in rows), Decimal(0))
    whole = money(sum((row["export_cost"] for row in rows), Decimal(0)))
    parts = ", ".join(_parts(rows))
    if abs(difference) >= _CENT:
        word = "above" if difference > 0 else "below"
        return f"{period}: the export is {money(abs(difference))} {currency} {word} {other}: {parts}"
    if any(row["reason"] == UNEXPLAINED for row in rows):
        return f"{period}: the export and {other} both sum to {whole} {currency}, but not in the same way: {parts}"
    return f"{period}: the export and {other} agree: {whole} {currency}" + (f" ({parts})" if parts else "")


def _parts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    elsewhere = []
    for reason in REASONS:
        differences = [row["difference"] for row in rows if row["reason"] == reason]
        more = sum((one for one in differences if one > 0), Decimal(0))
        less = sum((one for one in differences if one < 0), Decimal(0))
        if more and less and reason == UNEXPLAINED:
            yield f"{reason} {money(more)} and {money(less)}"
        elif more + less:
            yield f"{reason} {money(more + less)}"
        elif differences:
            elsewhere.append(reason)
    if elsewhere:
        yield f"{' and '.join(elsewhere)} only counted under another kind of charge"
