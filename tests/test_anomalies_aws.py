"""AWS Cost Anomaly Detection beside our own events, over the real boto3 client and a server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from finops.anomalies.cost_anomaly_detection import AwsFinding, ask, beside
from finops.anomalies.find import Found, find_anomalies
from finops.aws.door import Door, open_door
from finops.errors import EngineError
from tests.anomaly_ledger import bill, ordinary, runaway
from tests.aws_json_server import AwsServer, Refusal, aws_server, writing

START, END = date(2026, 9, 1), date(2026, 11, 1)


def anomaly(number: int, start: str, service: str, **cause: str) -> dict[str, Any]:
    return {
        "AnomalyId": f"anomaly-{number}",
        "AnomalyStartDate": f"{start}T00:00:00Z",
        "AnomalyEndDate": f"{start}T00:00:00Z",
        "DimensionValue": service,
        "RootCauses": [{"Service": service, **cause}],
        "AnomalyScore": {"MaxScore": 0.9, "CurrentScore": 0.5},
        "Impact": {"MaxImpact": 90.1, "TotalImpact": 180.25, "TotalActualSpend": 180.25, "TotalExpectedSpend": 0.0},
        "MonitorArn": "arn:aws:ce::000000000001:anomalymonitor/m",
    }


PAGES = [
    {"Anomalies": [anomaly(2, "2026-10-14", "Amazon SageMaker", LinkedAccount="200000000010", Region="us-east-2")],
     "NextPageToken": "more"},
    {"Anomalies": [anomaly(1, "2026-10-02", "Amazon Elastic Compute Cloud - Compute")]},
]  # fmt: skip


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    with aws_server() as server:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        server.answers["ce", "GetAnomalies"] = lambda body: PAGES[1 if body.get("NextPageToken") else 0]
        yield server


@pytest.fixture
def door(aws: AwsServer) -> Door:
    return open_door()


@pytest.fixture(scope="module")
def found() -> Found:
    return find_anomalies(bill([*ordinary(), *runaway()]))


def test_every_page_is_read_oldest_first_with_the_services_of_the_bill(door: Door, aws: AwsServer) -> None:
    findings = ask(door, START, END)
    assert [(one.aws_id, one.service, one.impact) for one in findings] == [
        ("anomaly-1", "AmazonEC2", Decimal("180.25")),
        ("anomaly-2", "AmazonSageMaker", Decimal("180.25")),
    ]
    assert aws.calls[0].body["DateInterval"] == {"StartDate": "2026-09-01", "EndDate": "2026-10-31"}
    assert (len(aws.calls), writing(aws.calls)) == (2, [])


def test_what_it_asked_is_counted_and_priced(door: Door) -> None:
    ask(door, START, END)
    assert door.calls.price() == Decimal("0.02")


def test_a_finding_of_the_same_days_and_place_names_our_event(door: Door, found: Found) -> None:
    rows = beside(ask(door, START, END), found.events)
    ours = {row[0]: row[-1] for row in rows.read(None)}
    (event,) = found.events
    assert ours == {"anomaly-1": "", "anomaly-2": event.id}


@pytest.mark.parametrize(
    "other",
    [
        {"account": "200000000099"},
        {"region": "eu-west-1"},
        {"service": "AmazonRDS"},
        {"usage_type": "another"},
        {"start": date(2026, 8, 1), "end": date(2026, 8, 2)},
    ],
)
def test_a_finding_of_another_place_or_time_is_not_ours(other: dict[str, Any], found: Found) -> None:
    known: dict[str, Any] = {
        "aws_id": "a", "start": date(2026, 10, 14), "end": date(2026, 10, 15), "service": "AmazonSageMaker",
        "account": "200000000010", "region": "us-east-2", "usage_type": "", "dimension_value": "", "expected": None,
        "actual": None, "impact": Decimal(1), "feedback": "",
    }  # fmt: skip
    (match,) = beside([AwsFinding(**known)], found.events).read(None)
    (none,) = beside([AwsFinding(**{**known, **other})], found.events).read(None)
    assert (bool(match[-1]), none[-1]) == (True, "")


def test_a_denied_call_is_an_error_and_never_nothing_found(door: Door, aws: AwsServer) -> None:
    aws.answers["ce", "GetAnomalies"] = Refusal("AccessDeniedException")
    with pytest.raises(EngineError, match="access denied: ce:GetAnomalies"):
        ask(door, START, END)
