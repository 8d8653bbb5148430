"""Object sizes from a file: an S3 Inventory list, a Storage Lens metrics export, or one line per bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.engines.duckdb import connect
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Objects below this size stay where they are, by the default of S3 Lifecycle since September 2024.
MOVED_FROM = 128 * 1024


@dataclass(frozen=True)
class Sizes:
    """What a file says of one bucket, bytes and counts. Current objects are those of Standard.

    `movable` are those of at least 128 KiB. Where only sums are known (`exact` False) all count as movable if their
    mean is that large. The last ones are None where the file says nothing of them.
    """

    objects: int = 0
    bytes: int = 0
    movable_objects: int = 0
    movable_bytes: int = 0
    exact: bool = False
    noncurrent_bytes: int | None = None
    multipart_bytes: int | None = None


def read_inventory(path: Path) -> Mapping[str, Sizes]:
    """The sizes by bucket, from a CSV with a header line (also compressed with gzip).

    Raises UsageError where there is no such file or its columns are of no known kind, DataError for values that are no
    numbers.
    """
    # a connection of its own: those that answer questions read nothing but the ledger
    with closing(connect()) as connection:
        columns = _columns(connection, path)
        for needed, read in _FORMS:
            if needed <= columns.keys():
                return read(connection, path, columns)
    raise UsageError("the columns of the inventory are of no known kind", str(path), _KNOWN)


_KNOWN = (
    "first line Bucket,Key,Size,StorageClass (fileSchema of the S3 Inventory), a Storage Lens export, "
    "or bucket,objects,bytes"
)


def _columns(connection: DuckDBPyConnection, path: Path) -> dict[str, str]:
    """The header: each name without case, blanks and underscores, and as the file spells it."""
    import duckdb

    if not path.is_file():
        raise UsageError("there is no such inventory", str(path), _KNOWN)
    try:
        names = connection.execute(f"select * from {_CSV} limit 0", [str(path)]).description
    except duckdb.Error as error:
        raise DataError("the inventory cannot be read as CSV", str(path), _KNOWN) from error
    return {str(name[0]).lower().replace(" ", "").replace("_", ""): str(name[0]) for name in names or ()}


def _rows(connection: DuckDBPyConnection, path: Path, columns: Mapping[str, str], sql: str) -> Sequence[Any]:
    import duckdb

    from finops.engines.duckdb import identifier

    names = {key: identifier(name) for key, name in columns.items()}
    try:
        return connection.execute(sql.format(csv=_CSV, **names), [str(path)]).fetchall()
    except duckdb.Error as error:
        raise DataError(
            "a line of the inventory cannot be read", str(path), str(error).splitlines()[0][:150]
        ) from error


def _from_objects(connection: DuckDBPyConnection, path: Path, columns: Mapping[str, str]) -> dict[str, Sizes]:
    versions = "islatest" in columns
    latest = "lower({islatest}) = 'true'" if versions else "true"
    found = _rows(connection, path, columns, _OBJECTS.replace("LATEST", latest))
    return {
        bucket: Sizes(objects, size, movable, movable_size, True, noncurrent if versions else None)
        for bucket, objects, size, movable, movable_size, noncurrent in found
    }


def _from_metrics(connection: DuckDBPyConnection, path: Path, columns: Mapping[str, str]) -> dict[str, Sizes]:
    """Of a Storage Lens export, which has one line per bucket, storage class and metric, the latest day."""
    found: dict[str, Sizes] = {}
    for bucket, objects, size, noncurrent, multipart in _rows(connection, path, columns, _METRICS):
        sums = _of_sums(int(objects or 0), int(size or 0))
        found[bucket] = replace(
            sums,
            noncurrent_bytes=None if noncurrent is None else int(noncurrent),
            multipart_bytes=None if multipart is None else int(multipart),
        )
    return found


def _from_buckets(connection: DuckDBPyConnection, path: Path, columns: Mapping[str, str]) -> dict[str, Sizes]:
    return {bucket: _of_sums(objects, size) for bucket, objects, size in _rows(connection, path, columns, _BUCKETS)}


def _of_sums(objects: int, size: int) -> Sizes:
    movable = objects > 0 and size >= objects * MOVED_FROM
    return Sizes(objects, size, objects if movable else 0, size if movable else 0)


_CSV = "read_csv(?, header = true, all_varchar = true)"
_OBJECTS = """
with objects as (
    select trim({bucket}) as bucket, upper(coalesce({storageclass}, 'STANDARD')) = 'STANDARD' as is_standard,
        LATEST as is_latest, cast(coalesce({size}, '0') as bigint) as size
    from {csv}
)
select bucket, count(*) filter (where is_standard and is_latest),
    cast(coalesce(sum(size) filter (where is_standard and is_latest), 0) as bigint),
    count(*) filter (where is_standard and is_latest and size >= 131072),
    cast(coalesce(sum(size) filter (where is_standard and is_latest and size >= 131072), 0) as bigint),
    cast(coalesce(sum(size) filter (where is_standard and not is_latest), 0) as bigint)
from objects
group by bucket
"""
_METRICS = """
with metrics as (
    select trim({bucketname}) as bucket, {metricname} as metric, cast({metricvalue} as decimal(38, 4)) as value,
        upper(coalesce({storageclass}, '')) as class, {reportdate} as day
    from {csv}
    where {recordtype} = 'BUCKET'
)
select bucket,
    coalesce(
        sum(value) filter (where metric = 'CurrentVersionObjectCount' and class = 'STANDARD'),
        sum(value) filter (where metric = 'ObjectCount' and class = 'STANDARD')
    ),
    coalesce(
        sum(value) filter (where metric = 'CurrentVersionStorageBytes' and class = 'STANDARD'),
        sum(value) filter (where metric = 'StorageBytes' and class = 'STANDARD')
    ),
    sum(value) filter (where metric = 'NonCurrentVersionStorageBytes' and class = 'STANDARD'),
    sum(value) filter (where metric = 'IncompleteMultipartUploadStorageBytes' and class = 'STANDARD')
from metrics
where day = (select max(day) from metrics)
group by bucket
"""
_BUCKETS = """
select trim({bucket}), cast(sum(cast({objects} as bigint)) as bigint), cast(sum(cast({bytes} as bigint)) as bigint)
from {csv}
group by trim({bucket})
"""
_Reader = Callable[["DuckDBPyConnection", Path, Mapping[str, str]], dict[str, Sizes]]
# The columns that tell a form, and what reads it.
_FORMS: tuple[tuple[frozenset[str], _Reader], ...] = (
    (frozenset({"bucketname", "metricname", "metricvalue", "storageclass", "recordtype", "reportdate"}), _from_metrics),
    (frozenset({"bucket", "key", "size", "storageclass"}), _from_objects),
    (frozenset({"bucket", "objects", "bytes"}), _from_buckets),
)
