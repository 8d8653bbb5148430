"""Checks of where exports lie: can the files be listed and read, and do old ones stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from finops.aws import Door
from finops.doctor.case import Address, Case
from finops.doctor.check import Check, Verdict, ok, problem, unchecked
from finops.doctor.exports import Export
from finops.errors import FinopsError, UsageError

AREA = "bucket"
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<folder>.*))?")
_FEW = 20
_VERSIONING = "aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"


def read_address(text: str) -> Address:
    """The bucket and folder of s3://BUCKET/FOLDER. Raises UsageError for anything else."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise UsageError(f"{text} is no address of exports", fix="s3://BUCKET/FOLDER")
    return Address(found["bucket"], (found["folder"] or "").strip("/"))


def check_buckets(case: Case, exports: Sequence[Export]) -> Iterator[Check]:
    """Each place that exports are delivered to, or the one asked for; each bucket once."""
    overwritten: dict[str, bool | None] = {}
    regions: dict[str, FinopsError | str] = {}
    for place, overwrites in _places(case, exports).items():
        overwritten[place.bucket] = overwritten.get(place.bucket) or overwrites
        if place.bucket not in regions:
            regions[place.bucket] = _region(case, place.bucket)
        region = regions[place.bucket]
        yield from _check_files(case, place, None if isinstance(region, FinopsError) else region)
    for bucket, overwrites in overwritten.items():
        region = regions[bucket]
        named = unchecked(region) if isinstance(region, FinopsError) else ok(region)
        yield Check(AREA, "region", f"s3://{bucket}", named)
        yield Check(AREA, "versioning", f"s3://{bucket}", _versioning(case, bucket, overwrites))


def _places(case: Case, exports: Sequence[Export]) -> Mapping[Address, bool | None]:
    """Where to look, and whether an export is known to overwrite there; None where none is known to write."""
    places: dict[Address, bool | None] = {
        one.setup.place: one.setup.overwrites
        for one in exports
        if one.shape is not None and not isinstance(one.setup, FinopsError)
    }
    if case.address is None:
        return places
    below = [overwrites for place, overwrites in places.items() if _is_below(place, case.address)]
    return {case.address: any(below) if below else None}


def _is_below(place: Address, folder: Address) -> bool:
    return place.bucket == folder.bucket and f"{place.folder}/".startswith(f"{folder.folder}/".lstrip("/"))


def _region(case: Case, bucket: str) -> str | FinopsError:
    found = case.ask(f"s3://{bucket}", lambda door: door.client("s3").get_bucket_location(Bucket=bucket))
    if isinstance(found, FinopsError):
        return found
    # S3 says nothing for its oldest region and EU for the second.
    named = found.get("LocationConstraint") or "us-east-1"
    return "eu-west-1" if named == "EU" else str(named)


def _check_files(case: Case, place: Address, region: str | None) -> Iterator[Check]:
    prefix = f"{place.folder}/" if place.folder else ""

    def ask(door: Door) -> list[dict[str, Any]]:
        answer = door.client("s3", region).list_objects_v2(Bucket=place.bucket, Prefix=prefix, MaxKeys=_FEW)
        return list(answer.get("Contents", []))

    listed = case.ask(str(place), ask)
    yield Check(AREA, "files listed", str(place), _listed(listed))
    yield Check(AREA, "files read", str(place), _read(case, place, region, listed))


def _listed(found: list[dict[str, Any]] | FinopsError) -> Verdict:
    if isinstance(found, FinopsError):
        return unchecked(found)
    if not found:
        return problem(
            "the folder is empty",
            "AWS first delivers within a day; if it stays empty, check the bucket and prefix of the export",
        )
    return ok(f"{len(found)} or more files" if len(found) == _FEW else f"{len(found)} file{'s' * (len(found) > 1)}")


def _read(case: Case, place: Address, region: str | None, listed: list[dict[str, Any]] | FinopsError) -> Verdict:
    """One byte of one file: that needs the permission to read it, and to use the key it is encrypted with."""
    if isinstance(listed, FinopsError):
        return unchecked("no file is known to try")
    key = next((str(one["Key"]) for one in listed if one.get("Size")), None)
    if key is None:
        return unchecked("there is no file to try")

    def ask(door: Door) -> dict[str, Any]:
        answer: dict[str, Any] = door.client("s3", region).get_object(Bucket=place.bucket, Key=key, Range="bytes=0-0")
        answer["Body"].read(1)
        return answer

    found = case.ask(f"s3://{place.bucket}/{key}", ask)
    if isinstance(found, FinopsError):
        return unchecked(found)
    key_arn = found.get("SSEKMSKeyId")
    return ok(f"readable, encrypted with {key_arn}" if key_arn else "readable")


def _versioning(case: Case, bucket: str, overwrites: bool | None) -> Verdict:
    found = case.ask(f"s3://{bucket}", lambda door: door.client("s3").get_bucket_versioning(Bucket=bucket))
    if isinstance(found, FinopsError):
        return unchecked(found)
    if found.get("Status") == "Enabled":
        return ok("on: an overwritten delivery can be had back")
    if overwrites is None:
        return unchecked(
            "off; no export is known that writes there, so it may overwrite", _VERSIONING.format(bucket=bucket)
        )
    if not overwrites:
        return ok("off; no export overwrites its deliveries")
    return problem("off: an overwritten delivery is gone for good", _VERSIONING.format(bucket=bucket))
