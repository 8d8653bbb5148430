"""What exports lie below addresses in S3: decided as in folders, fetched when they are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from finops.aws import Replaced
from finops.errors import UsageError
from finops.ingest.discover import Found, Survey, is_data_file, require_found, survey_files, survey_listing
from finops.ingest.listing import Entry, s3_path, shown
from finops.ingest.manifests import is_manifest
from finops.ingest.s3.address import Address
from finops.ingest.s3.fetch import Order, fetch
from finops.ingest.s3.objects import list_below, look_up


def survey_s3(client: Any, addresses: Sequence[Address], since: str | None = None) -> Survey:
    """Look below each address for billing periods from `since` (YYYY-MM) on, as `survey` does in folders.

    `client` is one of S3. What changes between listing and reading is listed once more. Raises DataError where
    nothing can be chosen, UsageError for an address that cannot be meant, EngineError for what AWS refuses.
    """
    try:
        return _survey(client, addresses, since)
    except Replaced:
        return _survey(client, addresses, since)


def _survey(client: Any, addresses: Sequence[Address], since: str | None) -> Survey:
    result = Survey()
    named = [address for address in addresses if _is_object(address)]
    if named:
        objects = {s3_path(one.bucket, one.key): _named(client, one) for one in named}
        found = survey_files(objects, next(iter(objects)).parent, since)
        result.found.append(_fetchable(client, found, {}, 0))
    for address in addresses:
        if not _is_object(address):
            _survey_below(client, address, result, since)
    require_found(result, [str(address) for address in addresses], since)
    return result


def _is_object(address: Address) -> bool:
    return is_data_file(address.key) or is_manifest(Path(address.key))


def _named(client: Any, address: Address) -> Entry:
    if is_manifest(Path(address.key)):
        folder = shown(s3_path(address.bucket, address.key).parent)
        raise UsageError("name the folder of the export, not its manifest", str(address), f"finops ingest {folder}")
    entry = look_up(client, address)
    if entry is None:
        raise UsageError("there is no such object", str(address), f"aws s3 ls s3://{address.bucket}/")
    return entry


def _survey_below(client: Any, address: Address, result: Survey, since: str | None) -> None:
    listed, below = list_below(client, address), Survey()
    if not listed.listing.entries:
        raise UsageError("nothing lies below this address", str(address), f"aws s3 ls s3://{address.bucket}/")
    survey_listing(listed.listing, below, since)
    result.found += [_fetchable(client, found, listed.listing.entries, listed.at) for found in below.found]
    result.ignored += below.ignored


def _fetchable(client: Any, found: Found, entries: Mapping[Path, Entry], listed_at: int) -> Found:
    manifest = entries[found.manifest] if found.manifest else None
    order = Order(found.entries, manifest, listed_at, _is_overwritten(found))
    return replace(found, fetch=partial(fetch, client, order))


def _is_overwritten(found: Found) -> bool:
    """Whether the next delivery takes the place of this one's files: then their keys do not name it."""
    return found.vouched and not all(found.delivery.lower() in entry.address.lower() for entry in found.entries)
