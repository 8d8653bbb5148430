"""The hourly commitment of a Savings Plan that costs least: the exact minimum of a convex piecewise-linear cost.

In hour h with commitment C the bill is C plus the on-demand cost of what C does not cover. AWS covers the usage with
the highest percentage saving first, at the plan's rate, until commitment or usage ends; what is left of the commitment
is lost. A dollar of commitment replaces on_demand / plan_cost dollars of the item it reaches, and those ratios fall as
C grows: the cost is convex in C, its slope changes only where an item of an hour is covered whole, and the minimum
lies at such a point. No grid: the sign of the slope is bisected, then the few points left are walked.

Source of the order: docs.aws.amazon.com/savingsplans, "Understanding how Savings Plans apply".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Hours = npt.NDArray[np.int64]


# After these only a handful of points is left between the bounds, whatever the demand.
_HALVINGS = 30


@dataclass(frozen=True)
class Demand:
    """Usage that a plan could cover: one item per hour and rate, in arrays of one length.

    `hour` counts from 0 to `hours` - 1, an hour without usage is an hour all the same. `on_demand` is what the item
    costs without the plan, `plan_cost` at the plan's rate, both in USD. Items are in the order in which AWS covers
    them: make one with `demand`.
    """

    hours: int
    hour: Hours
    on_demand: Floats
    plan_cost: Floats


@dataclass(frozen=True)
class Outcome:
    """What a commitment would have done, in USD over all hours of the demand.

    `cost` is the commitment plus the on-demand cost of what it left; `covered` the on-demand cost of what it covered;
    `unused` the commitment that was lost. `utilisation` and `coverage` (of on-demand cost) are shares from 0 to 1,
    None where there was no commitment, or nothing to cover.
    """

    commitment: float
    cost: float
    covered: float
    unused: float
    saving: float
    utilisation: float | None
    coverage: float | None


def demand(hours: int, hour: npt.ArrayLike, on_demand: npt.ArrayLike, plan_cost: npt.ArrayLike) -> Demand:
    """Put items into the order in which AWS covers them: by hour, highest percentage saving first, then lowest rate.

    Raises ValueError when an hour lies outside, a cost is not positive, or the plan is dearer than on demand.
    """
    import numpy as np

    at, full, reduced = np.asarray(hour, np.int64), np.asarray(on_demand, float), np.asarray(plan_cost, float)
    if len(at) and (at.min() < 0 or at.max() >= hours):
        raise ValueError(f"an hour lies outside 0 to {hours - 1}")
    if not ((reduced > 0) & (full >= reduced)).all():
        raise ValueError("a plan's cost must be positive and not above the on-demand cost")
    order = _aws_order(at, reduced / full, reduced)
    return Demand(hours, at[order], full[order], reduced[order])


def _aws_order(hour: Hours, remaining: Floats, plan_cost: Floats) -> Hours:
    """By hour, then the share of the cost that remains, then the plan's cost: one sort, and one of the ties."""
    import numpy as np

    key = hour + remaining / 2
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    tied = np.zeros(len(order), bool)
    tied[1:] |= same
    tied[:-1] |= same
    among = order[tied]
    order[tied] = among[np.lexsort((plan_cost[among], key[among]))]
    return order


def best_commitment(asked: Demand) -> float:
    """The smallest commitment in USD per hour at which the cost is least; 0 when no commitment saves anything."""
    import numpy as np

    reached, whole = _spans(asked)
    rate = asked.on_demand / asked.plan_cost
    flat = -1e-9 * asked.hours
    # the dollars that each dollar replaces in items that no bound left can tell apart
    settled = 0.0

    def slope(at: float) -> float:
        """The change of the cost for the next dollar an hour."""
        return float(asked.hours - settled - rate[(reached <= at) & (at < whole)].sum())

    low, high = 0.0, float(whole.max(initial=0.0))
    if slope(low) >= flat:
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < flat else (low, middle)
        around = (reached <= low) & (whole > high)
        settled += float(rate[around].sum())
        open_ = ~around & (whole > low) & (reached <= high)
        reached, whole, rate = reached[open_], whole[open_], rate[open_]
    points = np.unique(whole[whole <= high])
    return float(next((point for point in points if slope(point) >= flat), high))


def outcome(asked: Demand, commitment: float) -> Outcome:
    """What this commitment (USD per hour, every hour) would have cost and saved."""
    import numpy as np

    share = covered_share(asked, np.full(asked.hours, float(commitment)))
    full, covered = float(asked.on_demand.sum()), float((asked.on_demand * share).sum())
    paid, used = commitment * asked.hours, float((asked.plan_cost * share).sum())
    return Outcome(
        commitment=float(commitment),
        cost=paid + full - covered,
        covered=covered,
        unused=paid - used,
        saving=covered - paid,
        utilisation=used / paid if paid else None,
        coverage=covered / full if full else None,
    )


def covered_share(asked: Demand, commitment: Floats) -> Floats:
    """The share (0 to 1) of each item that a commitment covers; `commitment` is USD for each hour of the demand."""
    import numpy as np

    reached, _ = _spans(asked)
    share: Floats = np.clip((commitment[asked.hour] - reached) / asked.plan_cost, 0.0, 1.0)
    return share


def cost_curve(asked: Demand, commitments: npt.ArrayLike) -> Floats:
    """The cost in USD over all hours at each of the commitments."""
    import numpy as np

    return np.array([outcome(asked, one).cost for one in np.asarray(commitments, float)])


def _spans(asked: Demand) -> tuple[Floats, Floats]:
    """The commitment at which each item is first reached, and the one that covers it whole."""
    import numpy as np

    total = np.cumsum(asked.plan_cost)
    first = np.searchsorted(asked.hour, asked.hour, side="left")
    whole = total - (total - asked.plan_cost)[first]
    # an item starts exactly where the one before it in the hour ends, so that no rounding parts the two
    reached = np.append(0.0, whole)[:-1]
    reached[first == np.arange(len(first))] = 0.0
    return reached, whole
