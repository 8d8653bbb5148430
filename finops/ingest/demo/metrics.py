"""The five ways to count a line's cost, as AWS and its Cloud Intelligence Dashboards define them.

Each line item type that is not simply its own cost names the columns that are added (+) or taken away (-).
"""

from typing import NamedTuple

from finops.ingest.demo.line import Line

# The net commitment used in one plan's hour: no column of any export, the sum of that hour's covered lines.
NET_USED = "net_used_commitment"
RESERVATION_ARN = "reservation_reservation_a_r_n"
DISCOUNT_TYPES = frozenset(
    {"EdpDiscount", "BundledDiscount", "PrivateRateDiscount", "Discount", "SppDiscount", "RiVolumeDiscount"}
)
USAGE_TYPES = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})

_SP, _RI = "savings_plan_", "reservation_"
_Signed = tuple[tuple[int, str], ...]
_AMORTIZED: dict[str, _Signed] = {
    "SavingsPlanCoveredUsage": ((1, _SP + "savings_plan_effective_cost"),),
    "SavingsPlanNegation": (),
    "SavingsPlanRecurringFee": ((1, _SP + "total_commitment_to_date"), (-1, _SP + "used_commitment")),
    "SavingsPlanUpfrontFee": (),
    "DiscountedUsage": ((1, _RI + "effective_cost"),),
    "RIFee": (
        (1, _RI + "unused_amortized_upfront_fee_for_billing_period"),
        (1, _RI + "unused_recurring_fee"),
    ),
}
_NET_AMORTIZED: dict[str, _Signed] = {
    "SavingsPlanCoveredUsage": ((1, _SP + "net_savings_plan_effective_cost"),),
    "SavingsPlanNegation": (),
    "SavingsPlanRecurringFee": (
        (1, _SP + "net_amortized_upfront_commitment_for_billing_period"),
        (1, _SP + "net_recurring_commitment_for_billing_period"),
        (-1, NET_USED),
    ),
    "SavingsPlanUpfrontFee": (),
    "DiscountedUsage": ((1, _RI + "net_effective_cost"),),
    "RIFee": (
        (1, _RI + "net_unused_amortized_upfront_fee_for_billing_period"),
        (1, _RI + "net_unused_recurring_fee"),
    ),
}
_NO_LIST_COST = DISCOUNT_TYPES | {
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "RIFee",
}


class Metrics(NamedTuple):
    """The five metrics of a line or of a sum of lines, in units of 1e-10 USD."""

    unblended: int
    net_unblended: int
    amortized: int
    net_amortized: int
    list: int


def metrics(line: Line) -> Metrics:
    """All five metrics of one line; without net columns the net metrics are the gross ones."""
    gross = amortized(line)
    if line.net is None:
        return Metrics(line.unblended, line.unblended, gross, gross, list_cost(line))
    return Metrics(line.unblended, line.net, gross, net_amortized(line), list_cost(line))


def amortized(line: Line) -> int:
    """The line's cost with upfront and recurring commitment fees moved to the usage they pay for."""
    return _by_columns(line, _AMORTIZED, line.unblended)


def net_amortized(line: Line) -> int:
    """The amortized cost after discounts; a line without a net cost counts as it is."""
    if line.net is None:
        return amortized(line)
    return _by_columns(line, _NET_AMORTIZED, line.net)


def list_cost(line: Line) -> int:
    """The public price of usage; what has none (Spot, Marketplace, taxes) counts at its unblended cost."""
    kind = line.item.type
    if kind in _NO_LIST_COST or is_commitment_purchase(line):
        return 0
    if kind in USAGE_TYPES and line.public:
        return line.public
    return line.unblended


def is_commitment_purchase(line: Line) -> bool:
    """Is this the upfront payment of a reservation or a savings plan?"""
    if line.item.type == "SavingsPlanUpfrontFee":
        return True
    return line.item.type == "Fee" and any(name == RESERVATION_ARN for name, _ in line.item.more)


def _by_columns(line: Line, table: dict[str, _Signed], otherwise: int) -> int:
    columns = table.get(line.item.type)
    if columns is not None:
        return sum(sign * line.more.get(name, 0) for sign, name in columns)
    return 0 if is_commitment_purchase(line) else otherwise
