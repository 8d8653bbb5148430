"""The demo company's bill from both sides: the export in a ledger, and what Cost Explorer and invoices say of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from finops.cli import main
from finops.ingest.demo import write_export, write_invoices
from tests.cost_explorer_delivery import Group, load_answer

PAYER = "012345678901"
FINAL, OPEN = "2026-09", "2026-10"
SELLER = "7xk2q9vbd0rn4m8tz1csw5hyf"
Summary = dict[str, Any]
Plant = Callable[[list[Group]], list[Group]]

_GROUPS = """
select charge_day, sum(x_unblended_cost), x_service_code, x_line_item_type
from read_parquet(?) where billing_period = ? group by all order by all
"""


def write_ledger(folder: Path, shape: str = "cur2-parquet") -> Path:
    """A database with three months of the company's bill."""
    database = folder / "finops.duckdb"
    export = write_export(shape, folder / "export")
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    return database


def copied(database: Path, folder: Path) -> Path:
    """The database and its store in another folder, to be changed there."""
    shutil.copytree(database.parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("export"))
    return folder / database.name


def answer(database: Path, period: str) -> list[Group]:
    """What Cost Explorer knows of a month, without any difference: day, service and type of line."""
    marts = str(database.with_suffix(".store") / f"*{period}*" / "marts" / "resource_daily.parquet")
    return [Group(*row) for row in duckdb.execute(_GROUPS, [marts, period]).fetchall()]


def answered(database: Path, period: str, plant: Plant = list, final: bool | None = None) -> None:
    """Load Cost Explorer's answer about a month with a difference planted in it."""
    load_answer(database, plant(answer(database, period)), period, period == FINAL if final is None else final, PAYER)


def without(wanted: Callable[[Group], bool]) -> Plant:
    """Leave groups out."""
    return lambda groups: [one for one in groups if not wanted(one)]


def more(cost: str, day: str, service: str = "AmazonEC2", kind: str = "Usage") -> Plant:
    """Add a group."""
    return lambda groups: [*groups, Group(date.fromisoformat(day), Decimal(cost), service, kind)]


def discounts_inside_usage(groups: list[Group]) -> list[Group]:
    """Fold each discount into usage of its service and day."""
    return [replace(one, type="Usage") if one.is_discount else one for one in groups]


def summaries(folder: Path) -> list[Summary]:
    """The invoices of the months that are final."""
    held: list[Summary] = json.loads(write_invoices(folder).read_text())["InvoiceSummaries"]
    return held


def of_final_month(held: Iterable[Summary], entity: str = "AWS") -> Summary:
    """The invoice of the newest final month."""
    (found,) = [
        one
        for one in held
        if one["BillingPeriod"] == {"Month": 9, "Year": 2026} and one["Entity"]["BillingEntity"] == entity
    ]
    return found


def charged(summary: Summary, more: str, before_tax: bool = True) -> None:
    """Change what an invoice charges, tax apart."""
    written = summary["BaseCurrencyAmount"]
    for name in ("TotalAmount", "TotalAmountBeforeTax") if before_tax else ("TotalAmount",):
        written[name] = str(Decimal(written[name]) + Decimal(more))


def without_discount(summary: Summary) -> None:
    """Charge what the discount took off, and tell of no discount."""
    told = summary["BaseCurrencyAmount"]["AmountBreakdown"]["Discounts"]
    charged(summary, str(-Decimal(told["TotalAmount"])))
    told["TotalAmount"] = "0.00"


def written(folder: Path, held: Sequence[Summary]) -> Path:
    """The invoices as a file."""
    path = folder / "invoices.json"
    path.write_text(json.dumps({"InvoiceSummaries": list(held)}))
    return path
