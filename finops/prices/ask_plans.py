"""Rates of Savings Plans for single usage types, from the Savings Plans API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.aws import aws_errors
from finops.prices.lookup import Usage, sku_keys
from finops.prices.room import PriceRow

if TYPE_CHECKING:
    from finops.aws import Door

SERVICE = "savingsplans"
SOURCE = "AWS Savings Plans offering rates"
# What the API takes at once.
_USAGE_TYPES, _RESULTS = 100, 1000
_TERMS = {31_536_000: "1yr", 94_608_000: "3yr"}
# The API also knows plan types that no bill of today has.
_TYPES = ("Compute", "EC2Instance", "SageMaker", "Database")


def batches(usages: Iterable[Usage]) -> list[list[str]]:
    """The usage types in the portions that are asked for."""
    types = sorted({usage[2] for usage in usages})
    return [types[at : at + _USAGE_TYPES] for at in range(0, len(types), _USAGE_TYPES)]


def plan_rates(door: Door, usages: Sequence[Usage], today: date) -> Iterator[PriceRow]:
    """The rates of the usages under every plan that covers them. Raises EngineError where AWS refuses."""
    client, wanted = door.client(SERVICE), {(usage[1], usage[2], usage[3]): usage for usage in usages}
    seen: set[tuple[str, str, str]] = set()
    for types in batches(usages):
        with aws_errors("Savings Plans rates"):
            results = list(_results(client, types))
        for result in results:
            usage = wanted.get((_region(result), result.get("usageType", ""), result.get("operation", "")))
            row = _row(usage, result, today) if usage and usage[0] == result.get("serviceCode") else None
            # AWS lists an offering once for each currency and product description
            if row and (row.kind, row.region, row.sku_key) not in seen:
                seen.add((row.kind, row.region, row.sku_key))
                yield row


def _results(client: Any, usage_types: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {
        "savingsPlanTypes": list(_TYPES),
        "usageTypes": list(usage_types),
        "maxResults": _RESULTS,
    }
    while True:
        answer = client.describe_savings_plans_offering_rates(**asked)
        yield from answer.get("searchResults", ())
        if not answer.get("nextToken"):
            return
        asked["nextToken"] = answer["nextToken"]


def _region(result: Mapping[str, Any]) -> str:
    named = {one.get("name"): one.get("value") for one in result.get("properties", ())}
    return str(named.get("region") or "")


def _row(usage: Usage, result: Mapping[str, Any], today: date) -> PriceRow | None:
    offering = result.get("savingsPlanOffering", {})
    term, rate = _TERMS.get(offering.get("durationSeconds", 0)), Decimal(result.get("rate") or 0)
    if term is None or rate <= 0 or offering.get("currency") not in ("USD", "CNY"):
        return None
    payment = offering["paymentOption"].lower().replace(" ", "_")
    kind = f"sp_{offering['planType'].lower()}_{term}_{payment}"
    service, region, usage_type, operation = usage
    key = sku_keys(usage_type, operation)[0 if operation else 1]
    return PriceRow(service, region, kind, key, result.get("unit", ""), rate, offering["currency"], today, SOURCE)
