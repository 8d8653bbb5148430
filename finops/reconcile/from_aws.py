"""Invoices as AWS itself tells them: the read-only ListInvoiceSummaries, which is free."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from finops.aws.refusals import aws_errors

if TYPE_CHECKING:
    from finops.aws import Door


def summaries(door: Door, payers: Iterable[str], periods: Iterable[str]) -> list[dict[str, Any]]:
    """The summaries of every invoice of the payers' billing periods, as AWS answers them.

    Raises the FinopsError of what AWS refuses.
    """
    client = door.client("invoicing")
    wanted = list(periods)
    found: list[dict[str, Any]] = []
    for payer in payers:
        with aws_errors(f"invoices of {payer}"):
            for period in wanted:
                found += _of(client, payer, period)
    return found


def _of(client: Any, payer: str, period: str) -> list[dict[str, Any]]:
    year, month = period.split("-")
    pages = client.get_paginator("list_invoice_summaries").paginate(
        Selector={"ResourceType": "ACCOUNT_ID", "Value": payer},
        Filter={"BillingPeriod": {"Month": int(month), "Year": int(year)}},
    )
    return [summary for page in pages for summary in page["InvoiceSummaries"]]
