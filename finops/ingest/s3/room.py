"""Whether the disk can take what is about to be fetched and loaded."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from finops.ingest.csv_pieces import PIECE_BYTES
from finops.ingest.discover import Found
from finops.ingest.rows import is_parquet

# What stays of a delivery for each byte of the export, rows and marts, and of CSV the files themselves. Measured:
# Parquet 1.23 at most, csv.gz 1.42.
_KEPT_OF_PARQUET, _KEPT_OF_CSV = Decimal("1.25"), Decimal("1.5")
# Decompressed pieces that lie on the disk at once, and how many times its compressed size a CSV can be at most.
_PIECES = 6
_DECOMPRESSED = 20


def room_needed(found: Sequence[Found], to_fetch: Sequence[int]) -> int:
    """The bytes of disk that loading these deliveries takes at most, of which `to_fetch` are to come for each.

    Deliveries are loaded one at a time, and what was fetched for one is removed before the next.
    """
    kept = sum(_kept(path, size) for one in found for path, size in one.sizes.items())
    csv = [sum(one.sizes.values()) for one in found if not all(map(is_parquet, one.files))]
    pieces = min(_PIECES * PIECE_BYTES, _DECOMPRESSED * max(csv, default=0))
    return int(kept) + max(to_fetch, default=0) + pieces


def _kept(path: str, size: int) -> Decimal:
    return size * (_KEPT_OF_PARQUET if is_parquet(Path(path)) else _KEPT_OF_CSV)


def free_room(store: Path) -> int:
    """The free bytes of the disk that the store is on, or will be."""
    on_disk = next(folder for folder in (store, *store.absolute().parents) if folder.is_dir())
    return shutil.disk_usage(on_disk).free
