"""A company whose bill is set up well, on loopback: exports, bucket, tags, and a ledger loaded from one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from finops.cli import main
from tests.aws_json_server import AwsServer, Refusal, aws_server
from tests.tiny_export import ingested

ACCOUNT, MANAGEMENT = "000000000001", "000000000009"
TODAY = "2026-10-07"
BUCKET, FOLDER = "acme-bills", "exports"
KEY = f"{FOLDER}/acme-cur2/data/BILLING_PERIOD=2026-10/acme-cur2-00001.snappy.parquet"
ARN = f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/acme-cur2-1"
OFFERED = (
    "bill_bill_type", "bill_billing_entity", "bill_billing_period_end_date", "bill_billing_period_start_date",
    "bill_invoice_id", "bill_payer_account_id", "line_item_availability_zone", "line_item_currency_code",
    "line_item_line_item_description", "line_item_line_item_type", "line_item_operation", "line_item_product_code",
    "line_item_resource_id", "line_item_unblended_cost", "line_item_usage_account_id", "line_item_usage_amount",
    "line_item_usage_end_date", "line_item_usage_start_date", "line_item_usage_type", "pricing_public_on_demand_cost",
    "pricing_term", "pricing_unit", "product", "product_instance_type", "product_region_code",
    "reservation_effective_cost", "resource_tags", "savings_plan_savings_plan_effective_cost", "identity_line_item_id",
)  # fmt: skip
TABLE = "COST_AND_USAGE_REPORT"
CUR2 = "acme-cur2"
SETUP = {"granularity", "resource ids", "format", "deliveries", "closed months", "rows", "columns"}
TAGS = ("ce", "ListCostAllocationTags")
GET, RUNS, LIST = (("bcm-data-exports", name) for name in ("GetExport", "ListExecutions", "ListExports"))
DENIED = Refusal("AccessDeniedException", "not authorized")

Answers = dict[tuple[str, str], Any]
Rows = dict[tuple[str, str], dict[str, str]]


@dataclass
class World:
    """The server, and a folder with the settings and the database."""

    aws: AwsServer
    home: Path

    @property
    def words(self) -> list[str]:
        """The options that point a verb at this world."""
        return ["--db", str(self.home / "finops.duckdb"), "--config", str(self.home / "finops.toml")]

    def doctor(self, *words: str) -> int:
        """The exit code of an examination."""
        return main(["doctor", *words, *self.words])


def when(day: int, hour: int = 6) -> float:
    """A moment of October 2026, as AWS's JSON spells it."""
    return datetime(2026, 10, day, hour, tzinfo=UTC).timestamp()


def export(columns: tuple[str, ...] = OFFERED, tail: str = "", **changes: Any) -> dict[str, Any]:
    """The answer of GetExport. `changes` are of the output (Format, Overwrite) or of the table's configuration."""
    output = {"OutputType": "CUSTOM", "Format": "PARQUET", "Compression": "PARQUET", "Overwrite": "OVERWRITE_REPORT"}
    options = {"TIME_GRANULARITY": "HOURLY", "INCLUDE_RESOURCES": "TRUE"}
    for name, text in changes.items():
        (output if name in output else options)[name] = text
    place = {"S3Bucket": BUCKET, "S3Prefix": FOLDER, "S3Region": "us-east-1", "S3OutputConfigurations": output}
    return {
        "Export": {
            "ExportArn": ARN,
            "Name": "acme-cur2",
            "DataQuery": {
                "QueryStatement": f"SELECT {', '.join(columns)} FROM {TABLE}{tail}",
                "TableConfigurations": {TABLE: options},
            },
            "DestinationConfigurations": {"S3Destination": place},
            "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
        }
    }


def listed(**status: Any) -> dict[str, Any]:
    """The answer of ListExports."""
    healthy = {"StatusCode": "HEALTHY", "CreatedAt": when(1), "LastUpdatedAt": when(1), **status}
    return {"Exports": [{"ExportArn": ARN, "ExportName": "acme-cur2", "ExportStatus": healthy}]}


def executions(*states: tuple[str, float]) -> dict[str, Any]:
    """The answer of ListExecutions: status and end of each."""
    return {
        "Executions": [
            {"ExecutionId": str(at), "ExecutionStatus": {"StatusCode": state, "CompletedAt": at}}
            for state, at in states
        ]
    }


def legacy(**changes: Any) -> dict[str, Any]:
    """The answer of DescribeReportDefinitions: the report that the ledger is loaded from."""
    report = {
        "ReportName": "acme", "TimeUnit": "HOURLY", "Format": "Parquet", "Compression": "Parquet",
        "AdditionalSchemaElements": ["RESOURCES"], "S3Bucket": "bucket", "S3Prefix": "", "S3Region": "us-east-1",
        "RefreshClosedReports": True, "ReportVersioning": "CREATE_NEW_REPORT",
        "ReportStatus": {"lastDelivery": "20261006T051500Z", "lastStatus": "SUCCESS"},
    }  # fmt: skip
    return {"ReportDefinitions": [report | changes]}


def tag(key: str, status: str = "Active", since: str = "2026-01-05T10:00:00Z") -> dict[str, str]:
    """One cost allocation tag."""
    return {"TagKey": key, "Type": "UserDefined", "Status": status, "LastUpdatedDate": since}


def healthy() -> Answers:
    """What AWS answers where nothing is wrong."""
    return {
        ("sts", "GetCallerIdentity"): {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:role/finops"},
        ("organizations", "DescribeOrganization"): {"Organization": {"Id": "o-acme", "MasterAccountId": ACCOUNT}},
        ("cur", "DescribeReportDefinitions"): legacy(),
        ("bcm-data-exports", "ListExports"): listed(),
        ("bcm-data-exports", "GetExport"): export(),
        ("bcm-data-exports", "GetTable"): {"TableName": TABLE, "Schema": [{"Name": name} for name in OFFERED]},
        ("bcm-data-exports", "ListExecutions"): executions(
            ("DELIVERY_SUCCESS", when(5)), ("DELIVERY_SUCCESS", when(6))
        ),
        ("ce", "ListCostAllocationTags"): {"CostAllocationTags": [tag("Environment"), tag("Owner")]},
        ("ce", "ListCostAllocationTagBackfillHistory"): {"BackfillRequests": []},
    }


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a moto server with the buckets of the company."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=address, aws_access_key_id="a", aws_secret_access_key="b"
    )
    for bucket, key in ((BUCKET, KEY), ("bucket", "acme/20261001-20261101/acme-1.csv"), ("unversioned", "x/y")):
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=key, Body=b"rows")
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield address
    server.stop()


@pytest.fixture
def world(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    """A company where an examination finds nothing wrong."""
    ingested(tmp_path)
    (tmp_path / "finops.toml").write_text('[tags]\nrequired = ["Environment", "Owner"]\n')
    capsys.readouterr()
    with aws_server(moto) as aws:
        aws.answers |= healthy()
        set_credentials(monkeypatch, aws.url)
        yield World(aws, tmp_path)


def set_credentials(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Point boto3 at loopback, with credentials that are good there, on a day of October."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "FINOPS_TODAY": TODAY,
        "FINOPS_MEMORY": "300MB",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def look(world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    """Examines, and gives the rows by (check, subject)."""

    def ask(code: int, *words: str) -> Rows:
        capsys.readouterr()
        assert world.doctor("--format", "json", *words) == code
        rows = json.loads(capsys.readouterr().out)["rows"]
        by_name = {(row["check"], row["subject"]): row for row in rows}
        assert len(by_name) == len(rows)
        return by_name

    return ask


def unwell(rows: Rows, state: str) -> set[tuple[str, str]]:
    """The checks that ended in a state."""
    return {name for name, row in rows.items() if row["state"] == state}
