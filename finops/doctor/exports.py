"""The exports that are set up, legacy reports and Data Exports in one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from finops.aws import Door
from finops.doctor.case import Address, Case
from finops.doctor.query import Query, read_query
from finops.engines.layout import Shape
from finops.errors import FinopsError

# Table of Data Exports -> what it is called here and its shape; any other table is no bill.
TABLES: Mapping[str, tuple[str, Shape]] = {
    "COST_AND_USAGE_REPORT": ("CUR 2.0", "cur"),
    "FOCUS_1_0_AWS": ("FOCUS 1.0", "focus"),
    "FOCUS_1_2_AWS": ("FOCUS 1.2", "focus"),
}
_NO_STATUS = FinopsError("AWS does not say when it was delivered", fix="compare with the newest file in its bucket")
_IN_PROCESS = ("INITIATION_IN_PROCESS", "QUERY_QUEUED", "QUERY_IN_PROCESS", "DELIVERY_IN_PROCESS")


@dataclass(frozen=True)
class Setup:
    """How an export is set up. None is what AWS does not say; `offered` are the columns its table could give.

    `query` is None for a legacy report, which always has all columns. `place` is the folder its periods lie in.
    """

    granularity: str | None
    has_resources: bool | None
    is_parquet: bool
    overwrites: bool
    place: Address
    region: str
    closed_months_again: bool = True
    query: Query | None = None
    offered: frozenset[str] | FinopsError = frozenset()


@dataclass(frozen=True)
class LastDelivery:
    """When AWS last delivered the export, and why the last attempt failed; `created_at` is the export's own age."""

    at: datetime | None
    failure: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True)
class Export:
    """One export. `health` is blank when AWS calls it healthy, else AWS's reason; None when AWS gives no status."""

    name: str
    arn: str
    kind: str
    shape: Shape | None
    health: str | None
    setup: Setup | FinopsError
    delivery: LastDelivery | FinopsError


def legacy_reports(case: Case) -> list[Export] | FinopsError:
    """The legacy Cost and Usage Reports of the account."""

    def ask(door: Door) -> list[Export]:
        pages = door.client("cur").get_paginator("describe_report_definitions").paginate()
        return [_legacy(found) for page in pages for found in page.get("ReportDefinitions", [])]

    return case.ask("legacy Cost and Usage Reports", ask)


def data_exports(case: Case) -> list[Export] | FinopsError:
    """The Data Exports of the account; what is refused of one is in that one."""

    def ask(door: Door) -> list[dict[str, Any]]:
        pages = door.client("bcm-data-exports").get_paginator("list_exports").paginate()
        return [found for page in pages for found in page.get("Exports", [])]

    listed = case.ask("Data Exports", ask)
    return listed if isinstance(listed, FinopsError) else [_data_export(case, found) for found in listed]


def _legacy(found: Mapping[str, Any]) -> Export:
    status = found.get("ReportStatus", {})
    last = status.get("lastStatus")
    failure = "" if last == "SUCCESS" else last
    return Export(
        name=found["ReportName"],
        arn="",
        kind="legacy CUR",
        shape="cur",
        health=failure,
        setup=Setup(
            granularity=found["TimeUnit"],
            has_resources="RESOURCES" in found.get("AdditionalSchemaElements", []),
            is_parquet=found["Format"] == "Parquet",
            overwrites=found.get("ReportVersioning") == "OVERWRITE_REPORT",
            place=_place(found["S3Bucket"], found.get("S3Prefix", ""), found["ReportName"]),
            region=found["S3Region"],
            closed_months_again=bool(found.get("RefreshClosedReports")),
        ),
        delivery=LastDelivery(_compact_time(status.get("lastDelivery", "")), failure or "") if status else _NO_STATUS,
    )


def _data_export(case: Case, listed: Mapping[str, Any]) -> Export:
    arn, name, status = listed["ExportArn"], listed["ExportName"], listed.get("ExportStatus", {})
    definition = case.ask(name, lambda door: door.client("bcm-data-exports").get_export(ExportArn=arn)["Export"])
    setup: Setup | FinopsError = definition if isinstance(definition, FinopsError) else _setup(case, name, definition)
    query = None if isinstance(setup, FinopsError) else setup.query
    kind, shape = TABLES.get(query.table, (query.table, None)) if query else ("Data Export", None)
    return Export(
        name=name,
        arn=arn,
        kind=kind,
        shape=shape,
        health=_health(status),
        setup=setup,
        delivery=_last_delivery(case, name, arn, status.get("CreatedAt")),
    )


def _health(status: Mapping[str, Any]) -> str | None:
    if "StatusCode" not in status:
        return None
    return "" if status["StatusCode"] == "HEALTHY" else str(status.get("StatusReason", "UNHEALTHY"))


def _setup(case: Case, name: str, definition: Mapping[str, Any]) -> Setup | FinopsError:
    statement = definition["DataQuery"]["QueryStatement"]
    query = read_query(statement)
    if query is None:
        return FinopsError(f"its query cannot be read: {' '.join(statement.split())[:80]}")
    target = definition["DestinationConfigurations"]["S3Destination"]
    options = definition["DataQuery"].get("TableConfigurations", {}).get(query.table, {})
    offered = _offered(case, query.table, options)
    return Setup(
        granularity=options.get("TIME_GRANULARITY"),
        has_resources=_has_resources(query.table, options, offered),
        is_parquet=target["S3OutputConfigurations"]["Format"] == "PARQUET",
        overwrites=target["S3OutputConfigurations"]["Overwrite"] == "OVERWRITE_REPORT",
        place=_place(target["S3Bucket"], target.get("S3Prefix", ""), name),
        region=target["S3Region"],
        query=query,
        offered=offered,
    )


def _offered(case: Case, table: str, options: Mapping[str, str]) -> frozenset[str] | FinopsError:
    if table not in TABLES:
        return frozenset()
    return case.ask(
        table,
        lambda door: frozenset(
            column["Name"]
            for column in door.client("bcm-data-exports")
            .get_table(TableName=table, TableProperties=dict(options))
            .get("Schema", [])
        ),
    )


def _has_resources(table: str, options: Mapping[str, str], offered: frozenset[str] | FinopsError) -> bool | None:
    """FOCUS always has resource ids. A configuration that is not set has AWS's default, which the columns tell."""
    if table != "COST_AND_USAGE_REPORT":
        return True
    given = options.get("INCLUDE_RESOURCES")
    if given is not None:
        return given.upper() == "TRUE"
    return None if isinstance(offered, FinopsError) else "line_item_resource_id" in offered


def _last_delivery(case: Case, name: str, arn: str, created_at: datetime | None) -> LastDelivery | FinopsError:
    def ask(door: Door) -> list[dict[str, Any]]:
        pages = door.client("bcm-data-exports").get_paginator("list_executions").paginate(ExportArn=arn)
        return [found["ExecutionStatus"] for page in pages for found in page.get("Executions", [])]

    found = case.ask(name, ask)
    if isinstance(found, FinopsError):
        return found
    done = sorted((one for one in found if one.get("StatusCode") not in _IN_PROCESS), key=_ended)
    delivered = [one for one in done if one.get("StatusCode") == "DELIVERY_SUCCESS"]
    failed = done and done[-1].get("StatusCode") != "DELIVERY_SUCCESS"
    failure = f"{done[-1].get('StatusCode')} {done[-1].get('StatusReason', '')}".strip() if failed else ""
    return LastDelivery(_ended(delivered[-1]) if delivered else None, failure, created_at)


def _ended(status: Mapping[str, Any]) -> datetime:
    times = (status.get(key) for key in ("CompletedAt", "LastUpdatedAt", "CreatedAt"))
    return next((time for time in times if time), datetime.min.replace(tzinfo=UTC))


def _place(bucket: str, prefix: str, name: str) -> Address:
    return Address(bucket, f"{prefix.strip('/')}/{name}".strip("/"))


def _compact_time(text: str) -> datetime | None:
    """The time of a legacy report's last delivery: 20261028T061500Z, with or without milliseconds."""
    try:
        return datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
