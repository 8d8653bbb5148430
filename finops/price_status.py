"""How old the price lists are, and which usage of the bill no price is known for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.prices import PriceBook, PriceRow, price_of, read_prices
from finops.rates import Rated, own_rates, rated_usage

if TYPE_CHECKING:
    from finops.usage import Usage

OLD_DAYS = 180
_LISTS = (
    Column("service"),
    Column("as_of"),
    Column("age_days", "count"),
    Column("prices", "count"),
    Column("regions"),
    Column("kinds"),
    Column("old", "flag"),
    Column("source"),
)
_BASES = (Column("basis"), Column("usage_types", "count"), Column("cost", "money"))
_UNPRICED = (
    Column("service"),
    Column("region"),
    Column("usage_type"),
    Column("operation"),
    Column("cost", "money"),
)


def price_status(database: Path, usage: Usage | None, today: date, unread: str = "") -> Document:
    """One row per price list that is still in force in part, the newest last; what it was overtaken in is left out.

    With `usage` the totals say how much of the bill's usage each basis can price, and what nothing can; `unread` is
    why there is none.
    """
    listed = read_prices(database)
    book = PriceBook.of({}, listed)
    rated = rated_usage(usage.connection) if usage else []
    rows = sorted(_lists(book.listed.values(), today))
    old = [row for row in rows if row[6]]
    return Document(
        command="prices status",
        basis=_basis(usage),
        rows=Rows.of(_LISTS, rows),
        totals=_priced(PriceBook.of(own_rates(rated), listed), rated, usage.currency) if usage else {},
        problems=[*(usage.problems if usage else [_nothing(database, unread)]), *_old(old)],
    )


def _basis(usage: Usage | None) -> Basis:
    if usage is None:
        return Basis()
    return Basis(currency=usage.currency, final=usage.final, deliveries=usage.described)


def _lists(rows: Iterable[PriceRow], today: date) -> list[tuple[object, ...]]:
    lists: dict[tuple[str, date], list[PriceRow]] = defaultdict(list)
    for row in rows:
        lists[row.service, row.as_of].append(row)
    return [
        (
            service,
            as_of,
            (today - as_of).days,
            len(found),
            ", ".join(sorted({row.region for row in found})),
            ", ".join(sorted({_kind(row.kind) for row in found})),
            (today - as_of).days > OLD_DAYS,
            "; ".join(sorted({row.source for row in found})),
        )
        for (service, as_of), found in lists.items()
    ]


def _kind(kind: str) -> str:
    return {"ri": "reserved", "sp": "Savings Plan"}.get(kind.partition("_")[0], kind.replace("_", " "))


def _priced(book: PriceBook, rated: Sequence[Rated], currency: str) -> dict[str, object]:
    by_basis: dict[str, list[Decimal]] = defaultdict(list)
    unpriced = []
    for one in rated:
        kind = "spot" if "SpotUsage" in one.usage[2] else "on_demand"
        price = price_of(book, one.usage, kind)
        usable = price if price and price.currency == currency else None
        by_basis[usable.basis if usable else "unknown"].append(one.cost)
        if usable is None and one.cost:
            unpriced.append((*one.usage, one.cost))
    bases = sorted((basis, len(costs), sum(costs, Decimal(0))) for basis, costs in by_basis.items())
    return {
        "by_basis": Rows.of(_BASES, bases),
        "unpriced": Rows.of(_UNPRICED, sorted(unpriced, key=lambda row: (-row[-1], row[:-1]))),
    }


def _nothing(database: Path, unread: str) -> Problem:
    text = f"the bill's own rates are not known: {unread or 'no bill is loaded'}"
    return Problem("no_own_rates", text, str(database))


def _old(old: Sequence[tuple[object, ...]]) -> list[Problem]:
    if not old:
        return []
    text = f"{len(old)} price lists are older than {OLD_DAYS} days; finops prices refresh asks AWS for those of today"
    return [Problem("old_prices", text, ", ".join(dict.fromkeys(str(row[0]) for row in old)))]
