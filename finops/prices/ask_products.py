"""List prices and reservation prices of single usage types, from the AWS Price List Query API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.aws import aws_errors
from finops.prices.lookup import Usage, sku_keys
from finops.prices.room import PriceRow

if TYPE_CHECKING:
    from finops.aws import Door

SERVICE = "pricing"
SOURCE = "AWS Price List"
_TERM_HOURS = {"1yr": 8760, "3yr": 26280}
_EXACT = Decimal("1e-10")


def listed_prices(door: Door, usages: Iterable[Usage], today: date) -> Iterator[PriceRow]:
    """The prices of each usage type with its operation, in its region. Raises EngineError where AWS refuses."""
    client = door.client(SERVICE)
    for usage in usages:
        with aws_errors(f"price of {usage[2]}"):
            products = list(_products(client, usage))
        yield from _rows(usage, products, today)


def _products(client: Any, usage: Usage) -> Iterator[Mapping[str, Any]]:
    service, region, usage_type, operation = usage
    fields = {"regionCode": region, "usagetype": usage_type, "operation": operation}
    wanted = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items() if value]
    asked: dict[str, Any] = {"ServiceCode": service, "Filters": wanted, "FormatVersion": "aws_v1", "MaxResults": 100}
    while True:
        answer = client.get_products(**asked)
        yield from (json.loads(product, parse_float=Decimal) for product in answer.get("PriceList", ()))
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]


def _rows(usage: Usage, products: Iterable[Mapping[str, Any]], today: date) -> Iterator[PriceRow]:
    """One row per kind of price. Where products differ in price nobody can tell which one it is: then none."""
    found: dict[tuple[str, str], set[tuple[str, Decimal]]] = {}
    for product in products:
        for kind, unit, currency, price in (*_on_demand(product), *_reserved(product)):
            if price > 0:
                found.setdefault((kind, currency), set()).add((unit, price))
    service, region, usage_type, operation = usage
    for (kind, currency), prices in sorted(found.items()):
        if len(prices) == 1:
            ((unit, price),) = prices
            key = sku_keys(usage_type, operation)[0 if operation else 1]
            yield PriceRow(service, region, kind, key, unit, price, currency, today, SOURCE)


def _on_demand(product: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Decimal]]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for tier in term.get("priceDimensions", {}).values():
            # of a price in tiers it is the first one
            if Decimal(str(tier.get("beginRange", "0"))) == 0:
                for currency, price in tier["pricePerUnit"].items():
                    yield "on_demand", tier["unit"], currency, Decimal(price)


def _reserved(product: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Decimal]]:
    for term in product.get("terms", {}).get("Reserved", {}).values():
        about = term.get("termAttributes", {})
        length, payment = about.get("LeaseContractLength"), about.get("PurchaseOption")
        if length not in _TERM_HOURS or not payment or about.get("OfferingClass", "standard") != "standard":
            continue
        kind = f"ri_{length}_{payment.lower().replace(' ', '_')}"
        for currency, price in _hourly(term["priceDimensions"].values(), _TERM_HOURS[length]).items():
            yield kind, "Hrs", currency, price


def _hourly(parts: Iterable[Mapping[str, Any]], hours: int) -> dict[str, Decimal]:
    """What an hour of the term costs: the hourly fee, and the upfront fee (its unit is Quantity) spread over it."""
    total: dict[str, Decimal] = {}
    for part in parts:
        for currency, text in part["pricePerUnit"].items():
            price = Decimal(text) / hours if part["unit"] == "Quantity" else Decimal(text)
            total[currency] = (total.get(currency, Decimal(0)) + price).quantize(_EXACT)
    return total
