"""A bill with a resource for each kind of waste, one like it that works, and one at the threshold: 15 days."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hourly_export import Row, every_hour, hour

DAYS = 15
# The last day of an open month does not count.
HOURS = 336
ENVIRONMENT = "resourceTags/user:Environment"


def line(at: int, service: str, kind: str, name: str, amount: str = "1", cost: str = "0.05", **more: str) -> Row:
    """`amount` of a usage type in an hour of October."""
    return {
        **hour(at), "lineItem/ProductCode": service, "lineItem/UsageType": kind, "lineItem/ResourceId": name,
        "lineItem/UsageAmount": amount, "lineItem/UnblendedCost": cost, **more,
    }  # fmt: skip


def always(service: str, kind: str, name: str, start: int = 0, **more: str) -> list[Row]:
    """The same in every hour from `start` on."""
    return [line(at, service, kind, name, **more) for at in every_hour(DAYS)[start:]]


def office(at: int) -> bool:
    """Whether people work in the hour: October 2026 begins on a Thursday."""
    return (at // 24 + 3) % 7 < 5 and 7 <= at % 24 < 19


def wasteful() -> Iterator[Row]:
    """Everything that is told, and beside it what is not."""
    box, linux = "BoxUsage:", {"lineItem/Operation": "RunInstances"}
    yield from always("AmazonEC2", "NatGateway-Hours", "nat-idle")
    yield from always("AmazonEC2", "NatGateway-Hours", "nat-works")
    yield line(9, "AmazonEC2", "NatGateway-Bytes", "nat-works", "0.5", "0.02")
    yield from always("AmazonEC2", "NatGateway-Hours", "nat-new", start=6)
    yield from always("AWSELB", "LoadBalancerUsage", "alb-unknown")
    yield line(3, "AmazonCloudWatch", "DataProcessing-Bytes", "log-group", "2", "1.00")
    yield from always("AmazonVPC", "PublicIPv4:IdleAddress", "eip-idle", cost="0.005")
    yield from always("AmazonVPC", "PublicIPv4:InUseAddress", "eip-used", cost="0.005")
    yield from always("AmazonEC2", f"{box}m4.large", "i-old", cost="0.1", **linux)
    yield from always("AmazonEC2", f"{box}m5.large", "i-intel", cost="0.096", **linux)
    yield from always(
        "AmazonEC2", f"{box}m5.large", "i-windows", cost="0.188", **{"lineItem/Operation": "RunInstances:0002"}
    )
    yield from always("AmazonEC2", f"{box}m7g.large", "i-arm", cost="0.0816", **linux)
    yield from always("AmazonEC2", f"{box}p3.2xlarge", "i-dev", cost="3", **linux, **{ENVIRONMENT: "dev"})
    for at in every_hour(DAYS):
        if office(at):
            yield line(at, "AmazonEC2", f"{box}p3.2xlarge", "i-sleeps", "1", "3", **linux, **{ENVIRONMENT: "dev"})
    yield from always("AmazonRDS", "Aurora:ServerlessV2Usage", "cluster-flat", amount="2", cost="0.24")
    for at in every_hour(DAYS):
        amount = "4" if office(at) else "0.5"
        yield line(at, "AmazonRDS", "Aurora:ServerlessV2Usage", "cluster-scales", amount, f"{float(amount) * 0.12:.2f}")
    yield line(5, "AmazonAthena", "USE1-DataScannedInTB", "workgroup/bi", "0.5", "2.5")
    yield line(6, "AmazonAthena", "USE1-DataScannedInTB", "workgroup/bi", "0.25", "1.25")
    yield line(5, "AWSGlue", "USE1-ETL-DPU-Hour", "job/nightly", "3", "1.32")
    yield line(7, "AmazonS3", "TimedStorage-ByteHrs", "lake", "30", "0.69")
    yield line(7, "AmazonS3", "TimedStorage-SIA-ByteHrs", "lake", "10", "0.13")
    spot = {"lineItem/Operation": "RunInstances:SV001"}
    yield from always("AmazonEC2", "SpotUsage:m5.large", "i-spot", cost="0.03", **spot)
