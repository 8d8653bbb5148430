"""What is in the folders and files given: exports, billing periods, deliveries, and which one counts and why."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from finops.errors import DataError, UsageError
from finops.ingest.listing import Entry, Listing, file_entry, folder_listing, shown
from finops.ingest.manifests import Manifest, is_manifest, local_file, parse_manifest, period_of_path

_DATA_FILE = re.compile(r"\.(csv|csv\.gz|csv\.zip|zip|parquet)$", re.IGNORECASE)
_STATUS_FOLDER = "cost_and_usage_data_status"
_CHUNK = re.compile(r"^(?P<stem>.*?)[-_.]?(?P<number>\d{1,6})$")
_EXECUTION = re.compile(r"^\d{8}T\d{6}Z?-", re.IGNORECASE)
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)

# Brings the files of a delivery into a folder, tells a step what has come (in words and bytes), and gives their paths.
Fetch = Callable[[Path, Callable[[str, int], None]], list[Path]]


@dataclass(frozen=True)
class Found:
    """A delivery to ingest: exactly these files. `period` is null where only the rows can tell it.

    `identity` tells exports of the same name apart. `missing` are files the manifest lists that are not here; that
    does not matter when this very delivery is loaded already. Where `fetch` is set the files lie elsewhere, as
    `entries` say, and cannot be opened before they are fetched.
    """

    export: str
    identity: str
    source: str
    period: str | None
    delivery: str
    files: tuple[Path, ...]
    fingerprint: str
    vouched: bool
    reason: str
    others: int = 0
    missing: tuple[str, ...] = ()
    manifest: Path | None = None
    entries: tuple[Entry, ...] = ()
    fetch: Fetch | None = field(default=None, compare=False)

    @property
    def sizes(self) -> dict[str, int]:
        """Each file by its path or address, and its size in bytes."""
        if self.fetch:
            return {entry.address: entry.size for entry in self.entries}
        return {str(path): path.stat().st_size for path in self.files}


@dataclass
class Survey:
    """Everything found below the paths given. `ignored` are files of no chosen delivery, each with the reason."""

    found: list[Found] = field(default_factory=list)
    ignored: list[tuple[Path, str]] = field(default_factory=list)


def survey(paths: Sequence[Path], since: str | None = None) -> Survey:
    """Look below each path for billing periods from `since` (YYYY-MM) on.

    Raises UsageError for a path that does not exist, DataError where nothing can be chosen.
    """
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
        result.found.append(survey_files({path: file_entry(path) for path in named}, named[0].resolve().parent, since))
    for path in paths:
        if path.is_dir():
            survey_listing(folder_listing(path.resolve()), result, since)
    require_found(result, [str(path) for path in paths], since)
    return result


def require_found(result: Survey, looked: Sequence[str], since: str | None) -> None:
    """Raises DataError where nothing to load was found."""
    if result.found:
        return
    where = ", ".join(looked)
    if since:
        raise DataError(f"no billing period from {since} on is here", where, "an earlier --since, or none")
    what = "no billing export found: no manifest, CSV or Parquet file"
    raise DataError(what, where, "finops ingest FOLDER, or s3://BUCKET/FOLDER")


def is_data_file(name: str) -> bool:
    """Whether a file may hold the rows of an export, by its name."""
    return bool(_DATA_FILE.search(name))


def survey_files(named: Mapping[Path, Entry], folder: Path, since: str | None = None) -> Found:
    """The delivery that exactly these files are."""
    _refuse_unknown_periods(since, None, folder)
    return _loose("files", named, folder, None, list(named), "exactly the files named")


def survey_listing(listing: Listing, result: Survey, since: str | None = None) -> None:
    """Add to `result` what a listing holds of the billing periods from `since` on."""
    files = [path for path in listing.entries if not _is_before(since, period_of_path(path.as_posix()))]
    manifests, set_aside = _read_manifests(listing, [path for path in files if is_manifest(path)])
    data = [path for path in files if is_data_file(path.name) and _STATUS_FOLDER not in path.parts]
    if manifests:
        wanted = [manifest for manifest in manifests if not _is_before(since, manifest.period)]
        chosen = _by_manifest(listing, wanted, data, set_aside)
        result.found += chosen
        used = {path for found in chosen for path in found.files}
        result.ignored += [(path, "listed by no chosen manifest") for path in data if path not in used]
    else:
        result.found += _without_manifest(listing, data, since)
    _refuse_updating(listing, files)


def _is_before(since: str | None, period: str | None) -> bool:
    return since is not None and period is not None and period < since


def _read_manifests(listing: Listing, paths: Sequence[Path]) -> tuple[list[Manifest], Counter[Path]]:
    """The manifests that are needed, and for each one how many deliveries were set aside without a look.

    Create-new exports keep the manifest of every delivery beside the one of the period that names the newest: where
    that one is, theirs need not be read. There may be hundreds.
    """
    known = set(paths)
    copies = {path: above for path in paths if (above := _pointer_above(path)) in known}
    read = _parsed(listing, [path for path in paths if path not in copies])
    read |= _parsed(listing, [path for path, above in copies.items() if above not in read])
    set_aside = Counter(
        above
        for path, above in copies.items()
        if above in read and read[above].delivery.lower() not in path.parent.name.lower()
    )
    return [read[path] for path in paths if path in read], set_aside


def _pointer_above(path: Path) -> Path | None:
    """Where the period's manifest lies, for one in a folder that has the name of a delivery."""
    return path.parent.parent / path.name if _names_a_delivery(path.parent.name) else None


def _names_a_delivery(folder: str) -> bool:
    return bool(_EXECUTION.match(folder) or _UUID.match(folder))


def _parsed(listing: Listing, paths: Sequence[Path]) -> dict[Path, Manifest]:
    contents = zip(paths, listing.read(paths), strict=True)
    return {path: found for path, raw in contents if (found := parse_manifest(raw, path))}


def _by_manifest(
    listing: Listing, manifests: list[Manifest], data: list[Path], set_aside: Counter[Path]
) -> list[Found]:
    groups: dict[tuple[str, str, Path], list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        groups[manifest.export, manifest.period, _period_folder(manifest)].append(manifest)
    relative = {path.relative_to(listing.root).as_posix(): path for path in data}
    return [_chosen(listing, group, relative, set_aside) for group in groups.values()]


def _period_folder(manifest: Manifest) -> Path:
    return manifest.path.parent.parent if manifest.immutable else manifest.path.parent


def _chosen(listing: Listing, group: list[Manifest], relative: dict[str, Path], set_aside: Counter[Path]) -> Found:
    newest, reason = _newest(listing, group)
    if not newest.keys:
        raise DataError(f"the manifest of {newest.export} {newest.period} lists no files", shown(newest.path))
    beside = newest.path.parent.relative_to(listing.root).as_posix()
    files = {key: local_file(key, relative, beside) for key in newest.keys}
    here = tuple(path for path in files.values() if path)
    entries = tuple(listing.entries[path] for path in here)
    return Found(
        export=newest.export,
        identity=newest.identity,
        source=shown(listing.root),
        period=newest.period,
        delivery=newest.delivery,
        files=here,
        fingerprint=_vouched_fingerprint(newest, [listing.entries[path] if path else None for path in files.values()]),
        vouched=True,
        reason=reason,
        others=len({manifest.delivery for manifest in group}) - 1 + set_aside[newest.path],
        missing=tuple(key for key, path in files.items() if path is None),
        manifest=newest.path,
        entries=entries,
    )


def _vouched_fingerprint(manifest: Manifest, files: Sequence[Entry | None]) -> str:
    """What the manifest says, and behind it what S3 says of the files.

    Files are copied at any time, so their age says nothing; and files that are gone say nothing either.
    """
    etags = [(entry.address, entry.size, entry.etag) for entry in files if entry and entry.etag]
    if len(etags) < len(files):
        return manifest.fingerprint
    return manifest.fingerprint + hashlib.sha256(repr(etags).encode()).hexdigest()


def _newest(listing: Listing, group: list[Manifest]) -> tuple[Manifest, str]:
    pointers = [manifest for manifest in group if not manifest.immutable]
    if len({manifest.delivery for manifest in pointers}) == 1:
        return pointers[0], "the period's manifest points at it"
    deliveries = {manifest.delivery: manifest for manifest in group}
    if len(deliveries) == 1:
        return group[0], "the only delivery"
    ages = sorted((listing.entries[one.path].modified, one.delivery) for one in deliveries.values())
    if ages[-1][0] == ages[-2][0]:
        raise DataError(
            f"{group[0].export} {group[0].period}: no manifest says which of {len(deliveries)} deliveries is newest",
            shown(group[0].path.parent.parent),
            "copy the period's own manifest too, or name one delivery's folder",
        )
    return deliveries[ages[-1][1]], "the newest manifest file, no manifest of the period is here"


def _without_manifest(listing: Listing, data: list[Path], since: str | None) -> list[Found]:
    root = listing.root
    groups: dict[tuple[Path, str | None], list[Path]] = defaultdict(list)
    for path in data:
        period = period_of_path(path.relative_to(root.parent).as_posix())
        groups[_export_root(path, root) if period else path.parent, period].append(path)
    found = []
    for (folder, period), files in sorted(groups.items(), key=lambda item: (str(item[0][0]), item[0][1] or "")):
        _refuse_several_deliveries(folder, period, files)
        _refuse_unknown_periods(since, period, folder)
        reason = "the only files here, no manifest"
        found.append(_loose(_folder_name(folder), listing.entries, folder, period, files, reason))
    return found


def _refuse_unknown_periods(since: str | None, period: str | None, folder: Path) -> None:
    if since and period is None:
        raise UsageError("only its rows tell the billing period of this export", shown(folder), "leave out --since")


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
    deliveries = {part for path in files for part in path.parts if _names_a_delivery(part)}
    if len(deliveries) > 1:
        raise DataError(
            f"{len(deliveries)} deliveries of {period or 'one period'} are here and no manifest says which is complete",
            shown(folder),
            "copy the manifest too, or name the files of one delivery",
        )


def _stem(path: Path) -> str:
    name = _DATA_FILE.sub("", path.name).removesuffix(".snappy")
    chunk = _CHUNK.match(name)
    return chunk["stem"] if chunk else name


def are_chunks(files: Iterable[Path]) -> bool:
    """Whether files look like numbered parts of one delivery: one stem, different numbers."""
    return len({(_stem(path), path.parent) for path in files}) == 1


def _loose(
    export: str, entries: Mapping[Path, Entry], folder: Path, period: str | None, files: list[Path], reason: str
) -> Found:
    name = export if export != "files" else _folder_name(folder)
    place = shown(folder)
    ordered = sorted(files)
    held = tuple(entries[path] for path in ordered)
    marks = sorted((entry.address, entry.size, entry.mark) for entry in held)
    fingerprint = hashlib.sha256(repr(marks).encode()).hexdigest()
    delivery = fingerprint[:12]
    return Found(name, place, place, period, delivery, tuple(ordered), fingerprint, False, reason, entries=held)


def _refuse_updating(listing: Listing, files: Sequence[Path]) -> None:
    statuses = [path for path in files if _STATUS_FOLDER in path.parts and path.suffix == ".parquet"]
    for path, content in zip(statuses, listing.read(statuses), strict=True):
        if _status(content) == "UPDATING":
            raise DataError(
                "AWS is writing this export: its status says UPDATING",
                shown(path),
                "ingest again when the delivery is complete",
            )


def _status(content: bytes) -> str:
    from finops.engines.duckdb import connect, path_list

    with NamedTemporaryFile(suffix=".parquet") as copy:
        copy.write(content)
        copy.flush()
        rows = f"read_parquet({path_list([Path(copy.name)])})"
        found = connect().execute(f"select upper(cast(any_value(status) as varchar)) from {rows}").fetchone()
    return str((found or ("",))[0])
