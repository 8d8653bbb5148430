"""Writing prices into the user's own folder: a file per service and day, as in pricing/."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from finops.errors import EngineError
from finops.prices.room import COLUMNS, PriceRow, own_folder


def write_prices(database: Path, rows: Iterable[PriceRow]) -> list[Path]:
    """Write the rows beside the database and return the files. A file of the same day is replaced whole.

    Raises EngineError when the disk refuses; a file that was there stays as it was.
    """
    files: dict[Path, list[PriceRow]] = defaultdict(list)
    for row in rows:
        files[own_folder(database) / row.service / f"{row.as_of}.csv"].append(row)
    for path, found in sorted(files.items()):
        try:
            _write(path, sorted(found))
        except OSError as error:
            reason = (error.strerror or "it cannot be used").lower()
            raise EngineError(f"prices cannot be written: {reason}", str(path), "another --db") from error
    return sorted(files)


def _write(path: Path, rows: Iterable[PriceRow]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        with draft.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows([*row[:5], format(row.price, "f"), *row[6:]] for row in rows)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
