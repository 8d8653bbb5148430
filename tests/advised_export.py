"""A bill of fifteen days with something for every step of advice, and usage that several steps are about."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hourly_export import BOX, Row, every_hour, with_plan
from tests.spot_export import GROUP
from tests.waste_export import DAYS, ENVIRONMENT, always, line

WINDOWS = {"lineItem/Operation": "RunInstances:0002"}


def estate() -> Iterator[Row]:
    """An idle gateway, a group that works in the office only, servers with successors, and usage under a plan."""
    linux = {"lineItem/Operation": "RunInstances"}
    yield from always("AmazonEC2", "NatGateway-Hours", "nat-idle")
    yield line(0, "AmazonEC2", "NatGateway-Hours", "nat-works")
    yield line(0, "AmazonEC2", "NatGateway-Bytes", "nat-works", "0.5", "0.02")
    yield from always("AmazonEC2", "BoxUsage:m5.large", "i-intel", cost="0.096", **linux)
    yield from always("AmazonEC2", "BoxUsage:m4.large", "i-old", cost="0.1", **linux)
    yield line(0, "AmazonEC2", "BoxUsage:m7g.large", "i-arm", cost="0.06", **linux)
    for at in every_hour(DAYS):
        for name in ("dev-1", "dev-2", *(["dev-gone"] if at < 50 else [])):
            yield line(at, "AmazonEC2", BOX, name, cost="0.1", **{ENVIRONMENT: "dev", GROUP: "dev"}, **WINDOWS)
    yield line(0, "AmazonEC2", "USE2-SpotUsage:m5.large", "i-spot", cost="0.04", **WINDOWS)
    yield from ({**row, **WINDOWS} for row in with_plan([2, 2, 1, 3], days=DAYS))
