"""What AWS says it delivered: the manifests of legacy reports and of Data Exports, read into one form."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.ingest.listing import shown

_PERIOD_FOLDER = re.compile(r"(\d{4})(\d{2})\d{2}-\d{8}")
_PARTITION = re.compile(r"billing_period=(\d{4}-\d{2})", re.IGNORECASE)
_YEAR = re.compile(r"year=(\d{4})", re.IGNORECASE)
_MONTH = re.compile(r"month=(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """One manifest: the delivery it names and the object keys of its data files.

    `period` is YYYY-MM. `identity` tells exports of the same name apart: the export's ARN, or account, bucket and
    prefix of a legacy report. `immutable` marks the copy kept with each delivery, beside the one of the period that
    always points at the newest.
    """

    path: Path
    export: str
    identity: str
    period: str
    delivery: str
    keys: tuple[str, ...]
    immutable: bool
    fingerprint: str


def is_manifest(path: Path) -> bool:
    """Whether a file is a manifest by its name."""
    return path.name.lower().endswith("-manifest.json")


def read_manifest(path: Path) -> Manifest | None:
    """Read a manifest; None for a JSON file of that name that is none. Raises DataError when it is damaged."""
    return parse_manifest(path.read_bytes(), path)


def parse_manifest(raw: bytes, path: Path) -> Manifest | None:
    """The manifest with this content, which lies at `path`; as `read_manifest`."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DataError("the manifest is not complete JSON", shown(path), "deliver or copy the export again") from error
    keys = _keys(content)
    if not isinstance(content, dict) or keys is None:
        return None
    delivery = str(content.get("executionId") or content.get("assemblyId") or hashlib.sha256(raw).hexdigest()[:12])
    period = _period(content, path, keys)
    if period is None:
        raise DataError("the manifest names no billing period", shown(path), "deliver or copy the export again")
    export = str(content.get("exportName") or content.get("reportName") or _export_name(path))
    return Manifest(
        path=path,
        export=export,
        identity=_identity(content, export, keys),
        period=period,
        delivery=delivery,
        keys=tuple(keys),
        immutable=delivery.lower() in str(path.parent.name).lower(),
        fingerprint=hashlib.sha256(raw).hexdigest(),
    )


def _keys(content: Any) -> list[str] | None:
    if not isinstance(content, dict):
        return None
    # Data Exports list `dataFiles` as s3:// addresses, legacy reports `reportKeys`
    for field in ("dataFiles", "reportKeys"):
        if isinstance(content.get(field), list):
            return [re.sub(r"^s3://[^/]+/", "", str(key)) for key in content[field]]
    return None


def _identity(content: dict[str, Any], export: str, keys: list[str]) -> str:
    folders = keys[0].split("/")[:-1] if keys else []
    period = next((number for number, part in enumerate(folders) if period_of_path(part) or _YEAR.match(part)), None)
    parts = [content.get("account"), content.get("bucket"), *folders[:period], export]
    return str(content.get("exportArn") or "/".join(str(part) for part in parts if part))


def _period(content: dict[str, Any], path: Path, keys: list[str]) -> str | None:
    period = content.get("billingPeriod")
    start = str(period.get("start", "")) if isinstance(period, dict) else str(period or "")
    digits = re.match(r"(\d{4})-?(\d{2})", start)
    if digits:
        return f"{digits[1]}-{digits[2]}"
    return period_of_path(str(path)) or next(filter(None, map(period_of_path, keys)), None)


def period_of_path(path: str) -> str | None:
    """The billing period (YYYY-MM) that a path says by its folders, or None."""
    if found := _PARTITION.search(path):
        return found[1]
    if found := _PERIOD_FOLDER.search(path):
        return f"{found[1]}-{found[2]}"
    year, month = _YEAR.search(path), _MONTH.search(path)
    return f"{year[1]}-{int(month[1]):02d}" if year and month else None


def _export_name(path: Path) -> str:
    return re.sub(r"-manifest\.json$", "", path.name, flags=re.IGNORECASE)


def local_file(key: str, files: dict[str, Path], beside: str = "") -> Path | None:
    """The local file an object key means: the one that shares its longest end, below the folder given.

    `files` maps the path relative to that folder to the file; among equals the one nearest to the folder `beside`
    (of the manifest) is meant. A file of another period folder that only has the same name is not a match: the
    shared end must cover the file's whole relative path or the key's period folder.
    """
    wanted = key.split("/")
    home = beside.split("/")[::-1]
    matches = {}
    for relative, path in files.items():
        have = relative.split("/")
        shared = _shared_end(wanted, have)
        if shared and _is_same_place(wanted, have, shared):
            matches[shared, _shared_end(home, have[::-1]), -len(have)] = path
    return matches[max(matches)] if matches else None


def _shared_end(left: list[str], right: list[str]) -> int:
    count = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        count += 1
    return count


def _is_same_place(wanted: list[str], have: list[str], shared: int) -> bool:
    if shared == len(have):
        return True
    apart = wanted[: len(wanted) - shared]
    return not any(period_of_path(part) or _MONTH.match(part) or _YEAR.match(part) for part in apart)
