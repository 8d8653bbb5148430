"""Invoices from the summaries that AWS's ListInvoiceSummaries answers, as the AWS CLI prints or boto3 gives them.

The shape is that of botocore's model of the service `invoicing`, 2024-12-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.catalog import Problem
from finops.errors import DataError
from finops.reconcile.amounts import amount, day
from finops.reconcile.kinds import CHARGES
from finops.reconcile.sides import Invoice

LIST = "InvoiceSummaries"
# Where a summary says what the whole invoice is for, and the kind of charge that is.
_NATURES = (
    (("Entity", "BillingEntity"), "AWS_MARKETPLACE", "marketplace"),
    (("InvoiceType",), "CREDIT_MEMO", "credit"),
    (("BillType",), "REFUND", "refund"),
    (("BillType",), "PURCHASE", "upfront"),
)
_NO_CHARGE = "PAYMENT_RECEIPT"
# A word of a discount's description -> the kind of charge; what has none of them is a discount.
_DEDUCTIONS = {"credit": "credit", "refund": "refund"}
# Amounts in the currency of the services first: that is what an export is in.
_CURRENCIES = ("BaseCurrencyAmount", "PaymentCurrencyAmount", "TaxCurrencyAmount")


def invoices(summaries: Iterable[Mapping[str, Any]], currency: str, where: str) -> tuple[list[Invoice], list[Problem]]:
    """The invoices in the export's currency, and what to say of those that are no charge or paid in another one.

    Raises DataError for a summary without an id or amount, and for one in other currencies only: none is converted.
    """
    found, notes = [], []
    for summary in summaries:
        invoice_id = str(summary.get("InvoiceId") or "")
        if not invoice_id:
            raise DataError("an invoice summary has no InvoiceId", where)
        if summary.get("InvoiceType") == _NO_CHARGE:
            notes.append(Problem("payment_receipt", "a payment receipt charges nothing: left out", invoice_id))
            continue
        found.append(_invoice(summary, invoice_id, currency, where))
        notes += found[-1].notes
    return found, notes


def _invoice(summary: Mapping[str, Any], invoice_id: str, currency: str, where: str) -> Invoice:
    written, notes = _in_currency(summary, invoice_id, currency, where)
    nature = next((kind for path, word, kind in _NATURES if _at(summary, path) == word), "")
    try:
        amounts = _amounts(written, negative=nature == "credit")
    except (ValueError, KeyError) as error:
        raise DataError(f"invoice {invoice_id} has no readable amount: {error}", where) from error
    return Invoice(invoice_id, _period(summary), currency, amounts, nature, day(summary.get("IssuedDate")), notes)


def _in_currency(
    summary: Mapping[str, Any], invoice_id: str, currency: str, where: str
) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    given = {name: summary[name] for name in _CURRENCIES if summary.get(name)}
    chosen = next((name for name, one in given.items() if one.get("CurrencyCode") == currency), None)
    if chosen is None:
        others = sorted({str(one.get("CurrencyCode")) for one in given.values()}) or ["no currency"]
        raise DataError(
            f"invoice {invoice_id} is in {' and '.join(others)}, the export in {currency}: nothing is converted",
            where,
            "reconcile the payer that is billed in that currency: --where payer=ID",
        )
    paid = given.get("PaymentCurrencyAmount", {})
    if paid.get("CurrencyCode") in (None, currency):
        return given[chosen], ()
    rate = _at(paid, ("CurrencyExchangeDetails", "Rate"))
    text = (
        f"paid as {paid.get('TotalAmount')} {paid['CurrencyCode']}{f' at {rate}' if rate else ''};"
        f" compared at AWS's own {given[chosen].get('TotalAmount')} {currency}"
    )
    return given[chosen], (Problem("other_currency", text, invoice_id),)


def _amounts(written: Mapping[str, Any], negative: bool) -> dict[str, Decimal]:
    """Kind -> amount: tax and deductions by kind, the rest under `charges`; they sum to TotalAmount."""
    whole = amount(written["TotalAmount"])
    breakdown = written.get("AmountBreakdown") or {}
    amounts = {"tax": tax} if (tax := _tax(written, breakdown, whole)) is not None else {}
    for kind, cost in _deductions(breakdown):
        amounts[kind] = amounts.get(kind, Decimal(0)) - abs(cost)
    amounts[CHARGES] = whole - sum(amounts.values(), Decimal(0))
    # A memo takes back, with whatever sign it is written.
    return {kind: -cost for kind, cost in amounts.items()} if negative and whole > 0 else amounts


def _tax(written: Mapping[str, Any], breakdown: Mapping[str, Any], whole: Decimal) -> Decimal | None:
    if written.get("TotalAmountBeforeTax"):
        return whole - amount(written["TotalAmountBeforeTax"])
    taxes = _at(breakdown, ("Taxes", "TotalAmount"))
    return amount(taxes) if taxes else None


def _deductions(breakdown: Mapping[str, Any]) -> Iterable[tuple[str, Decimal]]:
    discounts = breakdown.get("Discounts") or {}
    listed: Sequence[Mapping[str, Any]] = discounts.get("Breakdown") or ()
    if not listed and discounts.get("TotalAmount"):
        listed = [{"Amount": discounts["TotalAmount"]}]
    for one in listed:
        words = str(one.get("Description", "")).lower()
        kind = next((kind for word, kind in _DEDUCTIONS.items() if word in words), "discount")
        yield kind, amount(one["Amount"])


def _period(summary: Mapping[str, Any]) -> str | None:
    period = summary.get("BillingPeriod")
    return f"{int(period['Year'])}-{int(period['Month']):02d}" if period else None


def _at(value: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = value
    for key in path:
        found = (found or {}).get(key)
    return found
