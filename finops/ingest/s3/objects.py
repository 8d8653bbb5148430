"""The objects below a prefix, as S3 lists them: a thousand to a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from finops.aws import aws_errors
from finops.errors import DataError
from finops.ingest.listing import Entry, Listing, s3_path
from finops.ingest.s3.address import Address
from finops.ingest.s3.download import download
from finops.ingest.s3.patience import patiently
from finops.ingest.s3.threads import in_threads


@dataclass(frozen=True)
class Listed:
    """A listing and when S3 began it, by the clock of S3, in nanoseconds since 1970."""

    listing: Listing
    at: int


def list_below(client: Any, address: Address) -> Listed:
    """Every current object below an address; versions that were overwritten or deleted are none."""
    entries: dict[Path, Entry] = {}
    with aws_errors(str(address)):
        pages = patiently(lambda: _pages(client, address))
    for page in pages:
        for found in page.get("Contents", ()):
            _add(entries, address.bucket, found)
    read = partial(_read, client, entries)
    return Listed(Listing(s3_path(address.bucket, address.prefix), entries, read), _sent(pages[0]))


def _pages(client: Any, address: Address) -> list[dict[str, Any]]:
    return list(client.get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=address.prefix))


def look_up(client: Any, address: Address) -> Entry | None:
    """The one object with this key, or None."""
    with aws_errors(str(address)):
        page = patiently(lambda: client.list_objects_v2(Bucket=address.bucket, Prefix=address.key, MaxKeys=1))
    # A key is listed before all keys that begin with it.
    found = [one for one in page.get("Contents", ()) if one["Key"] == address.key]
    return _entry(address.bucket, found[0]) if found else None


def _add(entries: dict[Path, Entry], bucket: str, found: dict[str, Any]) -> None:
    # The console makes a folder as an object whose key ends with a slash.
    if found["Key"].endswith("/"):
        return
    path, entry = s3_path(bucket, found["Key"]), _entry(bucket, found)
    if path in entries:
        raise DataError(f"the keys of two objects differ in slashes only: {entries[path].address}", entry.address)
    entries[path] = entry


def _entry(bucket: str, found: dict[str, Any]) -> Entry:
    return Entry(f"s3://{bucket}/{found['Key']}", found["Size"], _nanoseconds(found["LastModified"]), found["ETag"])


def _sent(page: dict[str, Any]) -> int:
    return _nanoseconds(parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"]))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def _read(client: Any, entries: dict[Path, Entry], paths: Sequence[Path]) -> list[bytes]:
    with TemporaryDirectory(prefix="finops-s3-") as folder:

        def read(path: Path, stop: Event) -> bytes:
            return download(client, entries[path], Path(folder), stop, lambda size: None).read_bytes()

        return in_threads(read, paths)
