"""The tags of a resource at a time: what its project and account say, with the planted faults on top."""

from collections.abc import Mapping
from typing import Any

from finops.ingest.demo.estate import Row, Table, estate
from finops.ingest.demo.line import Tags
from finops.ingest.demo.periods import Period, hour_of


def tag_spans(resource: Row, period: Period) -> list[tuple[int, int, Tags]]:
    """Half-open spans of hours that cover the period, each with the tags of the resource in it."""
    faults = [fault for fault in estate().faults if fault["resource"] == resource["key"]]
    edges = {period.start, period.end}
    for fault in faults:
        edges.update(edge for edge in fault_hours(fault) if period.start < edge < period.end)
    marks = sorted(edges)
    return [
        (start, end, _tags(resource, [fault for fault in faults if holds(fault, start)]))
        for start, end in zip(marks, marks[1:], strict=False)
    ]


def fault_hours(fault: Table) -> tuple[int, int]:
    """The half-open hours in which a fault holds; without dates it holds always."""
    begin = hour_of(fault["from"]) if "from" in fault else 0
    return begin, hour_of(fault["until"]) if "until" in fault else 2**40


def holds(fault: Table, hour: int) -> bool:
    """Does the fault hold at this hour?"""
    begin, end = fault_hours(fault)
    return begin <= hour < end


def _tags(resource: Row, faults: list[Table]) -> Tags:
    tags = _proper_tags(resource)
    for fault in faults:
        for key in fault.get("drop", ()):
            tags.pop(key, None)
        tags.update(fault.get("set", {}))
    return tuple(sorted(tags.items()))


def _proper_tags(resource: Row) -> dict[str, str]:
    if not resource["project"]:
        return {}
    company = estate()
    project: Mapping[str, Any] = company.projects[resource["project"]]
    environment = company.accounts[resource["account"]].get("environment", "prod")
    return {
        "Project": project["name"],
        "Environment": environment,
        "Owner": project["owner"],
        "CostCenter": project["cost_center"],
        "Component": resource["component"],
    }
