"""A bill of October with buckets in it, day by day, for tests of lifecycle advice; prices are those of us-east-1."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from tests.hourly_export import DAYS, Row, hour
from tests.tiny_export import write_export

REGION = "us-east-1"


def daily(
    service: str,
    resource: str,
    usage_type: str,
    amount: Decimal,
    rate: str,
    operation: str,
    days: Iterable[int] = range(DAYS),
    **more: str,
) -> Iterator[Row]:
    """`amount` of a usage type on each of the days of October, counted from 0."""
    for day in days:
        yield {
            **hour(24 * day, 24),
            "lineItem/ProductCode": service,
            "lineItem/ResourceId": resource,
            "lineItem/UsageType": usage_type,
            "lineItem/Operation": operation,
            "lineItem/UsageAmount": f"{amount:.18f}",
            "lineItem/UnblendedCost": f"{amount * Decimal(rate):.10f}",
            "product/region": REGION,
            **more,
        }


def standard(bucket: str, gb: int, days: Iterable[int] = range(DAYS), **more: str) -> Iterator[Row]:
    """GB in S3 Standard on each of the days."""
    amount = Decimal(gb) / DAYS
    yield from daily("AmazonS3", bucket, "TimedStorage-ByteHrs", amount, "0.023", "StandardStorage", days, **more)


def requests(bucket: str, usage_type: str, operation: str, count: int, rate: str, *days: int) -> Iterator[Row]:
    """So many requests on each of the days."""
    yield from daily("AmazonS3", bucket, usage_type, Decimal(count), rate, operation, days or range(DAYS))


def stored(folder: Path, rows: Iterable[Row]) -> Path:
    """A database with the rows."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "finops.duckdb"
    assert main(["ingest", str(write_export(folder, list(rows))), "--db", str(database)]) == 0
    return database


def lifecycle_of(
    capsys: pytest.CaptureFixture[str], folder: Path, database: Path, *options: str, settings: str = ""
) -> dict[str, Any]:
    """What `finops recommend lifecycle` prints as JSON, with options and settings."""
    config = folder / "finops.toml"
    config.write_text(settings)
    capsys.readouterr()
    words = ["recommend", "lifecycle", "--format", "json", "--db", str(database), "--config", str(config)]
    assert main([*words, *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer
