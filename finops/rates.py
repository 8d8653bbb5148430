"""The rates of the user's own bill, by usage type, and the price book made of them and of the price lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.models import model
from finops.prices.lookup import OwnRate, Usage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Rated:
    """One usage type of the bill: its cost as charged, and its own rate where it was ever charged one."""

    usage: Usage
    cost: Decimal
    rate: OwnRate | None


def rated_usage(connection: DuckDBPyConnection) -> list[Rated]:
    """Every usage type in the view `cur`, by service; one with several units keeps that of its highest cost.

    The rate is that of usage charged on demand; of usage only ever under a reservation it is the public rate that
    the bill gives beside it. Spot has no rate: its price changes from hour to hour.
    """
    rows = connection.execute(f"select * from ({model('cur_usage_rates').sql}) order by {_ORDER}").fetchall()
    found: dict[Usage, Rated] = {}
    for service, region, usage_type, operation, unit, currency, cost, *sums in rows:
        usage = (service or "", region or "", usage_type or "", operation or "")
        before = found.get(usage)
        own = before.rate if before and before.rate else _own(usage, sums, unit or "", currency)
        found[usage] = Rated(usage, cost + (before.cost if before else 0), own)
    return list(found.values())


_ORDER = "x_service_code, region_id, x_usage_type, x_operation, rated_cost desc, pricing_unit, billing_currency"


def own_rates(rated: list[Rated]) -> Mapping[Usage, OwnRate]:
    """The own rates of those that have one."""
    return {one.usage: one.rate for one in rated if one.rate}


def _own(usage: Usage, sums: list[Decimal], unit: str, currency: str) -> OwnRate | None:
    cost, quantity, public_cost, public_quantity = sums
    if "SpotUsage" in usage[2]:
        return None
    if quantity:
        return OwnRate(cost, quantity, unit, currency)
    return OwnRate(public_cost, public_quantity, unit, currency) if public_quantity else None
