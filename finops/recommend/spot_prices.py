"""What an hour on Spot costs: the bill's own Spot rate, the price lists, the Spot Instance Advisor; each dated."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.paths import pricing_dir
from finops.prices.lookup import PriceBook, price_of, sku_keys
from finops.prices.lookup import Usage as Priced

if TYPE_CHECKING:
    from finops.usage import Usage

# What a price list calls Spot prices, the first known one being reckoned with.
KINDS = ("spot_p75", "spot", "spot_p90")
# The advisor's saving is that of the cheapest pools; this many percent points less is what to reckon with.
_ADVISOR_MARGIN = Decimal(10)
_SPOT = re.compile(r"^(.+-)?SpotUsage")
_EXACT = Decimal("1e-10")
# Interrupted share of instances a month, the middle of each band of the advisor.
_INTERRUPTED = {
    "<5%": Decimal("0.025"), "5-10%": Decimal("0.075"), "10-15%": Decimal("0.125"), "15-20%": Decimal("0.175"),
    ">20%": Decimal("0.25"),
}  # fmt: skip


@dataclass(frozen=True)
class Advisor:
    """One line of the Spot Instance Advisor: saving in percent of on demand, and the interruption band."""

    savings: Decimal
    band: str
    as_of: str


@dataclass(frozen=True)
class SpotPrice:
    """A Spot price per unit: `base` is what is reckoned with, `low` and `high` the lowest and highest of what is known.

    `basis` is that of the base; `known` names each price with its basis. `band` is the advisor's, blank if unknown.
    """

    base: Decimal
    low: Decimal
    high: Decimal
    basis: str
    known: tuple[str, ...]
    band: str

    @property
    def interrupted(self) -> Decimal:
        """Share of instances interrupted in a month; unknown is taken as the worst band."""
        return _INTERRUPTED.get(self.band, max(_INTERRUPTED.values()))


@dataclass(frozen=True)
class SpotBook:
    """Prices, the advisor by region, operating system and type, and the bill's own Spot rates by region and sku key."""

    book: PriceBook
    advisor: Mapping[tuple[str, str, str], Advisor] = field(default_factory=dict)
    own: Mapping[tuple[str, str, str], Decimal] = field(default_factory=dict)


def spot_book(usage: Usage, book: PriceBook) -> SpotBook:
    """Everything known of Spot prices: of the bill in the view `cur`, and of the dated lists."""
    rows = usage.connection.execute(_OWN).fetchall()
    own: dict[tuple[str, str, str], list[Decimal]] = {}
    for service, region, usage_type, operation, quantity, cost in rows:
        sums = own.setdefault((service, region or "", spot_key(usage_type, operation or "")), [Decimal(0), Decimal(0)])
        sums[0] += cost
        sums[1] += quantity
    rates = {key: (cost / quantity).quantize(_EXACT) for key, (cost, quantity) in own.items() if quantity and cost > 0}
    return SpotBook(book, read_advisor(), rates)


def spot_key(usage_type: str, operation: str) -> str:
    """What a Spot usage type is looked up by: of EC2 with its operation, of Fargate alone."""
    keys = sku_keys(usage_type, operation)
    return keys[1] if "Fargate" in usage_type else keys[0]


def spot_usage(usage: Priced) -> str:
    """The Spot usage type of on-demand usage, without region prefix: SpotUsage:m5.large, SpotUsage-Fargate-GB-Hours."""
    bare = sku_keys(usage[2], "")[1]
    return f"SpotUsage-{bare}" if bare.startswith("Fargate-") else bare.replace("BoxUsage", "SpotUsage", 1)


def read_advisor() -> dict[tuple[str, str, str], Advisor]:
    """The newest line of each region, operating system and instance type; a saving of 0 is not known."""
    found = {}
    for path in sorted((pricing_dir() / "spot_advisor").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as handle:
            for row in csv.DictReader(handle):
                key = (row["region"], row["operating_system"], row["instance_type"])
                found[key] = Advisor(Decimal(row["savings_percent"]), row["interruption_band"], row["as_of"])
    return found


def spot_price(book: SpotBook, usage: Priced) -> SpotPrice | None:
    """The price of on-demand usage on Spot, in its own region; None where neither bill, list nor advisor knows it."""
    service, region, _, operation = usage
    bare = spot_usage(usage)
    advisor = _advisor(book, region, bare, operation)
    found = [
        *_own(book, usage, bare),
        *_listed(book, service, region, bare, operation),
        *_advised(book, usage, advisor),
    ]
    if not found:
        return None
    base, prices = found[0], [price for price, _ in found]
    told = tuple(f"{price.normalize():f} ({basis})" for price, basis in found)
    return SpotPrice(base[0], min(prices), max(prices), base[1], told, advisor.band if advisor else "")


def _own(book: SpotBook, usage: Priced, bare: str) -> list[tuple[Decimal, str]]:
    rate = book.own.get((usage[0], usage[1], spot_key(bare, usage[3])))
    return [(rate, "own rate")] if rate else []


def _listed(book: SpotBook, service: str, region: str, bare: str, operation: str) -> list[tuple[Decimal, str]]:
    prices = [price_of(book.book, (service, region, bare, operation), kind) for kind in KINDS]
    return [(one.price, one.basis) for one in prices if one]


def _advised(book: SpotBook, usage: Priced, advisor: Advisor | None) -> list[tuple[Decimal, str]]:
    on_demand = price_of(book.book, usage)
    if advisor is None or on_demand is None or advisor.savings <= _ADVISOR_MARGIN:
        return []
    price = on_demand.price * (100 - advisor.savings + _ADVISOR_MARGIN) / 100
    return [(price.quantize(_EXACT), f"advisor {advisor.as_of}")]


def _advisor(book: SpotBook, region: str, bare: str, operation: str) -> Advisor | None:
    system = {"RunInstances": "Linux", "RunInstances:0002": "Windows"}.get(operation)
    return book.advisor.get((region, system or "", bare.rpartition(":")[2]))


_OWN = """
select x_service_code, region_id, x_usage_type, x_operation,
    cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)), cast(sum(unblended) as decimal(38, 10))
from cur
where x_line_item_type = 'Usage' and regexp_matches(x_usage_type, '^(.+-)?SpotUsage[:-]') and pricing_quantity > 0
group by 1, 2, 3, 4
"""
