"""Spot prices of the last 30 days, each weighted by how long it was in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.aws import aws_errors
from finops.prices.room import PriceRow

if TYPE_CHECKING:
    from finops.aws import Door

SERVICE = "ec2"
SOURCE = "AWS Spot price history, 30 days"
DAYS = 30
_PLATFORMS = {"Linux/UNIX": "RunInstances", "Windows": "RunInstances:0002"}
_EXACT = Decimal("1e-10")
# Percentiles of the time, over all zones of the region: what to reckon with, and what to fear.
_PERCENTILES = {"spot_p75": Decimal("0.75"), "spot_p90": Decimal("0.9")}

Lasting = tuple[Decimal, Decimal]
"""A price and for how many seconds it was in force."""


def spot_prices(door: Door, types: Mapping[str, Sequence[str]], now: datetime) -> Iterator[PriceRow]:
    """Prices of the instance types of each region. Raises EngineError where AWS refuses."""
    for region, names in sorted(types.items()):
        with aws_errors(f"Spot prices in {region}"):
            changes = list(_changes(door.client(SERVICE, region), sorted(set(names)), now))
        for (name, platform), found in sorted(_by_pool(changes).items()):
            if platform in _PLATFORMS and (lasting := _lasting(found, now)):
                key = f"SpotUsage:{name}|{_PLATFORMS[platform]}"
                for kind, price in prices_of(lasting).items():
                    yield PriceRow("AmazonEC2", region, kind, key, "Hrs", price, "USD", now.date(), SOURCE)


def _changes(client: Any, names: Sequence[str], now: datetime) -> Iterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {
        "InstanceTypes": list(names),
        "ProductDescriptions": list(_PLATFORMS),
        "StartTime": now - timedelta(days=DAYS),
        "EndTime": now,
    }
    while True:
        answer = client.describe_spot_price_history(**asked)
        yield from answer.get("SpotPriceHistory", ())
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]


def _by_pool(changes: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    found = defaultdict(list)
    for change in changes:
        found[change["InstanceType"], change["ProductDescription"]].append(change)
    return found


def _lasting(changes: Iterable[Mapping[str, Any]], now: datetime) -> list[Lasting]:
    """Each price with its time: until the next change in its zone. The first was in force at the start already."""
    zones: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for change in changes:
        start = max(change["Timestamp"], now - timedelta(days=DAYS))
        zones[change["AvailabilityZone"]].append((start, Decimal(change["SpotPrice"])))
    lasting = []
    for points in zones.values():
        points.sort()
        ends = [start for start, _ in points[1:]] + [now]
        for (start, price), end in zip(points, ends, strict=True):
            if end > start and price > 0:
                lasting.append((price, Decimal((end - start).total_seconds())))
    return lasting


def prices_of(lasting: Sequence[Lasting]) -> dict[str, Decimal]:
    """`spot`, the mean weighted by time, and the prices below which it was for 75 and 90 % of the time."""
    total = sum((seconds for _, seconds in lasting), Decimal(0))
    mean = sum((price * seconds for price, seconds in lasting), Decimal(0)) / total
    found = {"spot": mean.quantize(_EXACT)}
    for kind, share in _PERCENTILES.items():
        passed = Decimal(0)
        for price, seconds in sorted(lasting):
            passed += seconds
            if passed >= share * total:
                found[kind] = price
                break
    return found
