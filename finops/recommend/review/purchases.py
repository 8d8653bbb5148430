"""Savings Plans to buy: how to find the offering, and the parameters of the purchase but for its id."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Any

from finops.recommend.review.asked import COMMITMENT, Advice, Asked
from finops.recommend.review.piece import Left, Piece, as_json

_SECONDS = {"1yr": 31_536_000, "3yr": 94_608_000}
_FIVE_DECIMALS = Decimal("0.00001")
# No id of AWS: the call is refused until somebody has looked the offering up.
UNKNOWN_OFFERING = "FILL IN: savingsPlanOfferingId"
# AWS takes 50 to 99 percent of the whole at once; the arithmetic of the advice is with half.
_AT_ONCE = Decimal("0.5")


def pieces(asked: Asked) -> Iterator[Piece | Left]:
    """Two files for each plan. Reservations are bought by offering, size and count, which the ticket names."""
    for one in asked.of(COMMITMENT):
        if not one.saves or not one["hourly_commitment"]:
            yield Left(str(one["action"]), "there is no commitment that it says pays for itself", (one.id,))
            continue
        if str(one["plan_type"]).endswith(" RI"):
            yield Left(str(one["action"]), "a reservation is bought by an offering: its ticket says which", (one.id,))
            continue
        what = f"{one['plan_type']} Savings Plan, {one['term']}, {one['payment_option']}"
        name = f"purchases/{one.id}"
        find = as_json(_offering(one, asked.basis.currency))
        yield Piece(f"{name}.find-offering.json", find, f"{what}: which offering it is; changes nothing", (one.id,))
        about = f"{what}: the purchase, which cannot be taken back; aws savingsplans create-savings-plan"
        yield Piece(f"{name}.create-savings-plan.json", as_json(_purchase(one)), about, (one.id,))


def _offering(one: Advice, currency: str | None) -> dict[str, Any]:
    """What describe-savings-plans-offerings takes; an EC2 Instance plan is for one family in one region."""
    asked: dict[str, Any] = {
        "planTypes": [one["plan_type"]],
        "durations": [_SECONDS[one["term"]]],
        "paymentOptions": [one["payment_option"]],
        "currencies": [currency or "USD"],
    }
    if one["instance_family"]:
        asked["filters"] = [
            {"name": "region", "values": [one["region"]]},
            {"name": "instanceFamily", "values": [one["instance_family"]]},
        ]
    return asked


def _purchase(one: Advice) -> dict[str, str]:
    commitment = Decimal(one["hourly_commitment"]).quantize(_FIVE_DECIMALS)
    bought = {"savingsPlanOfferingId": UNKNOWN_OFFERING, "commitment": str(commitment)}
    if one["payment_option"] == "Partial Upfront":
        whole = commitment * _SECONDS[one["term"]] / 3600
        bought["upfrontPaymentAmount"] = str((whole * _AT_ONCE).to_integral_value(ROUND_CEILING))
    # AWS takes a token once: sent twice, it buys once
    return {**bought, "clientToken": f"finops-{one.id}"}
