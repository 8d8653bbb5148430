"""The five ways to count a cost, in words and in SQL over the columns of the model `cur` or `focus`.

The models compute them (queries/ledger); this table explains them and the tests hold it against the models.
Sources: AWS's Cost and Usage Report user guide ("Reservation line item columns", "Savings Plans line items")
and the amortization of the Cloud Intelligence Dashboards' summary view; FOCUS 1.2, columns.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """What one kind of charge counts as."""

    charges: str
    words: str
    sql: str


@dataclass(frozen=True)
class Metric:
    """One way to count a cost; `column` is its name in every model."""

    name: str
    column: str
    purpose: str
    cur: tuple[Formula, ...]
    focus: Formula


RESERVATION_FEE = "Fee for a reservation"
PLAN_REFUND = "Refund of a Savings Plan upfront fee"
DISCOUNTS = "EdpDiscount, PrivateRateDiscount, SppDiscount, RiVolumeDiscount, Discount"
EVERYTHING_ELSE = "everything else"

_PAID_BEFORE = (
    Formula("SavingsPlanNegation", "nothing: it takes back on-demand cost that is not counted", "0"),
    Formula("SavingsPlanUpfrontFee", "nothing: it is spread over the usage it pays for", "0"),
    Formula(RESERVATION_FEE, "nothing: it is spread over the usage it pays for", "0"),
    Formula(PLAN_REFUND, "nothing: the fee it gives back is not counted either", "0"),
)
_NET = "coalesce(net_unblended, unblended)"

UNBLENDED = Metric(
    "unblended",
    "x_unblended_cost",
    "Cash, as charged on the day it is charged; all of it sums to the invoices.",
    (Formula("every line", "the unblended cost of the line", "unblended"),),
    Formula("every charge", "BilledCost; discounts and negation are inside it", "billed_cost"),
)
NET_UNBLENDED = Metric(
    "net_unblended",
    "x_net_unblended_cost",
    "Cash after discounts, each on the line it is given for.",
    (
        Formula(
            DISCOUNTS,
            "the net cost if there is one, else nothing: it is in other lines",
            "coalesce(net_unblended, 0)",
        ),
        Formula(EVERYTHING_ELSE, "the net cost; the unblended cost where there was no discount", _NET),
    ),
    Formula("every charge", "BilledCost; discounts and negation are inside it", "billed_cost"),
)
AMORTIZED = Metric(
    "amortized",
    "x_amortized_cost",
    "What usage really cost: commitments spread over the usage they pay for, the unused rest on the fee.",
    (
        Formula("SavingsPlanCoveredUsage", "what the usage cost at the plan's rate", "savings_plan_effective"),
        Formula(
            "SavingsPlanRecurringFee",
            "the commitment of the hour that was not used",
            "savings_plan_commitment - savings_plan_used",
        ),
        Formula("DiscountedUsage", "what the reserved hours cost, upfront share included", "reservation_effective"),
        Formula(
            "RIFee",
            "upfront and recurring fees of reserved hours that were not used",
            "reservation_unused_upfront + reservation_unused_recurring",
        ),
        *_PAID_BEFORE,
        Formula(EVERYTHING_ELSE, "the unblended cost of the line", "unblended"),
    ),
    Formula("every charge", "EffectiveCost", "effective_cost"),
)
NET_AMORTIZED = Metric(
    "net_amortized",
    "x_net_amortized_cost",
    "What usage really cost after discounts; the gross column stands in where there was no discount.",
    (
        Formula(
            "SavingsPlanCoveredUsage",
            "what the usage cost at the plan's rate after discounts",
            "coalesce(savings_plan_net_effective, savings_plan_effective)",
        ),
        Formula(
            "SavingsPlanRecurringFee",
            "the commitment after discounts less what its covered usage cost in the same hour",
            "savings_plan_net_amortized_upfront + savings_plan_net_recurring"
            " - sum(savings_plan_net_effective) of the plan's covered usage",
        ),
        Formula(
            "DiscountedUsage",
            "what the reserved hours cost after discounts",
            "coalesce(reservation_net_effective, reservation_effective)",
        ),
        Formula(
            "RIFee",
            "fees of reserved hours that were not used, after discounts",
            "reservation_net_unused_upfront + reservation_net_unused_recurring",
        ),
        *_PAID_BEFORE,
        Formula(
            DISCOUNTS,
            "the net cost if there is one, else nothing: it is in other lines",
            "coalesce(net_unblended, 0)",
        ),
        Formula(EVERYTHING_ELSE, "the net cost; the unblended cost where there was no discount", _NET),
    ),
    Formula("every charge", "EffectiveCost; discounts are inside it", "effective_cost"),
)
LIST = Metric(
    "list",
    "list_cost",
    "The public on-demand price of the same usage, no commitment and no discount.",
    (
        Formula(
            "Usage, DiscountedUsage, SavingsPlanCoveredUsage, FlatRateSubscription",
            "the public price; the unblended cost where none is given, as for Spot",
            "coalesce(nullif(public_on_demand, 0), unblended)",
        ),
        Formula(
            "SavingsPlanNegation, SavingsPlanRecurringFee, SavingsPlanUpfrontFee, RIFee",
            "nothing: the usage is counted at its price already",
            "0",
        ),
        Formula(RESERVATION_FEE, "nothing: the usage is counted at its price already", "0"),
        Formula(PLAN_REFUND, "nothing: the usage is counted at its price already", "0"),
        Formula(f"{DISCOUNTS}, BundledDiscount", "nothing: a list price has no discount", "0"),
        Formula(EVERYTHING_ELSE, "the unblended cost of the line", "unblended"),
    ),
    Formula("every charge", "ListCost", "list_cost"),
)

METRICS = {metric.name: metric for metric in (UNBLENDED, NET_UNBLENDED, AMORTIZED, NET_AMORTIZED, LIST)}
