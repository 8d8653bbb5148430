"""Legacy reports in a bucket of an S3 server on loopback, delivered as AWS delivers them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from finops.cli import main
from tests.s3_proxy import Proxy, proxy_before
from tests.tiny_export import COLUMNS

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
_NUMBERS = count(1)


@dataclass(frozen=True)
class Bucket:
    """A bucket that `client` reaches straight, and finops through `proxy`."""

    name: str
    client: Any
    proxy: Proxy

    def put(self, key: str, body: bytes | str, **options: Any) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body, **options)

    def ingest(self, folder: Path, *words: str, below: str = "exports") -> int:
        """The exit code of `finops ingest` of what lies below a prefix; the database is in the folder."""
        return main(["ingest", f"s3://{self.name}/{below}", *words, "--db", str(folder / "x.duckdb")])


def upload(bucket: Bucket, folder: Path, prefix: str = "exports") -> None:
    """Every file of a folder, as an object below a prefix; manifests last, as AWS writes them."""
    for path in sorted(folder.rglob("*"), key=lambda path: (path.suffix == ".json", path)):
        if path.is_file():
            bucket.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an S3 server on loopback."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop()


@contextmanager
def new_bucket(server: str) -> Iterator[Bucket]:
    """An empty bucket of the server, behind a proxy of its own."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=f"http://{server}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    name = f"bills-{next(_NUMBERS)}"
    client.create_bucket(Bucket=name)
    with proxy_before(server) as proxy:
        yield Bucket(name, client, proxy)


@dataclass(frozen=True)
class Report:
    """One period of a legacy report: where its files lie. `overwrite` reports have no folder for each delivery."""

    period: str = "2026-10"
    name: str = "acme"
    overwrite: bool = False

    @property
    def folder(self) -> str:
        year, month = map(int, self.period.split("-"))
        end = f"{year + month // 12}{month % 12 + 1:02d}01"
        return f"exports/{self.name}/{year}{month:02d}01-{end}"

    def key(self, delivery: str, number: int) -> str:
        """The key of a data file, counted from 1."""
        home = self.folder if self.overwrite else f"{self.folder}/{delivery_id(delivery)}"
        return f"{home}/{self.name}-{number:05d}.csv.gz"

    def manifests(self, delivery: str) -> list[str]:
        """The keys of the copy kept with the delivery, where there is one, and of the period's own manifest."""
        name = f"{self.name}-Manifest.json"
        kept = [] if self.overwrite else [f"{self.folder}/{delivery_id(delivery)}/{name}"]
        return [*kept, f"{self.folder}/{name}"]

    def manifest(self, delivery: str, files: int) -> str:
        """The text of the manifest."""
        content = {
            "assemblyId": delivery_id(delivery),
            "reportName": self.name,
            "account": "000000000001",
            "billingPeriod": {"start": f"{self.period.replace('-', '')}01T000000.000Z"},
            "bucket": "bills",
            "reportKeys": [self.key(delivery, number) for number in range(1, files + 1)],
        }
        return json.dumps(content)

    def data(self, cost: str, lines: int = 1) -> bytes:
        """A data file whose lines cost so much each."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(COLUMNS))
        writer.writeheader()
        start = f"{self.period}-05T00:00:00Z"
        for number in range(lines):
            # ids that do not compress, so that many lines make a large file
            resource = hashlib.sha256(f"{cost}/{number}".encode()).hexdigest()
            writer.writerow(
                COLUMNS
                | {
                    "bill/BillingPeriodStartDate": f"{self.period}-01T00:00:00Z",
                    "lineItem/UsageStartDate": start,
                    "lineItem/UsageEndDate": start,
                    "lineItem/ResourceId": resource,
                    "lineItem/UnblendedCost": cost,
                }
            )
        return gzip.compress(text.getvalue().encode(), mtime=0)


def delivery_id(delivery: str) -> str:
    """The assembly id that AWS would give: always the same for the same word."""
    return str(UUID(bytes=hashlib.sha256(delivery.encode()).digest()[:16]))


def deliver(
    bucket: Bucket, delivery: str, costs: Sequence[str], report: Report = Report(), lines: int = 1, **options: Any
) -> None:
    """Write a delivery with one file for each cost: the files first and the manifests last, as AWS does."""
    for number, cost in enumerate(costs, start=1):
        bucket.put(report.key(delivery, number), report.data(cost, lines), **options)
    for key in report.manifests(delivery):
        bucket.put(key, report.manifest(delivery, len(costs)), **options)
