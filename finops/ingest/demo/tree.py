"""Lays an export out below a folder exactly as AWS does in a bucket, manifests included.

    <out>/billing/alder-cur/          legacy CUR, gzip CSV; every delivery in a folder of its own
    <out>/billing/alder-athena/       legacy CUR, Athena's Parquet; the newest delivery overwrites
    <out>/billing/alder-cur2-csv/     CUR 2.0, gzip CSV; every delivery in a folder of its own
    <out>/billing/alder-cur2/         CUR 2.0, Parquet; overwrites
    <out>/billing/alder-focus-csv/    FOCUS 1.2, gzip CSV; every delivery in a folder of its own
    <out>/billing/alder-focus/        FOCUS 1.2, Parquet; overwrites

`<out>` stands for the bucket: the keys of the manifests begin with `billing/`.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finops.ingest.demo import cur2, focus, legacy
from finops.ingest.demo.estate import estate
from finops.ingest.demo.files import write_csv_chunks, write_json, write_parquet, write_status
from finops.ingest.demo.line import Line
from finops.ingest.demo.periods import Period, moment
from finops.ingest.demo.sheet import Column, Sheet

BUCKET = "alder-row-billing"
PREFIX = "billing"
_CHUNKS = 2
_NAMESPACE = uuid.UUID("6f1c3c0e-3f52-5a43-9a55-0d5b8e4f7a10")
_MANIFEST_TYPES = {
    "text": "OptionalString",
    "number": "OptionalBigDecimal",
    "time": "DateTime",
    "map": "Map",
    "amounts": "Map",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to export the ledger: the folder's name, the rows, whether deliveries stay side by side."""

    name: str
    sheet: Callable[[list[Line], Period], Sheet]
    legacy: bool
    create_new: bool


SHAPES: dict[str, Shape] = {
    "legacy-csv": Shape("alder-cur", legacy.csv_sheet, legacy=True, create_new=True),
    "legacy-parquet": Shape("alder-athena", legacy.parquet_sheet, legacy=True, create_new=False),
    "cur2-csv": Shape("alder-cur2-csv", cur2.sheet, legacy=False, create_new=True),
    "cur2-parquet": Shape("alder-cur2", cur2.sheet, legacy=False, create_new=False),
    "focus": Shape("alder-focus-csv", focus.sheet, legacy=False, create_new=True),
    "focus-parquet": Shape("alder-focus", focus.sheet, legacy=False, create_new=False),
}


def write_delivery(shape: Shape, lines: list[Line], period: Period, row_count: int, out: Path) -> None:
    """Writes one delivery of one period: its data first, then the manifests that vouch for it."""
    sheet = shape.sheet(lines, period)
    keys = _data_keys(shape, period)
    paths = [out / key for key in keys]
    if shape.create_new:
        write_csv_chunks(paths, sheet, row_count)
    else:
        write_parquet(paths[0], sheet, blank_text=shape.legacy)
    if shape.sheet is legacy.parquet_sheet:
        write_status(out / _status_key(shape), "READY")
    manifest = _manifest(shape, sheet.columns, keys, period)
    for key in _manifest_keys(shape, period):
        write_json(out / key, manifest)


def export_folder(shape: Shape, out: Path) -> Path:
    """The folder of one export below `out`."""
    return out / PREFIX / shape.name


def delivery_id(shape: Shape, period: Period) -> str:
    """The assembly or execution id of a delivery."""
    return str(uuid.uuid5(_NAMESPACE, f"{shape.name} {period.key} {period.delivery}"))


def _data_keys(shape: Shape, period: Period) -> list[str]:
    root = f"{PREFIX}/{shape.name}"
    if shape.create_new:
        folder = _delivery_folder(shape, period)
        return [f"{root}/{folder}/{shape.name}-{n:05d}.csv.gz" for n in range(1, _CHUNKS + 1)]
    if shape.legacy:
        year, month = period.key.split("-")
        folder = f"{shape.name}/year={year}/month={int(month)}"
    else:
        folder = f"data/BILLING_PERIOD={period.key}"
    return [f"{root}/{folder}/{shape.name}-00001.snappy.parquet"]


def _delivery_folder(shape: Shape, period: Period) -> str:
    if shape.legacy:
        return f"{_legacy_period(period)}/{delivery_id(shape, period)}"
    return f"data/BILLING_PERIOD={period.key}/{_execution_folder(shape, period)}"


def _execution_folder(shape: Shape, period: Period) -> str:
    return f"{_written_at(period)}-{delivery_id(shape, period)}"


def _written_at(period: Period) -> str:
    # AWS writes a few hours after the newest data; a final delivery comes a week into the next month.
    hours = 7 * 24 + 5 if period.final else 5
    return moment(period.cutoff + hours).strftime("%Y%m%dT%H%M%SZ")


def _legacy_period(period: Period) -> str:
    return f"{moment(period.start):%Y%m%d}-{moment(period.end):%Y%m%d}"


def _status_key(shape: Shape) -> str:
    name = "cost_and_usage_data_status"
    return f"{PREFIX}/{shape.name}/{shape.name}/{name}/{name}.parquet"


def _manifest_keys(shape: Shape, period: Period) -> list[str]:
    """The delivery's own manifest, if it has a folder of its own, and the period's, which names the newest."""
    root, file = f"{PREFIX}/{shape.name}", f"{shape.name}-Manifest.json"
    if shape.legacy:
        folder = f"{root}/{_legacy_period(period)}"
        own = f"{folder}/{delivery_id(shape, period)}/{file}"
    else:
        folder = f"{root}/metadata/BILLING_PERIOD={period.key}"
        own = f"{folder}/{_execution_folder(shape, period)}/{file}"
    return [own, f"{folder}/{file}"] if shape.create_new else [f"{folder}/{file}"]


def _manifest(shape: Shape, columns: tuple[Column, ...], keys: list[str], period: Period) -> dict[str, Any]:
    common = {
        "account": estate().payer,
        "charset": "UTF-8",
        "compression": "GZIP" if shape.create_new else "Parquet",
        "contentType": "text/csv" if shape.create_new else "application/octet-stream",
        "billingPeriod": {
            "start": moment(period.start).strftime("%Y%m%dT%H%M%S.000Z"),
            "end": moment(period.end).strftime("%Y%m%dT%H%M%S.000Z"),
        },
    }
    make = _legacy_manifest if shape.legacy else _data_exports_manifest
    return make(shape, columns, keys, period) | common


def _legacy_manifest(
    shape: Shape, columns: tuple[Column, ...], keys: list[str], period: Period
) -> dict[str, Any]:
    return {
        "assemblyId": delivery_id(shape, period),
        "columns": [_legacy_column(column) for column in columns],
        "reportId": uuid.uuid5(_NAMESPACE, shape.name).hex,
        "reportName": shape.name,
        "bucket": BUCKET,
        "reportKeys": keys,
        "additionalArtifactKeys": [],
    }


def _legacy_column(column: Column) -> dict[str, str]:
    category, slash, name = column.name.partition("/")
    kind = _MANIFEST_TYPES[column.kind]
    return (
        {"category": category, "name": name, "type": kind} if slash else {"name": column.name, "type": kind}
    )


def _data_exports_manifest(
    shape: Shape, columns: tuple[Column, ...], keys: list[str], period: Period
) -> dict[str, Any]:
    export_id = uuid.uuid5(_NAMESPACE, shape.name)
    return {
        "executionId": delivery_id(shape, period),
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{estate().payer}:export/{shape.name}-{export_id}",
        "exportName": shape.name,
        "columns": [{"name": column.name, "type": _MANIFEST_TYPES[column.kind]} for column in columns],
        "dataFiles": [f"s3://{BUCKET}/{key}" for key in keys],
    }
