"""Where AWS puts the files of an export, below one prefix of a bucket, and what its manifests say.

Everything lies in `<out>/exports/<name of the export>/`, as in the bucket `alderrow-billing`. Create-new
exports keep every delivery and move the manifest of the period to the newest; overwriting exports keep one.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from finops.ingest.demo.estate import estate
from finops.ingest.demo.periods import Period, moment
from finops.ingest.demo.table import Field

BUCKET = "alderrow-billing"
PREFIX = "exports"
_REGION = "us-east-1"
_TYPES = {
    "number": "double",
    "time": "timestamp_ntz",
    "map": "map<string,string>",
    "numbers": "map<string,double>",
}
# Hours from the end of the data to the delivery: the last one comes after the first days of the next month.
_OPEN_DELAY, _FINAL_DELAY = 4, 8 * 24 + 5


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its shape and name, and whether each delivery gets a folder of its own."""

    shape: str
    name: str
    extension: str
    create_new: bool

    @property
    def legacy(self) -> bool:
        """Is it a legacy report and not a data export?"""
        return self.shape.startswith("legacy")

    @property
    def csv(self) -> bool:
        """Is it written as CSV, in several files a period?"""
        return self.extension == "csv.gz"

    @property
    def folder(self) -> Path:
        """Where the export lies, relative to the bucket."""
        return Path(PREFIX, self.name)


_CSV, _PARQUET = "csv.gz", "snappy.parquet"
EXPORTS = {
    export.shape: export
    for export in (
        Export("legacy-csv", "alder-hourly", _CSV, create_new=True),
        Export("legacy-parquet", "alder-athena", _PARQUET, create_new=False),
        Export("cur2-csv", "alder-cur2", _CSV, create_new=True),
        Export("cur2-parquet", "alder-cur2-parquet", _PARQUET, create_new=False),
        Export("focus", "alder-focus", _CSV, create_new=True),
        Export("focus-parquet", "alder-focus-parquet", _PARQUET, create_new=False),
    )
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One complete version of one period of an export: its id, and its data files relative to the bucket."""

    export: Export
    period: Period

    @property
    def id(self) -> str:
        """The assembly or execution id: invented, and the same in every run."""
        seed = f"{self.export.name}/{self.period.key}/{self.period.delivery}"
        return str(UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))

    @property
    def stamp(self) -> str:
        """When it was written, as Data Exports names its folders."""
        delay = _FINAL_DELAY if self.period.final else _OPEN_DELAY
        return f"{moment(self.period.cutoff + delay):%Y%m%dT%H}3621Z"

    def data_file(self, number: int) -> Path:
        """The path of one of its data files, counted from 1."""
        name = f"{self.export.name}-{number:05d}.{self.export.extension}"
        return self._data_folder() / name

    def manifests(self) -> list[Path]:
        """The copy kept with the delivery, if there is one, then that of the period."""
        export, name = self.export, f"{self.export.name}-Manifest.json"
        if export.legacy:
            period = export.folder / _period_folder(self.period)
            own = [period / self.id / name] if export.create_new else []
            return [*own, period / name]
        period = export.folder / "metadata" / f"BILLING_PERIOD={self.period.key}"
        own = [period / f"{self.stamp}-{self.id}" / name] if export.create_new else []
        return [*own, period / name]

    def _data_folder(self) -> Path:
        export, period = self.export, self.period
        if export.shape == "legacy-parquet":
            year, month = period.key.split("-")
            return athena_folder(export) / f"year={year}" / f"month={int(month)}"
        if export.legacy:
            return export.folder / _period_folder(period) / self.id
        data = export.folder / "data" / f"BILLING_PERIOD={period.key}"
        return data / f"{self.stamp}-{self.id}" if export.create_new else data


def delivery_ids(period: Period) -> dict[str, str]:
    """The id of this delivery of the period in the export of each shape."""
    return {shape: Delivery(export, period).id for shape, export in EXPORTS.items()}


def athena_folder(export: Export) -> Path:
    """Where the Athena artifact of a legacy report lies: the report's name twice."""
    return export.folder / export.name


def manifest_text(delivery: Delivery, fields: list[Field], files: list[Path]) -> str:
    """The manifest of a delivery as JSON text."""
    build = _legacy_manifest if delivery.export.legacy else _data_export_manifest
    return json.dumps(build(delivery, fields, [file.as_posix() for file in files]), indent=2) + "\n"


def _legacy_manifest(delivery: Delivery, fields: list[Field], keys: list[str]) -> dict[str, Any]:
    export = delivery.export
    parquet = export.extension.endswith("parquet")
    return {
        "assemblyId": delivery.id,
        "account": estate().payer,
        "columns": [_legacy_column(field) for field in fields],
        "charset": "UTF-8",
        "compression": "Parquet" if parquet else "GZIP",
        "contentType": "Parquet" if parquet else "text/csv",
        "reportId": hashlib.sha256(export.name.encode()).hexdigest(),
        "reportName": export.name,
        "billingPeriod": {"start": _compact(delivery.period.start), "end": _compact(delivery.period.end)},
        "bucket": BUCKET,
        "reportKeys": keys,
        "additionalArtifactKeys": [],
    }


def _data_export_manifest(delivery: Delivery, fields: list[Field], keys: list[str]) -> dict[str, Any]:
    export = delivery.export
    arn = f"arn:aws:bcm-data-exports:{_REGION}:{estate().payer}:export/{export.name}"
    return {
        "executionId": delivery.id,
        "exportArn": f"{arn}-{hashlib.sha256(export.name.encode()).hexdigest()[:12]}",
        "exportName": export.name,
        "billingPeriod": {"start": _compact(delivery.period.start), "end": _compact(delivery.period.end)},
        "columns": [{"name": field.name, "type": _TYPES.get(field.kind, "string")} for field in fields],
        "dataFiles": [f"s3://{BUCKET}/{key}" for key in keys],
    }


def _legacy_column(field: Field) -> dict[str, str]:
    category, slash, name = field.name.partition("/")
    # The manifest of a Parquet report has the Athena names, with no category of their own.
    return {"category": category, "name": name} if slash else {"category": "", "name": field.name}


def _period_folder(period: Period) -> str:
    return f"{moment(period.start):%Y%m%d}-{moment(period.end):%Y%m%d}"


def _compact(hour: int) -> str:
    return f"{moment(hour):%Y%m%dT%H%M%S.000Z}"
