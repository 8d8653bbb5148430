"""Which of the five metrics a delivery can give, and which column it lacks for the others."""

from __future__ import annotations

from collections.abc import Collection

from finops.engines.layout import Layout

# Discounts AWS negotiates: they are either lines of their own or inside net columns.
NEGOTIATED_DISCOUNTS = frozenset({"EdpDiscount", "PrivateRateDiscount", "SppDiscount", "RiVolumeDiscount", "Discount"})

# Line item type -> the columns its amortized cost is computed from.
_AMORTIZED = {
    "SavingsPlanCoveredUsage": ("savings_plan_savings_plan_effective_cost",),
    "SavingsPlanRecurringFee": ("savings_plan_total_commitment_to_date", "savings_plan_used_commitment"),
    "DiscountedUsage": ("reservation_effective_cost",),
    "RIFee": (
        "reservation_unused_amortized_upfront_fee_for_billing_period",
        "reservation_unused_recurring_fee",
    ),
}


_LIST = "pricing_public_on_demand_cost"
_PRICED = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "FlatRateSubscription")


def needed_by(layout: Layout) -> dict[str, tuple[str, ...]]:
    """Cost column -> the line item types whose metrics read it ('' for every charge of a FOCUS export)."""
    if layout.shape == "focus":
        return {"list_cost": ("",)}
    needs: dict[str, tuple[str, ...]] = {_LIST: _PRICED}
    for kind, columns in _AMORTIZED.items():
        needs |= dict.fromkeys(columns, (kind,))
    return needs


def unavailable_metrics(
    layout: Layout, types: Collection[str] | None, has_net: bool, unreadable: Collection[str] = ()
) -> dict[str, str]:
    """Metric -> the missing column, for every metric the export cannot give.

    `types` are the line item types that occur; `has_net` says whether any row has a net cost; `unreadable` are
    columns that hold text where a number should be: they count as missing.
    """
    if layout.shape == "focus":
        return {} if layout.has("list_cost") and "list_cost" not in unreadable else {"list": "ListCost"}
    present = set(types or ())
    missing = {
        "list": _first_missing(layout, (_LIST,), unreadable),
        "amortized": _first_missing(layout, [c for kind in present for c in _AMORTIZED.get(kind, ())], unreadable),
        "net_unblended": None if has_net or not present & NEGOTIATED_DISCOUNTS else "line_item_net_unblended_cost",
    }
    missing["net_amortized"] = missing["amortized"] or missing["net_unblended"]
    return {metric: column for metric, column in missing.items() if column}


def _first_missing(layout: Layout, columns: Collection[str], unreadable: Collection[str]) -> str | None:
    return next((column for column in sorted(columns) if not layout.has(column) or column in unreadable), None)
