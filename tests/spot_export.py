"""Hours of an Auto Scaling group, under a plan or not, and of usage beside it: for tests of advice on Spot."""

from __future__ import annotations

from collections.abc import Iterable

from tests.hourly_export import Row, covered, every_hour, usage

GROUP = "resourceTags/aws:autoscaling:groupName"
DAYS = 3


def member(name: str, group: str = "web", zone: str = "a", **more: str) -> Row:
    return {"lineItem/ResourceId": name, GROUP: group, "lineItem/AvailabilityZone": f"us-east-2{zone}", **more}


def scaling(group: str = "web", rate: str = "0.1", **more: str) -> list[Row]:
    """Two instances at a time in two zones: one stays, one is replaced half way."""
    return [
        row
        for at in every_hour(DAYS)
        for row in (
            usage(at, 1, rate, **member(f"{group}-1", group, **more)),
            usage(at, 1, rate, **member(f"{group}-{2 if at < 20 else 3}", group, "b", **more)),
        )
    ]


def scaling_covered(group: str = "web") -> list[Row]:
    """The same under the plan."""
    return [
        {**row, **(member(name, group, zone) if row["lineItem/LineItemType"] == "SavingsPlanCoveredUsage" else {})}
        for at in every_hour(DAYS)
        for name, zone in ((f"{group}-1", "a"), (f"{group}-{2 if at < 20 else 3}", "b"))
        for row in covered(at, 1)
    ]


def on_spot(rate: str = "0.04") -> list[Row]:
    """One instance on Spot in an hour: the bill's own Spot rate."""
    more = {"lineItem/ResourceId": "i-spot", "lineItem/Operation": "RunInstances:SV002"}
    return [usage(0, 1, rate, "USE2-SpotUsage:m5.large", **more)]


def beside(*names: str) -> list[Row]:
    """Instances on demand that no group has."""
    return [usage(at, 1, **{"lineItem/ResourceId": name}) for at in every_hour(DAYS) for name in names]


def briefly(lifetimes: Iterable[int]) -> list[Row]:
    """Instances without a tag that start together and live for so many hours."""
    return [
        usage(into, 1, **{"lineItem/ResourceId": f"i-{at}"})
        for at, hours in enumerate(lifetimes)
        for into in range(hours)
    ]
