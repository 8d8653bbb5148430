"""What is worth asking AWS for: prices of the usage types that the bill has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finops.prices.lookup import Usage, sku_keys
from finops.rates import Rated

# What a plan may cover goes to the Savings Plans API, what is sold as a reservation to the Price List API.
_PLAN_SERVICES = {
    "AmazonEC2", "AmazonECS", "AmazonEKS", "AWSLambda", "AmazonSageMaker", "AmazonRDS", "AmazonDynamoDB",
}  # fmt: skip
_RESERVED_SERVICES = {"AmazonEC2", "AmazonRDS", "AmazonElastiCache", "AmazonES", "AmazonRedshift"}
_INSTANCE = re.compile(r"(?:Box|Spot)Usage:(.+)$")
# Storage that lifecycle advice moves from, and what it has to know of where that could go.
_MOVES_TO = {
    "TimedStorage-ByteHrs": (
        "AmazonS3",
        ("TimedStorage-SIA-ByteHrs", "TimedStorage-GIR-ByteHrs", "TimedStorage-INT-IA-ByteHrs", "Retrieval-SIA",
         "Retrieval-SIA-GIR", "Requests-Tier4", "Monitoring-Automation-INT"),
    ),
    "EBS:VolumeUsage.gp2": (
        "AmazonEC2", ("EBS:VolumeUsage.gp3", "EBS:VolumeP-IOPS.gp3", "EBS:VolumeP-Throughput.gp3"),
    ),
    "DataProcessing-Bytes": ("AmazonCloudWatch", ("DataProcessingIA-Bytes",)),
}  # fmt: skip
_NODE = re.compile(r"(?:Usage|ESInstance|Node):[a-z]")


@dataclass(frozen=True)
class Wants:
    """Usage types for the Price List, for Savings Plans rates, and instance types by region for Spot prices."""

    listed: Sequence[Usage]
    plans: Sequence[Usage]
    spot: Mapping[str, Sequence[str]]


def wants(rated: Sequence[Rated]) -> Wants:
    """What is asked for a bill: list prices where it has no rate of its own or could reserve, and what plans cover."""
    paid = [one for one in rated if one.cost or one.rate]
    spot: dict[str, list[str]] = defaultdict(list)
    for one in paid:
        found = _INSTANCE.search(one.usage[2])
        if found and one.usage[0] == "AmazonEC2" and one.usage[1]:
            spot[one.usage[1]].append(found[1])
    return Wants(
        listed=[*(one.usage for one in paid if _is_listed(one)), *_moved_to(paid)],
        plans=[one.usage for one in paid if one.usage[0] in _PLAN_SERVICES and "SpotUsage" not in one.usage[2]],
        spot=spot,
    )


def _is_listed(one: Rated) -> bool:
    service, _, usage_type, _ = one.usage
    if "SpotUsage" in usage_type:
        return False
    return one.rate is None or (service in _RESERVED_SERVICES and bool(_NODE.search(usage_type)))


def _moved_to(paid: Sequence[Rated]) -> list[Usage]:
    """Classes of storage that the bill may not have yet, in the regions of those it has, without an operation."""
    known = {(one.usage[0], one.usage[1], one.usage[2]) for one in paid if one.rate}
    found: dict[Usage, None] = {}
    for one in paid:
        service, region, usage_type, operation = one.usage
        bare = sku_keys(usage_type, operation)[1]
        holder, others = _MOVES_TO.get(bare, ("", ()))
        prefix = usage_type.removesuffix(bare)
        if service == holder:
            found |= {(service, region, prefix + other, ""): None for other in others}
    return [usage for usage in found if usage[:3] not in known]
