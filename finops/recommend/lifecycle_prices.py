"""Storage prices by region: what the bill itself shows first, a price list of the same region next, else unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from finops.prices import OwnRate, Price, PriceBook, sku_keys

Key = tuple[str, str, str]
"""AWS service code, region code and usage type without its region prefix."""


@dataclass(frozen=True)
class StoragePrices:
    """Own rates without regard to the operation, which does not matter for the price of storage, and the lists."""

    own: Mapping[Key, OwnRate]
    book: PriceBook

    @classmethod
    def of(cls, book: PriceBook) -> StoragePrices:
        """From the rates of the bill; where one usage type has several units none of them counts."""
        found: dict[Key, OwnRate | None] = {}
        for (service, region, usage_type, operation), rate in book.own.items():
            key = service, region, sku_keys(usage_type, operation)[1]
            found[key] = _together(found[key], rate) if key in found else rate
        return cls({key: rate for key, rate in found.items() if rate is not None}, book)

    def price(self, service: str, region: str, sku_key: str, kind: str = "on_demand") -> Price | None:
        """The price in that region and no other; None where it is not known."""
        own = self.own.get((service, region, sku_key)) if kind == "on_demand" else None
        if own is not None:
            return Price(own.rate, own.unit, own.currency, "own rate")
        row = self.book.listed.get((service, region, kind, sku_key))
        if row is None:
            return None
        return Price(row.price, row.unit, row.currency, f"price list {row.as_of}", row.as_of, row.source)


def _together(one: OwnRate | None, other: OwnRate) -> OwnRate | None:
    if one is None or one.unit != other.unit:
        return None
    return OwnRate(one.cost + other.cost, one.quantity + other.quantity, one.unit, one.currency)


def basis_of(prices: Iterable[Price]) -> str:
    """The basis of a figure made with several prices: the oldest list among them, else `own rate`."""
    listed = sorted(one.as_of for one in prices if one.as_of is not None)
    return f"price list {listed[0]}" if listed else "own rate"


def in_words(name: str, price: Decimal, of: Price | None = None) -> str:
    """A price as evidence names it: `Standard 0.023 (own rate)`."""
    return f"{name} {price.normalize():f} ({of.basis if of else 'own rate'})"
