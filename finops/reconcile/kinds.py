"""The closed lists: the kinds of charge a bill is compared by, and the reasons a difference can have."""

from typing import Final

# What a mart's `x_charge_type` can say, in the order rows are printed. `charges` is what an invoice gives in one sum.
CHARGES: Final = "charges"
CHARGE_TYPES: Final = (
    CHARGES,
    "usage",
    "marketplace",
    "commitment fee",
    "fee",
    "upfront",
    "support",
    "discount",
    "credit",
    "refund",
    "tax",
    "(unclassified)",
)

# Kinds that one side may lack as a whole, or that may be charged apart: the kind itself is then the reason.
NAMED: Final = ("tax", "support", "credit", "refund", "marketplace", "upfront", "discount")
# AWS may add these after a delivery, or after an invoice.
LATE: Final = ("credit", "refund", "support")
# What grows day by day. Every other kind stands on one day of the month, whenever that was delivered.
DAILY: Final = ("usage", "marketplace", "commitment fee", "discount", "(unclassified)")
# Where a side puts what it has no kind of its own for.
HOSTS: Final = ("usage", "fee", "commitment fee", CHARGES)

ROUNDING: Final = "rounding"
NOT_FINAL: Final = "not final"
NOT_DELIVERED: Final = "not yet delivered"
UNEXPLAINED: Final = "unexplained"
REASONS: Final = (*NAMED, ROUNDING, NOT_FINAL, NOT_DELIVERED, UNEXPLAINED)
