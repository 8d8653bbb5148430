"""One price and its basis: the rate the bill itself shows, else a dated price list, else nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal

from finops.prices.room import PriceRow

# USE2-, APN1-, CAN1-, EU-: what stands before a usage type outside us-east-1.
_REGION_PREFIX = re.compile(r"^(?:[A-Z]{2,3}[0-9]|EU)-")
# RunInstances:SV006: which Spot market it was, which a price list does not tell apart.
_SPOT_MARKET = re.compile(r":SV[0-9]+$")
# A rate is a quotient of exact sums; more digits than these are noise of the amounts.
_RATE = Context(prec=12)

Usage = tuple[str, str, str, str]
"""AWS service code, region code, usage type and operation, as the bill has them."""


@dataclass(frozen=True)
class OwnRate:
    """What the bill shows for one usage type: `cost` for `quantity` of `unit`, at on-demand rates."""

    cost: Decimal
    quantity: Decimal
    unit: str
    currency: str

    @property
    def rate(self) -> Decimal:
        """Cost per unit, to 12 significant digits."""
        return _RATE.divide(self.cost, self.quantity)


@dataclass(frozen=True)
class Price:
    """A price per unit. `basis` is `own rate` or `price list YYYY-MM-DD`; `as_of` None for an own rate."""

    price: Decimal
    unit: str
    currency: str
    basis: str
    as_of: date | None = None
    source: str = "the bill"


@dataclass(frozen=True)
class PriceBook:
    """Own rates by usage, and the newest listed price by service, region, kind and sku key."""

    own: Mapping[Usage, OwnRate] = field(default_factory=dict)
    listed: Mapping[tuple[str, str, str, str], PriceRow] = field(default_factory=dict)

    @classmethod
    def of(cls, own: Mapping[Usage, OwnRate], rows: Iterable[PriceRow]) -> PriceBook:
        """The book of own rates and of price rows in the order of their days: the newest wins."""
        return cls(own, {(row.service, row.region, row.kind, row.sku_key): row for row in rows})


def sku_keys(usage_type: str, operation: str) -> tuple[str, str]:
    """What a price list calls a usage type: with its operation, and alone where the operation does not matter."""
    bare = _REGION_PREFIX.sub("", usage_type)
    return f"{bare}|{_SPOT_MARKET.sub('', operation)}", bare


def price_of(book: PriceBook, usage: Usage, kind: str = "on_demand") -> Price | None:
    """The price of a usage in its own region; None when neither the bill nor a price list of that region knows it."""
    own = book.own.get(usage) if kind == "on_demand" else None
    if own is not None:
        return Price(own.rate, own.unit, own.currency, "own rate")
    service, region, usage_type, operation = usage
    for key in sku_keys(usage_type, operation):
        row = book.listed.get((service, region, kind, key))
        if row is not None:
            return Price(row.price, row.unit, row.currency, f"price list {row.as_of}", row.as_of, row.source)
    return None
