"""The ledger as plain Parquet in a folder: line items and marts of every current delivery, with a manifest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops import __version__
from finops.catalog import MARTS, Delivery, deliveries, require_marts, store_of
from finops.engines.duckdb import connect, literal, path_list
from finops.errors import DataError, UsageError
from finops.ledger.lines import open_lines
from finops.ledger.to_disk import to_disk

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANIFEST = "manifest.json"
LINE_ITEMS = "line_items"
# Marts whose cost is not that of the whole delivery again: tags have none, split cost divides it.
_WITHOUT_TOTAL = ("tag_sets", "split_cost_daily")


@dataclass(frozen=True)
class Exported:
    """One file that was written: `rows` in it, and its unblended cost; None where the model has none."""

    delivery: Delivery
    model: str
    file: str
    rows: int
    unblended: Decimal | None


def export(database: Path, folder: Path, step: Callable[[str], None] = lambda text: None) -> list[Exported]:
    """Write the current deliveries into a new folder; it is there whole or not at all.

    Raises UsageError when the folder exists, DataError when what was written does not sum to its delivery.
    """
    _sweep(folder)
    if folder.exists():
        raise UsageError("the folder exists already", str(folder), "name a new one")
    current = deliveries(database)
    require_marts(store_of(database), current)
    with _draft(folder) as draft:
        written = [file for one in current for file in _delivery(database, one, draft, step)]
        (draft / MANIFEST).write_text(json.dumps(_manifest(current, written), indent=2) + "\n", encoding="utf-8")
        to_disk(draft)
        draft.rename(folder)
    return written


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A folder to write to, locked for as long as it is written to, and gone afterwards."""
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    draft.mkdir(parents=True, mode=0o700)
    handle = os.open(draft, os.O_RDONLY)
    try:
        # where folders have no locks nobody removes what may be in use
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield draft
    finally:
        os.close(handle)
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what runs that broke left of this folder; one that is still written to is locked."""
    for draft in folder.parent.glob(f"{escape(folder.name)}.*.tmp"):
        handle = os.open(draft, os.O_RDONLY)
        try:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(draft)
        finally:
            os.close(handle)


def _delivery(database: Path, one: Delivery, folder: Path, step: Callable[[str], None]) -> Iterator[Exported]:
    step(f"{one.export} {one.period}")
    home = folder / one.delivery_id
    home.mkdir()
    spill = home.with_name(".spill")
    with closing(connect(spill=spill)) as connection:
        if open_lines(connection, database, one):
            select = f"select {literal(one.delivery_id)} as delivery_id, * from line_items"
            yield _written(connection, select, one, LINE_ITEMS, home)
        for mart in MARTS:
            source = path_list([store_of(database) / one.delivery_id / "marts" / f"{mart}.parquet"])
            yield _written(connection, f"select * from read_parquet({source})", one, mart, home)
    shutil.rmtree(spill, ignore_errors=True)


def _written(connection: DuckDBPyConnection, select: str, one: Delivery, model: str, home: Path) -> Exported:
    """Write one model, then read it back: its rows and cost must be those of the delivery."""
    target = home / f"{model}.parquet"
    connection.execute(f"copy ({select}) to {literal(str(target))} (format parquet, compression zstd)")
    os.chmod(target, 0o600)
    cost = "null" if model in _WITHOUT_TOTAL else "sum(x_unblended_cost)"
    found = connection.execute(f"select count(*), {cost} from read_parquet({path_list([target])})").fetchone()
    rows, unblended = found or (0, None)
    if model not in _WITHOUT_TOTAL and unblended != one.unblended:
        raise DataError(f"{model} was written with {unblended}, the delivery has {one.unblended}", str(target))
    return Exported(one, model, f"{one.delivery_id}/{target.name}", rows, unblended)


def _manifest(current: list[Delivery], written: list[Exported]) -> dict[str, Any]:
    files = [
        {
            "file": one.file,
            "model": one.model,
            "delivery_id": one.delivery.delivery_id,
            "rows": one.rows,
            # a text, so that no reader makes a float of it
            "unblended": None if one.unblended is None else str(one.unblended),
        }
        for one in written
    ]
    return {"finops": __version__, "deliveries": [_described(one) for one in current], "files": files}


def _described(one: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": one.delivery_id,
        "export": one.export,
        "format": one.format,
        "period": one.period,
        "delivery": one.delivery,
        "rows": one.rows,
        "unblended": str(one.unblended),
        "currency": one.currency,
        "final": one.final,
    }
