"""The company's invoices, as AWS summarises them: what `aws invoicing list-invoice-summaries` prints."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from finops.errors import UsageError
from finops.ingest.demo import money
from finops.ingest.demo.estate import estate
from finops.ingest.demo.ledger import ledger
from finops.ingest.demo.line import Line
from finops.ingest.demo.metrics import DISCOUNT_TYPES
from finops.ingest.demo.periods import HOURS_A_DAY, Period, moment, periods

_CENT = money.units("0.01")
_ENTITIES = {"AWS": "AWS", "AWS Marketplace": "AWS_MARKETPLACE"}
_ISSUED_ON, _DUE_ON = 2, 30


def write_invoices(out: Path, months: int = 3, delivery: str = "last") -> Path:
    """Write `out`/invoices.json with every invoice of the months that are final, and return its path.

    An invoice rounds each kind of charge of each service to cents. Raises UsageError when no month is final.
    """
    summaries = [one for period in periods(months, delivery) if period.final for one in _summaries(period)]
    if not summaries:
        raise UsageError("the open month has no invoice yet", fix="--months 2 or more")
    out.mkdir(parents=True, exist_ok=True)
    path = out / "invoices.json"
    path.write_text(json.dumps({"InvoiceSummaries": summaries}, indent=2) + "\n", encoding="utf-8", newline="\n")
    return path


def _summaries(period: Period) -> Iterator[dict[str, Any]]:
    lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in ledger(period):
        lines[line.item.invoice, line.item.billing_entity].append(line)
    for (invoice_id, entity), held in sorted(lines.items()):
        yield _summary(period, invoice_id, entity, held)


def _summary(period: Period, invoice_id: str, entity: str, lines: Sequence[Line]) -> dict[str, Any]:
    year, month = (int(part) for part in period.key.split("-"))
    return {
        "AccountId": estate().payer,
        "InvoiceId": invoice_id,
        "IssuedDate": _day(period, _ISSUED_ON),
        "DueDate": _day(period, _DUE_ON),
        "Entity": {"InvoicingEntity": "Amazon Web Services, Inc.", "BillingEntity": _ENTITIES[entity]},
        "BillingPeriod": {"Month": month, "Year": year},
        "InvoiceFrequency": "RECURRING",
        "BillType": "ANNIVERSARY",
        "InvoiceType": "INVOICE",
        "BaseCurrencyAmount": _amount(lines),
    }


def _amount(lines: Sequence[Line]) -> dict[str, Any]:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        sums[line.item.type, line.item.product] += line.unblended
    cents = {key: money.divide(cost, _CENT) for key, cost in sums.items()}
    tax = sum(cost for (kind, _), cost in cents.items() if kind == "Tax")
    discount = sum(cost for (kind, _), cost in cents.items() if kind in DISCOUNT_TYPES)
    total = sum(cents.values())
    return {
        "TotalAmount": _text(total),
        "TotalAmountBeforeTax": _text(total - tax),
        "CurrencyCode": "USD",
        "AmountBreakdown": {
            "SubTotalAmount": _text(total - tax - discount),
            "Discounts": {"TotalAmount": _text(discount)},
            "Taxes": {"TotalAmount": _text(tax)},
        },
    }


def _day(period: Period, day: int) -> str:
    return moment(period.end + day * HOURS_A_DAY).isoformat()


def _text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
