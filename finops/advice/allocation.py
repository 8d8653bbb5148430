"""AWS's own allocation of a Savings Plan, run again: which usage of each hour a commitment covers.

Order, docs.aws.amazon.com/savingsplans "Understanding how Savings Plans apply": the account that owns the plan comes
first; then the highest percentage saving; of equals the lowest rate, and beyond that the order given. The last usage
reached is covered in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.advice.commitment import Demand, covered_share

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Eligible:
    """Usage that a plan may cover, in arrays of one length, in any order.

    `on_demand` and `plan_cost` are USD for the usage of the hour; `rate` is the plan's price per unit, which decides
    between equals; `is_owner` says whether the plan's own account used it.
    """

    hour: npt.NDArray[np.int64]
    on_demand: Floats
    plan_cost: Floats
    rate: Floats
    is_owner: npt.NDArray[np.bool_]


def allocate(usage: Eligible, commitment: Floats) -> Floats:
    """The share (0 to 1) of each usage that is covered; `commitment` is USD for each hour."""
    import numpy as np

    # a quotient of costs has noise in its last digits, which must not decide what is equal
    remaining, rate = np.round(usage.plan_cost / usage.on_demand, 7), np.round(usage.rate, 9)
    order = np.lexsort((rate, remaining, ~usage.is_owner, usage.hour))
    asked = Demand(len(commitment), usage.hour[order], usage.on_demand[order], usage.plan_cost[order])
    share = np.zeros(len(order))
    share[order] = covered_share(asked, commitment)
    return share
