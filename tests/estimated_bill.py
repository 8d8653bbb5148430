"""A bill of three weeks of October, steady enough to work out by hand what an estimate makes of it."""

from __future__ import annotations

from pathlib import Path

from tests.tiny_export import write_export

# What a day costs: service, usage type, cost, tags.
DAILY = (
    ("AmazonRDS", "USE2-Aurora:ServerlessV2Usage", "2", "prod", ""),
    ("AmazonRDS", "USE2-InstanceUsage:db.t3.small", "1", "prod", ""),
    ("AmazonS3", "USE2-TimedStorage-ByteHrs", "1", "prod", ""),
    ("AmazonEC2", "USE2-BoxUsage:m5.large", "10", "prod", "web"),
    ("AmazonEC2", "USE2-NatGateway-Hours", "3", "prod", ""),
)


def line(day: int, service: str, usage_type: str, cost: str, environment: str, owner: str) -> dict[str, str]:
    return {
        "lineItem/UsageStartDate": f"2026-10-{day:02d}T00:00:00Z",
        "lineItem/UsageEndDate": f"2026-10-{day + 1:02d}T00:00:00Z" if day < 31 else "2026-11-01T00:00:00Z",
        "lineItem/ProductCode": service,
        "lineItem/UsageType": usage_type,
        "lineItem/UnblendedCost": cost,
        "lineItem/ResourceId": f"{service}-{usage_type}",
        "resourceTags/user:Environment": environment,
        "resourceTags/user:Owner": owner,
    }


def october(folder: Path) -> Path:
    """Write the bill below `folder`: prod by tag, an account without one, a charge of nobody. Days 21, 22 are open."""
    lines = [line(day, *one) for day in range(1, 23) for one in DAILY]
    staging = {"lineItem/UsageAccountId": "000000000009"}
    lines += [line(day, "AmazonS3", "USW2-TimedStorage-ByteHrs", "20", "", "") | staging for day in range(1, 23)]
    lines.append(line(3, "AWSLambda", "USE2-Lambda-GB-Second", "0.5", "", ""))
    return write_export(folder, lines)
