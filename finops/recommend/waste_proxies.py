"""Sustainability beside money, in what the bill itself counts: no coefficients, so nothing to believe."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from finops.document import Column
from finops.paths import pricing_dir
from finops.recommend.waste_facts import Used

PROXIES = (Column("measure"), Column("value", "rate"), Column("of", "rate"), Column("share", "percent"), Column("unit"))
_INSTANCE = re.compile(r"^(?:.+-)?(?P<how>Box|Spot|Dedicated)Usage:(?P<type>[a-z0-9.-]+)$")
_FARGATE = re.compile(r"^(?:.+-)?(?P<arm>Fargate-ARM|Fargate)-vCPU-Hours")
_STORED = re.compile(r"TimedStorage-(?P<class>[A-Za-z-]*?)(ByteHrs|SmallFiles)$")
# Classes that are read seldom; of Intelligent-Tiering the bill names the tiers.
_COLD = re.compile(r"^(SIA|ZIA|GIR|GlacierStaging|Glacier|GDA|INT-IA|INT-AIA|INT-AA|INT-DAA)", re.IGNORECASE)
_PERCENT = Decimal("0.0001")


@cache
def _types() -> dict[str, tuple[int, bool, bool]]:
    """vCPUs, whether arm64, whether an earlier generation, by instance type."""
    found = {}
    for path in sorted((pricing_dir() / "instance_types").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as handle:
            for row in csv.DictReader(handle):
                if row["vcpu"]:
                    old = row["current_generation"] == "false"
                    found[row["instance_type"]] = (int(row["vcpu"]), "arm64" in row["architecture"], old)
    return found


def proxies(facts: Sequence[Used]) -> list[tuple[object, ...]]:
    """vCPU-hours, and of them those on Graviton, on Spot and on previous generations; cold S3 storage of all."""
    sums = dict.fromkeys(("all", "graviton", "spot", "previous", "unknown", "cold", "stored"), Decimal(0))
    for one in facts:
        for name, amount in (*_compute(one), *_storage(one)):
            sums[name] += amount
    return [
        ("vcpu_hours", sums["all"], None, None, "vCPU-hours"),
        *(_share(f"{name}_share", sums[name], sums["all"], "vCPU-hours") for name in ("graviton", "spot")),
        _share("previous_generation_share", sums["previous"], sums["all"], "vCPU-hours"),
        _share("cold_storage_share", sums["cold"], sums["stored"], "GB-months"),
        ("unknown_type_hours", sums["unknown"], None, None, "instance-hours"),
    ]


def _share(name: str, part: Decimal, whole: Decimal, unit: str) -> tuple[object, ...]:
    return name, part, whole, (part * 100 / whole).quantize(_PERCENT) if whole else None, unit


def _compute(one: Used) -> list[tuple[str, Decimal]]:
    fargate = _FARGATE.match(one.usage_type) if one.service in ("AmazonECS", "AmazonEKS") else None
    if fargate:
        arm, spot = fargate["arm"] == "Fargate-ARM", "SpotUsage" in one.usage_type
        return _counted(one.quantity, arm, spot, previous=False)
    found = _INSTANCE.match(one.usage_type) if one.service == "AmazonEC2" else None
    if not found:
        return []
    if found["type"] not in _types():
        return [("unknown", one.quantity)]
    vcpu, arm, old = _types()[found["type"]]
    return _counted(one.quantity * vcpu, arm, found["how"] == "Spot", old)


def _counted(hours: Decimal, arm: bool, spot: bool, previous: bool) -> list[tuple[str, Decimal]]:
    flags = {"all": True, "graviton": arm, "spot": spot, "previous": previous}
    return [(name, hours) for name, holds in flags.items() if holds]


def _storage(one: Used) -> list[tuple[str, Decimal]]:
    found = _STORED.search(one.usage_type) if one.service == "AmazonS3" else None
    if not found:
        return []
    cold = [("cold", one.quantity)] if _COLD.match(found["class"]) else []
    return [("stored", one.quantity), *cold]
