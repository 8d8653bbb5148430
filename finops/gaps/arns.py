"""ARNs of resources: a bill names some of them by a bare id, and the tagging API takes nothing but ARNs."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

# Where a resource has no region of its own it is tagged in this one (AWS: Resource Groups Tagging API).
HOME_REGION = "us-east-1"
_NO_REGION = ("", "global", "(none)")


def arn_of(resource_id: str, service: str, account: str, region: str) -> str | None:
    """The ARN of a resource of the bill; None where its id does not tell.

    `service` is the AWS service code (AmazonS3), `region` the region code or `(none)`.
    """
    if resource_id.startswith("arn:"):
        return resource_id
    if service == "AmazonS3":
        return f"arn:aws:s3:::{resource_id}"
    found = next((row for row in _prefixes() if resource_id.startswith(row[0])), None)
    if found is None or region in _NO_REGION:
        return None
    return f"arn:{_partition(region)}:{found[1]}:{region}:{account}:{found[2]}/{resource_id}"


def tagging_region(region: str) -> str:
    """The region in which a resource is tagged."""
    return HOME_REGION if region in _NO_REGION else region


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@cache
def _prefixes() -> tuple[tuple[str, str, str], ...]:
    with Path(__file__).with_name("resource_arns.csv").open(newline="", encoding="utf-8") as handle:
        return tuple((row["prefix"], row["service"], row["type"]) for row in csv.DictReader(handle))
