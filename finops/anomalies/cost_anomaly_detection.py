"""What AWS Cost Anomaly Detection has found in the same days, beside what finops finds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from finops.anomalies.events import Event
from finops.aws.refusals import aws_errors
from finops.document import Column, Rows
from finops.ledger.recipe import SERVICE_CODES

if TYPE_CHECKING:
    from finops.aws.door import Door

# AWS keeps its findings so long (AWS Cost Management user guide).
KEPT_DAYS = 90
COLUMNS = (
    Column("aws_id", "text", "never"),
    Column("start"),
    Column("end"),
    Column("service"),
    Column("account"),
    Column("region", "text", "filled"),
    Column("usage_type", "text", "filled"),
    Column("expected", "money", "never"),
    Column("actual", "money", "never"),
    Column("impact", "money"),
    Column("feedback", "text", "filled"),
    Column("ours", "text", "filled"),
)
_NEAR = timedelta(days=2)


@dataclass(frozen=True)
class AwsFinding:
    """One anomaly of AWS: days [start, end), its first root cause, amounts in AWS's own unblended USD.

    `dimension_value` is what the monitor watches: a service by its long name, an account, a tag's value.
    """

    aws_id: str
    start: date
    end: date
    service: str
    account: str
    region: str
    usage_type: str
    dimension_value: str
    expected: Decimal | None
    actual: Decimal | None
    impact: Decimal
    feedback: str


def ask(door: Door, start: date, end: date) -> list[AwsFinding]:
    """AWS's findings that ended on days [start, end), oldest first. Raises EngineError when AWS cannot be asked."""
    with aws_errors("AWS Cost Anomaly Detection"):
        found = [_finding(one) for one in _pages(door, start, end)]
    return sorted(found, key=lambda one: (one.start, one.aws_id))


def beside(findings: Sequence[AwsFinding], events: Sequence[Event]) -> Rows:
    """The findings as rows; `ours` is the id of the event of finops that they speak of, blank where there is none."""
    return Rows.of(
        COLUMNS,
        [
            (
                one.aws_id, str(one.start), str(one.end), one.service or one.dimension_value, one.account, one.region,
                one.usage_type, one.expected, one.actual, one.impact, one.feedback, _ours(one, events),
            )
            for one in findings
        ],
    )  # fmt: skip


def _pages(door: Door, start: date, end: date) -> Iterator[dict[str, Any]]:
    client = door.client("ce")
    interval = {"StartDate": str(start), "EndDate": str(end - timedelta(days=1))}
    more: dict[str, str] = {}
    while True:
        answer = client.get_anomalies(DateInterval=interval, MaxResults=100, **more)
        yield from answer["Anomalies"]
        if not answer.get("NextPageToken"):
            return
        more = {"NextPageToken": answer["NextPageToken"]}


def _finding(one: dict[str, Any]) -> AwsFinding:
    cause = (one.get("RootCauses") or [{}])[0]
    impact = one["Impact"]
    start = _day(one["AnomalyStartDate"])
    return AwsFinding(
        aws_id=one["AnomalyId"],
        start=start,
        end=(_day(one["AnomalyEndDate"]) if one.get("AnomalyEndDate") else start) + timedelta(days=1),
        service=_codes().get(cause.get("Service", ""), cause.get("Service", "")),
        account=cause.get("LinkedAccount", ""),
        region=cause.get("Region", ""),
        usage_type=cause.get("UsageType", ""),
        dimension_value=one.get("DimensionValue", ""),
        expected=_money(impact.get("TotalExpectedSpend")),
        actual=_money(impact.get("TotalActualSpend")),
        impact=_money(impact.get("TotalImpact", impact["MaxImpact"])) or Decimal(0),
        feedback=one.get("Feedback", ""),
    )


@cache
def _codes() -> dict[str, str]:
    """Service codes of the bill by the names AWS gives services here."""
    with SERVICE_CODES.open(newline="", encoding="utf-8") as handle:
        return {row["service_name"]: row["x_service_code"] for row in csv.DictReader(handle)}


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _money(value: float | None) -> Decimal | None:
    """What AWS sends as a floating-point number, with the digits it has."""
    return None if value is None else Decimal(repr(value))


def _ours(one: AwsFinding, events: Sequence[Event]) -> str:
    """The dearest event of about the same days that is of no other service, account, region or usage type."""
    fits = (
        event
        for event in events
        if event.start <= one.end + _NEAR and one.start <= event.end + _NEAR and _same_place(one, event)
    )
    best = max(fits, key=lambda event: abs(event.impact), default=None)
    return best.id if best else ""


def _same_place(one: AwsFinding, event: Event) -> bool:
    pairs = ((one.service, event.service), (one.account, event.account), (one.region, event.region))
    if any(theirs and ours and theirs != ours for theirs, ours in pairs):
        return False
    return not one.usage_type or any(part.usage_type == one.usage_type for part in event.parts)
