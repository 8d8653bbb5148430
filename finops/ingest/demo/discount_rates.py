"""Which discounts a line item gets, and the arithmetic of what they take off."""

from functools import cache

from finops.ingest.demo import money
from finops.ingest.demo.estate import Table, estate

_NOBODY_ELSE = "AWS"


def discount_parts(cost: int, line_item_type: str, meter: str, billing_entity: str) -> tuple[tuple[str, int], ...]:
    """What each discount takes off `cost` (units of 1e-10 USD), by the type of its discount line."""
    if billing_entity != _NOBODY_ELSE:
        return ()
    return tuple((kind, money.times(cost, rate)) for kind, rate in _rates(line_item_type, meter))


def net_share(line_item_type: str) -> int:
    """What is left of a dollar of such a fee after all its discounts, in units of 1e-10."""
    return money.ONE - sum(rate for _, rate in _rates(line_item_type, ""))


@cache
def _rates(line_item_type: str, meter: str) -> tuple[tuple[str, int], ...]:
    return tuple(
        (str(discount["type"]), money.units(discount["rate"]))
        for discount in estate().discounts
        if _matches(discount, line_item_type, meter)
    )


def _matches(discount: Table, line_item_type: str, meter: str) -> bool:
    if line_item_type not in discount["line_item_types"]:
        return False
    return "meters" not in discount or meter in discount["meters"]
