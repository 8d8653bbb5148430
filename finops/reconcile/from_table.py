"""Invoices from a CSV that a person made or a billing portal exported: a line per invoice."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from finops.engines.layout import squash
from finops.errors import DataError
from finops.reconcile.amounts import amount, day, month
from finops.reconcile.kinds import CHARGES
from finops.reconcile.sides import Invoice

# What a column holds -> how its header may be spelled, in letters and digits only.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "invoice_id": ("invoiceid", "invoicenumber", "invoiceno", "invoice", "documentid"),
    "total": ("total", "totalamount", "amount", "invoiceamount", "invoicetotal", "totalaftertax", "grosstotal"),
    "tax": ("tax", "taxes", "taxamount", "totaltax", "vat", "gst"),
    "before_tax": ("beforetax", "totalbeforetax", "totalamountbeforetax", "amountbeforetax", "net", "nettotal"),
    "period": ("billingperiod", "period", "billingmonth", "month"),
    "currency": ("currency", "currencycode"),
    "entity": ("billingentity", "entity"),
    "bill_type": ("billtype",),
    "issued": ("issueddate", "invoicedate", "issuedate", "dateissued"),
}
_NATURES = {
    ("entity", "awsmarketplace"): "marketplace",
    ("bill_type", "purchase"): "upfront",
    ("bill_type", "refund"): "refund",
}


def invoices(path: Path) -> list[Invoice]:
    """The invoices of a CSV file with a header. Columns that are not known are left alone.

    Raises DataError for a file without an invoice id and a total, and for a cell that cannot be read, with its line.
    """
    with path.open(newline="", encoding="utf-8-sig") as handle:
        lines = csv.reader(handle)
        header = next(lines, [])
        columns = _columns(header, path)
        return list(_read(lines, columns, path))


def _columns(header: Sequence[str], path: Path) -> dict[str, int]:
    places = {squash(name): at for at, name in enumerate(header)}
    columns = {
        name: next(places[one] for one in spelled if one in places)
        for name, spelled in SPELLINGS.items()
        if any(one in places for one in spelled)
    }
    if "invoice_id" not in columns or not ("total" in columns or {"before_tax", "tax"} <= columns.keys()):
        raise DataError(
            "no invoice can be read from this file: its header names no invoice id and no total",
            f"{path}: {', '.join(header[:8])}",
            "a CSV with the columns invoice_id,period,total,tax, or the JSON of aws invoicing list-invoice-summaries",
        )
    return columns


def _read(lines: Iterator[list[str]], columns: Mapping[str, int], path: Path) -> Iterator[Invoice]:
    for number, line in enumerate(lines, 2):
        cells = {name: line[at].strip() for name, at in columns.items() if at < len(line)}
        if not any(cell.strip() for cell in line):
            continue
        try:
            yield _invoice(cells)
        except ValueError as error:
            raise DataError(f"an invoice cannot be read: {error}", f"{path}, line {number}") from error


def _invoice(cells: Mapping[str, str]) -> Invoice:
    if not cells.get("invoice_id"):
        raise ValueError("it has no invoice id")
    nature = next((kind for (name, word), kind in _NATURES.items() if squash(cells.get(name, "")) == word), "")
    return Invoice(
        cells["invoice_id"],
        month(cells["period"]) if cells.get("period") else None,
        cells.get("currency", "").upper() or None,
        _amounts(cells),
        nature,
        day(cells.get("issued", "")),
    )


def _amounts(cells: Mapping[str, str]) -> dict[str, Decimal]:
    given = {name: amount(cells[name]) for name in ("total", "tax", "before_tax") if cells.get(name)}
    tax = given.get("tax")
    if "total" not in given:
        return {"tax": tax or Decimal(0), CHARGES: amount(cells.get("before_tax", ""))}
    if tax is None and "before_tax" in given:
        tax = given["total"] - given["before_tax"]
    if tax is not None and "before_tax" in given and given["before_tax"] + tax != given["total"]:
        raise ValueError(f"{given['before_tax']} and {tax} tax are not {given['total']}")
    return {CHARGES: given["total"]} if tax is None else {"tax": tax, CHARGES: given["total"] - tax}
