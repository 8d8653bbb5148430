"""A legacy Cost and Usage Report of many hours, for tests of commitments: usage, a plan, a reservation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from tests.tiny_export import write_export

START = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 31
PLAN = "arn:aws:savingsplans::000000000002:savingsplan/aaaaaaaa-0000-0000-0000-000000000001"
BOX = "USE2-BoxUsage:m5.large"
Row = dict[str, str]


def hour(number: int, length: int = 1) -> Row:
    """The start and end of an hour of October, counted from 0."""
    start = START + timedelta(hours=number)
    end = start + timedelta(hours=length)
    return {
        "lineItem/UsageStartDate": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "lineItem/UsageEndDate": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }


def usage(number: int, amount: float, rate: str = "0.1", kind: str = BOX, **more: str) -> Row:
    """`amount` instances of an hour on demand."""
    return {
        **hour(number),
        "lineItem/UsageType": kind,
        "lineItem/UsageAmount": str(amount),
        "lineItem/UnblendedCost": f"{amount * float(rate):.10f}",
        **more,
    }


def covered(number: int, amount: float, rate: str = "0.06", kind: str = BOX) -> list[Row]:
    """`amount` instances of an hour under the plan, their negation, and the plan's fee for exactly them."""
    cost, effective = f"{amount * 0.1:.10f}", f"{amount * float(rate):.10f}"
    arn = {"savingsPlan/SavingsPlanARN": PLAN}
    row = usage(number, amount, kind=kind)
    fee = {
        **hour(number),
        **arn,
        "lineItem/LineItemType": "SavingsPlanRecurringFee",
        "lineItem/ProductCode": "ComputeSavingsPlans",
        "lineItem/UsageType": "ComputeSP:1yrNoUpfront",
        "lineItem/UnblendedCost": effective,
        "savingsPlan/TotalCommitmentToDate": effective,
        "savingsPlan/UsedCommitment": effective,
        "savingsPlan/OfferingType": "ComputeSavingsPlans",
        "savingsPlan/PurchaseTerm": "1yr",
        "savingsPlan/PaymentOption": "No Upfront",
        "savingsPlan/StartTime": "2026-06-01T00:00:00.000Z",
        "savingsPlan/EndTime": "2027-06-01T00:00:00.000Z",
    }
    taken = {**row, **arn, "lineItem/LineItemType": "SavingsPlanCoveredUsage"}
    return [
        {**taken, "savingsPlan/SavingsPlanEffectiveCost": effective},
        {**row, **arn, "lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": f"-{cost}"},
        fee,
    ]


def advice_on(
    capsys: pytest.CaptureFixture[str], folder: Path, database: Path, *options: str, settings: str = ""
) -> dict[str, Any]:
    """What `finops recommend commitments` prints as JSON, with options and settings."""
    config = folder / "finops.toml"
    config.write_text(settings)
    capsys.readouterr()
    words = ["recommend", "commitments", "--format", "json", "--db", str(database), "--config", str(config)]
    assert main([*words, *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


def every_hour(days: int = DAYS) -> range:
    """The hours of the first days of October."""
    return range(days * 24)


def loaded(folder: Path, rows: Iterable[Row], **always: str) -> Path:
    """A database with the rows."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "finops.duckdb"
    export = write_export(folder, list(rows), **{"lineItem/Operation": "RunInstances", **always})
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    return database


def with_plan(amounts: Iterable[float], days: int = DAYS) -> Iterator[Row]:
    """One instance under the plan each hour, and beside it usage on demand: the amounts over and over."""
    pattern = list(amounts)
    for number in every_hour(days):
        yield from covered(number, 1)
        if amount := pattern[number % len(pattern)]:
            yield usage(number, amount)
