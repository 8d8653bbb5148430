"""The side of the invoices: from a file, from amounts typed by hand or from AWS, each put to its billing period."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.catalog import Problem
from finops.errors import DataError, UsageError
from finops.reconcile import from_summaries, from_table
from finops.reconcile.amounts import amount
from finops.reconcile.kinds import CHARGES
from finops.reconcile.sides import Invoice, Side

_JSON = ("{", "[")
_TYPED = "--invoice 1234567890=1234.56"


def from_file(path: Path, currency: str) -> tuple[list[Invoice], list[Problem]]:
    """The invoices of a CSV, or of the JSON that `aws invoicing list-invoice-summaries` prints.

    Raises DataError for a file that is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("this is neither JSON nor CSV: it is not text in UTF-8", str(path)) from error
    if not text.strip():
        raise DataError("the file with the invoices is empty", str(path))
    if text.lstrip().startswith(_JSON):
        return from_summaries.invoices(_summaries(text, path), currency, str(path))
    return from_table.invoices(path), []


def typed(texts: Sequence[str]) -> list[Invoice]:
    """Invoices typed as ID=AMOUNT, tax included. Raises UsageError for any other text."""
    return [_typed(text) for text in texts]


def placed(
    invoices: Iterable[Invoice], side: Side, period: str | None, where: str
) -> tuple[list[Invoice], list[Problem]]:
    """Each invoice once, in the side's currency and with its billing period; what was there twice is said.

    One that does not name its period is of the period whose lines have its id, else of the only one it can be.
    Raises DataError for two versions of an invoice and for another currency, UsageError for an unclear period.
    """
    found: dict[str, Invoice] = {}
    notes = []
    for one in invoices:
        put = replace(_in(side.currency, one, where), period=one.period or _period(one, side, period))
        known = found.setdefault(put.invoice_id, put)
        if known.amounts != put.amounts or known.period != put.period:
            raise DataError(f"invoice {put.invoice_id} is there twice, with different amounts", where)
        if known is not put:
            notes.append(Problem("same_invoice", f"invoice {put.invoice_id} is there twice; counted once", where))
    return list(found.values()), notes


def _summaries(text: str, path: Path) -> list[Any]:
    try:
        held = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is no JSON: {error}", str(path)) from error
    listed = held.get(from_summaries.LIST) if isinstance(held, dict) else held
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        fix = "aws invoicing list-invoice-summaries ... > invoices.json"
        raise DataError(f"the JSON has no list {from_summaries.LIST}", str(path), fix)
    return listed


def _typed(text: str) -> Invoice:
    invoice_id, equals, written = text.partition("=")
    try:
        if not equals or not invoice_id.strip():
            raise ValueError(f"{text!r} is not ID=AMOUNT")
        return Invoice(invoice_id.strip(), None, None, {CHARGES: amount(written)})
    except ValueError as error:
        raise UsageError(str(error), "--invoice", _TYPED) from error


def _in(currency: str, one: Invoice, where: str) -> Invoice:
    if one.currency not in (None, currency):
        what = f"invoice {one.invoice_id} is in {one.currency}, the export in {currency}: nothing is converted"
        raise DataError(what, where, "give the amounts in the currency of the services")
    return one


def _period(one: Invoice, side: Side, asked: str | None) -> str:
    having = {charge.period for charge in side.charges if charge.invoice_id == one.invoice_id}
    candidates = having or ({asked} if asked else set(side.periods))
    if len(candidates) == 1:
        return candidates.pop()
    where = f"could be {', '.join(sorted(candidates))}"
    raise UsageError(f"of which billing period is invoice {one.invoice_id}?", where, "--period YYYY-MM")
