"""The dated price lists: those that come with finops, and those the user's own folder holds beside the database."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from finops.errors import DataError
from finops.paths import pricing_dir

COLUMNS = ("service", "region", "kind", "sku_key", "unit", "price", "currency", "as_of", "source")


class PriceRow(NamedTuple):
    """One price per `unit`, in `currency`, as the source gave it for the day `as_of`; see pricing/README.md."""

    service: str
    region: str
    kind: str
    sku_key: str
    unit: str
    price: Decimal
    currency: str
    as_of: date
    source: str


def own_folder(database: Path) -> Path:
    """Where the prices are that were asked of AWS for this database: beside it."""
    return database.with_name(f"{database.stem}.prices")


def read_prices(database: Path | None = None, services: Collection[str] | None = None) -> list[PriceRow]:
    """Every price of the services (None: of all), the oldest first; the user's own come after ours of the same day.

    Raises DataError for a file that is no price list.
    """
    folders = [pricing_dir(), *([own_folder(database)] if database else [])]
    rows = [row for folder in folders for path in price_files(folder, services) for row in _rows(path)]
    return sorted(rows, key=lambda row: row.as_of)


def price_files(folder: Path, services: Collection[str] | None = None) -> list[Path]:
    """The price lists in a folder: `<service>/<day>.csv`, those of other facts left out."""
    found = sorted(folder.glob("*/*.csv"))
    return [path for path in found if _is_list(path) and (services is None or path.parent.name in services)]


def _is_list(path: Path) -> bool:
    with path.open(newline="", encoding="utf-8") as handle:
        return tuple(next(csv.reader(handle), ())) == COLUMNS


def _rows(path: Path) -> Iterator[PriceRow]:
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.reader(handle)
        next(reader)
        for number, cells in enumerate(reader, start=2):
            yield _row(cells, f"{path}:{number}")


def _row(cells: list[str], where: str) -> PriceRow:
    try:
        service, region, kind, key, unit, price, currency, as_of, source = cells
        row = PriceRow(service, region, kind, key, unit, Decimal(price), currency, date.fromisoformat(as_of), source)
    except (ValueError, InvalidOperation) as error:
        raise DataError("a line of a price list cannot be read", where, "remove the file and refresh") from error
    if not row.price.is_finite() or row.price <= 0:
        raise DataError(f"a price list says {row.price}: a price that is not known has no line", where)
    return row
