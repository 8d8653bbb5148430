"""Two months of a bill, the second delivered after advice of the first was accepted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.cli import main
from finops.recommend.accepted.entry import Baseline, Entry, Line
from tests.hourly_export import Row, hour
from tests.stored_export import daily
from tests.tiny_export import write_export

OCTOBER, NOVEMBER = range(31), range(31, 61)
_MONTH = {"bill/BillingPeriodStartDate": "2026-11-01T00:00:00Z", "bill/BillingPeriodEndDate": "2026-12-01T00:00:00Z"}


def october(folder: Path, rows: Iterable[Row], **always: str) -> Path:
    """A database with the rows as October; what comes later is delivered below the same folder."""
    database = folder / "finops.duckdb"
    export = write_export(folder, list(rows), **always)
    assert main(["ingest", str(export), "--db", str(database)]) == 0
    return database


def november(database: Path, rows: Iterable[Row], **always: str) -> None:
    """Deliver the rows as November of the same export, and load it."""
    made = write_export(database.parent / "later", list(rows), **_MONTH, **always)
    home = database.parent / "acme" / "20261101-20261201"
    shutil.move(made / "20261001-20261101", home)
    shutil.rmtree(database.parent / "later")
    (path,) = home.glob("*-Manifest.json")
    manifest = json.loads(path.read_text())
    manifest["billingPeriod"] = {"start": "20261101T000000.000Z", "end": "20261201T000000.000Z"}
    manifest["reportKeys"] = [key.replace("20261001-20261101", home.name) for key in manifest["reportKeys"]]
    manifest["assemblyId"] = "november"
    path.write_text(json.dumps(manifest))
    assert main(["ingest", str(database.parent / "acme"), "--db", str(database)]) == 0


def nat(name: str, days: Iterable[int], hours: int = 24) -> Iterator[Row]:
    """A NAT gateway that runs so many hours a day."""
    yield from daily("AmazonEC2", name, "NatGateway-Hours", Decimal(hours), "0.045", "NatGateway", days)


def promised(name: str, saving: str | None) -> Entry:
    """The entry of a gateway that ran all day, accepted on the sixth of October."""
    figure = None if saving is None else Decimal(saving)
    day = Line("NatGateway-Hours", Decimal("1.08"), Decimal("1.08"), Decimal(24))
    return Entry(
        id=f"{name:0<16}", kind="idle_nat", account="000000000002", region="us-east-1", service="AmazonEC2",
        resource_id=name, owner="web", action=f"delete NAT gateway {name}: nothing went through it", basis="own rate",
        certainty="measured", currency="USD", accepted_on=date(2026, 10, 6), note="", promised=figure,
        promised_low=figure, promised_high=figure,
        baseline=Baseline(date(2026, 10, 1), date(2026, 10, 6), 5, (day,)), terms={},
    )  # fmt: skip


def box(name: str, kind: str, rate: str, days: Iterable[int], hours: int = 24) -> Iterator[Row]:
    """An instance on demand that runs so many hours a day."""
    yield from daily("AmazonEC2", name, f"BoxUsage:{kind}", Decimal(hours), rate, "RunInstances", days)


def plan_hours(
    arn: str, days: Iterable[int], covered: str, used: str, committed: str, start: str, resource: str = "i-fleet"
) -> Iterator[Row]:
    """A Compute Savings Plan hour by hour: what it covers, on demand and at the plan's rate, and its fee."""
    for day in days:
        for at in range(24):
            when = {**hour(day * 24 + at), "savingsPlan/SavingsPlanARN": arn, "lineItem/UsageAmount": "1",
                    "lineItem/UsageType": "BoxUsage:m5.large", "lineItem/ResourceId": resource}  # fmt: skip
            yield {
                **when, "lineItem/LineItemType": "SavingsPlanCoveredUsage", "lineItem/UnblendedCost": covered,
                "savingsPlan/SavingsPlanEffectiveCost": used,
            }  # fmt: skip
            yield {**when, "lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": f"-{covered}"}
            yield {
                **when, "lineItem/LineItemType": "SavingsPlanRecurringFee", "lineItem/UnblendedCost": committed,
                "lineItem/ProductCode": "ComputeSavingsPlans", "lineItem/UsageType": "ComputeSP:1yrNoUpfront",
                "lineItem/ResourceId": "", "savingsPlan/TotalCommitmentToDate": committed,
                "savingsPlan/UsedCommitment": used, "savingsPlan/OfferingType": "ComputeSavingsPlans",
                "savingsPlan/PurchaseTerm": "1yr", "savingsPlan/PaymentOption": "No Upfront",
                "savingsPlan/StartTime": start, "savingsPlan/EndTime": "2027-11-02T00:00:00.000Z",
            }  # fmt: skip
