"""The tags of each resource hour by hour: those it should carry, then the faults planted on it."""

from datetime import date
from itertools import pairwise
from typing import Any

from finops.ingest.demo.estate import Row, estate
from finops.ingest.demo.line import Tags
from finops.ingest.demo.periods import hour_of

_CONFIDENTIAL = frozenset({"database", "storage", "streaming"})


def segments(resource: Row, start: int, end: int) -> list[tuple[int, int, Tags]]:
    """The hours [start, end) cut where the tags of `resource` change: (start, end, tags)."""
    faults = faults_of(resource["key"])
    edges = {hour_of(fault[bound]) for fault in faults for bound in ("from", "until") if bound in fault}
    cuts = [start, *sorted(edge for edge in edges if start < edge < end), end]
    return [
        (left, right, _tags(resource, [fault for fault in faults if is_active(fault, left)]))
        for left, right in pairwise(cuts)
        if left < right
    ]


def faults_of(key: str) -> list[dict[str, Any]]:
    """The faults planted on the resource of that key."""
    return [fault for fault in estate().faults if fault["resource"] == key]


def is_active(fault: dict[str, Any], hour: int) -> bool:
    """Does the fault show in lines that start at `hour`?"""
    return _bound(fault.get("from"), hour) <= hour < _bound(fault.get("until"), hour + 1)


def _bound(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else hour_of(day)


def _tags(resource: Row, faults: list[dict[str, Any]]) -> Tags:
    if not resource["resource_id"]:
        return ()
    tags = _intended(resource)
    for fault in faults:
        for key in fault.get("drop", ()):
            tags.pop(key, None)
        tags.update(fault.get("set", {}))
    return tuple(tags.items())


def _intended(resource: Row) -> dict[str, str]:
    company = estate()
    # What belongs to no project was started by hand: it has no tag at all but a name.
    if not resource["project"]:
        return {"Name": resource["key"]}
    project = company.projects[resource["project"]]
    tags = {
        "Project": project["name"],
        "Environment": company.accounts[resource["account"]].get("environment", "prod"),
        "Owner": project["owner"],
        "CostCenter": project["cost_center"],
        "Component": resource["component"],
        "Name": resource["key"],
    }
    if resource["component"] in _CONFIDENTIAL:
        tags["DataClassification"] = "confidential"
    return tags
