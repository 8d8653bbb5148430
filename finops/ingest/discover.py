"""What is in the folders and files given: exports, billing periods, deliveries, and which one counts and why."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finops.errors import DataError, UsageError
from finops.ingest.manifests import Manifest, is_manifest, local_file, period_of_path, read_manifest

_DATA_FILE = re.compile(r"\.(csv|csv\.gz|csv\.zip|zip|parquet)$", re.IGNORECASE)
_STATUS_FOLDER = "cost_and_usage_data_status"
_CHUNK = re.compile(r"^(?P<stem>.*?)[-_.]?(?P<number>\d{1,6})$")
_EXECUTION = re.compile(r"^\d{8}T\d{6}Z?-", re.IGNORECASE)
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A delivery to ingest: exactly these files. `period` is null where only the rows can tell it.

    `identity` tells exports of the same name apart. `missing` are files the manifest lists that are not here; that
    does not matter when this very delivery is loaded already.
    """

    export: str
    identity: str
    source: Path
    period: str | None
    delivery: str
    files: tuple[Path, ...]
    fingerprint: str
    vouched: bool
    reason: str
    others: int = 0
    missing: tuple[str, ...] = ()


@dataclass
class Survey:
    """Everything found below the paths given. `ignored` are files of no chosen delivery, each with the reason."""

    found: list[Found] = field(default_factory=list)
    ignored: list[tuple[Path, str]] = field(default_factory=list)


def survey(paths: Sequence[Path]) -> Survey:
    """Look below each path. Raises UsageError for a path that does not exist, DataError where nothing can be chosen."""
    result = Survey()
    named = [path for path in paths if not path.is_dir()]
    for path in named:
        if not path.exists():
            raise UsageError("no such file or folder", str(path))
        if is_manifest(path):
            raise UsageError(
                "name the folder of the export, not its manifest", str(path), f"finops ingest {path.parent}"
            )
    if named:
        result.found.append(_loose("files", named[0].resolve().parent, None, named, "exactly the files named"))
    for path in paths:
        if path.is_dir():
            _survey_folder(path.resolve(), result)
    if not result.found:
        looked = ", ".join(str(path) for path in paths)
        raise DataError("no billing export found: no manifest, CSV or Parquet file", looked, "finops ingest FOLDER")
    return result


def _survey_folder(root: Path, result: Survey) -> None:
    files = _files_below(root)
    manifests = [found for path in files if is_manifest(path) and (found := read_manifest(path))]
    data = [path for path in files if _DATA_FILE.search(path.name) and _STATUS_FOLDER not in path.parts]
    if manifests:
        chosen = _by_manifest(root, manifests, data)
        result.found += chosen
        used = {path for found in chosen for path in found.files}
        result.ignored += [(path, "listed by no chosen manifest") for path in data if path not in used]
    else:
        result.found += _without_manifest(root, data)
    _refuse_updating(files, result.found)


def _files_below(root: Path) -> list[Path]:
    problems: list[OSError] = []
    files = [
        Path(folder) / name
        for folder, folders, names in os.walk(root, onerror=problems.append)
        if folders.sort() is None
        for name in sorted(names)
        if not name.startswith(".")
    ]
    if problems:
        raise DataError(f"the folder cannot be read: {problems[0].strerror}", problems[0].filename)
    return files


def _by_manifest(root: Path, manifests: list[Manifest], data: list[Path]) -> list[Found]:
    groups: dict[tuple[str, str, Path], list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        groups[manifest.export, manifest.period, _period_folder(manifest)].append(manifest)
    relative = {path.relative_to(root).as_posix(): path for path in data}
    return [_chosen(root, group, relative) for group in groups.values()]


def _period_folder(manifest: Manifest) -> Path:
    return manifest.path.parent.parent if manifest.immutable else manifest.path.parent


def _chosen(root: Path, group: list[Manifest], relative: dict[str, Path]) -> Found:
    newest, reason = _newest(group)
    if not newest.keys:
        raise DataError(f"the manifest of {newest.export} {newest.period} lists no files", str(newest.path))
    beside = newest.path.parent.relative_to(root).as_posix()
    files = {key: local_file(key, relative, beside) for key in newest.keys}
    return Found(
        export=newest.export,
        identity=newest.identity,
        source=root,
        period=newest.period,
        delivery=newest.delivery,
        files=tuple(path for path in files.values() if path),
        fingerprint=newest.fingerprint,
        vouched=True,
        reason=reason,
        others=len({manifest.delivery for manifest in group}) - 1,
        missing=tuple(key for key, path in files.items() if path is None),
    )


def _newest(group: list[Manifest]) -> tuple[Manifest, str]:
    pointers = [manifest for manifest in group if not manifest.immutable]
    if len({manifest.delivery for manifest in pointers}) == 1:
        return pointers[0], "the period's manifest points at it"
    deliveries = {manifest.delivery: manifest for manifest in group}
    if len(deliveries) == 1:
        return group[0], "the only delivery"
    ages = sorted((manifest.path.stat().st_mtime_ns, manifest.delivery) for manifest in deliveries.values())
    if ages[-1][0] == ages[-2][0]:
        raise DataError(
            f"{group[0].export} {group[0].period}: no manifest says which of {len(deliveries)} deliveries is newest",
            str(group[0].path.parent.parent),
            "copy the period's own manifest too, or name one delivery's folder",
        )
    return deliveries[ages[-1][1]], "the newest manifest file, no manifest of the period is here"


def _without_manifest(root: Path, data: list[Path]) -> list[Found]:
    groups: dict[tuple[Path, str | None], list[Path]] = defaultdict(list)
    for path in data:
        period = period_of_path(path.relative_to(root.parent).as_posix())
        groups[_export_root(path, root) if period else path.parent, period].append(path)
    found = []
    for (folder, period), files in sorted(groups.items(), key=lambda item: (str(item[0][0]), item[0][1] or "")):
        _refuse_several_deliveries(folder, period, files)
        found.append(_loose(_folder_name(folder), folder, period, files, "the only files here, no manifest"))
    return found


def _export_root(path: Path, root: Path) -> Path:
    """The folder above the partition folders."""
    for folder in path.parents:
        if folder == root.parent:
            break
        if period_of_path(folder.name) or folder.name.lower().startswith("year="):
            return folder.parent
    return path.parent


def _folder_name(folder: Path) -> str:
    return folder.parent.name if folder.name.lower() in ("data", "metadata") and folder.parent.name else folder.name


def _refuse_several_deliveries(folder: Path, period: str | None, files: list[Path]) -> None:
    deliveries = {part for path in files for part in path.parts if _EXECUTION.match(part) or _UUID.match(part)}
    if len(deliveries) > 1:
        raise DataError(
            f"{len(deliveries)} deliveries of {period or 'one period'} are here and no manifest says which is complete",
            str(folder),
            "copy the manifest too, or name the files of one delivery",
        )


def _stem(path: Path) -> str:
    name = _DATA_FILE.sub("", path.name).removesuffix(".snappy")
    chunk = _CHUNK.match(name)
    return chunk["stem"] if chunk else name


def are_chunks(files: Iterable[Path]) -> bool:
    """Whether files look like numbered parts of one delivery: one stem, different numbers."""
    return len({(_stem(path), path.parent) for path in files}) == 1


def _loose(export: str, folder: Path, period: str | None, files: list[Path], reason: str) -> Found:
    name = export if export != "files" else _folder_name(folder)
    listing = sorted((str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    fingerprint = hashlib.sha256(repr(listing).encode()).hexdigest()
    return Found(name, str(folder), folder, period, fingerprint[:12], tuple(sorted(files)), fingerprint, False, reason)


def _refuse_updating(files: list[Path], found: list[Found]) -> None:
    for path in files:
        if _STATUS_FOLDER in path.parts and path.suffix == ".parquet" and _status(path) == "UPDATING":
            raise DataError(
                "AWS is writing this export: its status says UPDATING",
                str(path),
                "ingest again when the delivery is complete",
            )


def _status(path: Path) -> str:
    from finops.engines.duckdb import connect, path_list

    row = connect().execute(f"select upper(cast(any_value(status) as varchar)) from read_parquet({path_list([path])})")
    return str((row.fetchone() or ("",))[0])
