"""A legacy Cost and Usage Report of a few lines on disk, for tests from a file all the way to a verb."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from finops.cli import main

COLUMNS = {
    "bill/InvoiceId": "",
    "bill/PayerAccountId": "000000000001",
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "lineItem/UsageAccountId": "000000000002",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-05T00:00:00Z",
    "lineItem/UsageEndDate": "2026-10-05T01:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "USE2-BoxUsage:m5.large",
    "lineItem/ResourceId": "",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0",
    "product/region": "us-east-2",
    "resourceTags/user:Environment": "",
    "resourceTags/user:Owner": "",
    "costCategory/team": "",
}

LINES = (
    {"lineItem/UnblendedCost": "10.25", "lineItem/ResourceId": "i-1", "resourceTags/user:Environment": "prod",
     "resourceTags/user:Owner": "web"},
    {"lineItem/UnblendedCost": "4.5", "lineItem/ResourceId": "i-2", "resourceTags/user:Environment": "prod",
     "costCategory/team": "Team A"},
    {"lineItem/UnblendedCost": "1.81E-8", "lineItem/ResourceId": "i-3", "lineItem/ProductCode": "AWSLambda",
     "lineItem/UsageStartDate": "2026-10-06T00:00:00Z", "lineItem/UsageEndDate": "2026-10-06T01:00:00Z"},
    {"lineItem/UnblendedCost": "2", "lineItem/LineItemType": "Tax", "product/region": "",
     "lineItem/UsageStartDate": "2026-10-01T00:00:00Z", "lineItem/UsageEndDate": "2026-11-01T00:00:00Z"},
)  # fmt: skip


def write_export(folder: Path, lines: Iterable[dict[str, str]] = LINES, name: str = "acme", **always: str) -> Path:
    """Write the export with its manifest below `folder`, return its folder; `always` is set on each line."""
    root = folder / name
    home = root / "20261001-20261101"
    home.mkdir(parents=True)
    rows = [{**COLUMNS, **always, **line} for line in lines]
    with (home / f"{name}-1.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(
            handle, list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)])), restval=""
        )
        writer.writeheader()
        writer.writerows(rows)
    manifest = {
        "assemblyId": f"{name}-assembly",
        "reportName": name,
        "account": "000000000001",
        "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
        "bucket": "bucket",
        "compression": "Zip",
        "contentType": "text/csv",
        "reportKeys": [f"{name}/20261001-20261101/{name}-1.csv"],
    }
    (home / f"{name}-Manifest.json").write_text(json.dumps(manifest))
    return root


def restate(export: Path, delivery: str, lines: Iterable[dict[str, str]], **always: str) -> None:
    """Deliver the period again, in place: new rows, and a manifest that names the new delivery."""
    home = export / "20261001-20261101"
    shutil.rmtree(export.parent / "again", ignore_errors=True)
    write_export(export.parent / "again", lines, name=export.name, **always)
    again = export.parent / "again" / export.name / "20261001-20261101"
    (home / f"{export.name}-1.csv").write_bytes((again / f"{export.name}-1.csv").read_bytes())
    manifest = json.loads((again / f"{export.name}-Manifest.json").read_text())
    (home / f"{export.name}-Manifest.json").write_text(json.dumps({**manifest, "assemblyId": delivery}))


def ingested(folder: Path, **values: str) -> Path:
    """A database in `folder` with the tiny export in it."""
    database = folder / "finops.duckdb"
    assert main(["ingest", str(write_export(folder, **values)), "--db", str(database)]) == 0
    return database
