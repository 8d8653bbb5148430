"""The advice for one pool of usage and one offer: the exact best commitment of each window, and what it would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from finops.advice.commitment import Demand, Outcome, best_commitment, demand, outcome

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

WINDOWS = (14, 30, 60, 90)
FALLS = (10, 20, 40)
# What AWS sells: at most five decimals of a dollar an hour.
_STEP = 100_000


@dataclass(frozen=True)
class Pool:
    """Usage that one commitment could cover, in arrays of one length; `hour` counts from the start of the span.

    `on_demand` and `plan_cost` are USD. Only usage with a known rate below its on-demand price is in it, and it is in
    the order in which AWS covers it: make one with `of`.
    """

    hour: Whole
    on_demand: Floats
    plan_cost: Floats

    @classmethod
    def of(cls, hour: Whole, on_demand: Floats, plan_cost: Floats) -> Pool:
        """The usage in AWS's order, so that no window has to be sorted anew."""
        asked = demand(int(hour.max(initial=0)) + 1, hour, on_demand, plan_cost)
        return cls(asked.hour, asked.on_demand, asked.plan_cost)

    def within(self, hours: Whole) -> Demand:
        """The demand of some hours, ascending, of which there is one at least; they need not follow each other."""
        import numpy as np

        place = np.full(max(int(self.hour.max(initial=0)), int(hours[-1])) + 1, -1)
        place[hours] = np.arange(len(hours))
        at = place[self.hour]
        inside = at >= 0
        return Demand(len(hours), at[inside], self.on_demand[inside], self.plan_cost[inside])


@dataclass(frozen=True)
class Windowed:
    """One window (`days`, None for all hours): its demand, and what the commitment would have done in it."""

    days: int | None
    demand: Demand
    outcome: Outcome


Purchasable = Callable[[Demand, float], float]
"""From an exact optimum to what can be bought of it."""


def to_five_decimals(_: Demand, best: float) -> float:
    """The next commitment below that AWS sells; what lies between saves less than it rounds to."""
    import math

    # 1e-9 of a step: what floating point makes of a commitment that has five decimals already
    return math.floor(best * _STEP + 1e-9) / _STEP


def whole_units(unit_cost: float) -> Purchasable:
    """As many whole reservations of `unit_cost` an hour as cost least: the cost is convex, so one of two."""
    import math

    def nearest(asked: Demand, best: float) -> float:
        below = math.floor(best / unit_cost + 1e-9)
        return min((below, below + 1), key=lambda count: outcome(asked, count * unit_cost).cost) * unit_cost

    return nearest


def over_windows(
    pool: Pool,
    windows: Sequence[tuple[int | None, Whole]],
    purchasable: Purchasable = to_five_decimals,
    fixed: float | None = None,
) -> list[Windowed]:
    """The best commitment of each window, or what a `fixed` one would have done in each."""
    found = []
    for days, hours in windows:
        asked = pool.within(hours)
        wanted = purchasable(asked, best_commitment(asked)) if fixed is None else fixed
        found.append(Windowed(days, asked, outcome(asked, wanted)))
    return found


def advised(found: Sequence[Windowed]) -> Windowed | None:
    """The window of the smallest best commitment among those of a number of days; None where there is none."""
    counted = [one for one in found if one.days is not None]
    return min(counted, key=lambda one: (one.outcome.commitment, one.days or 0), default=None)


def fallen(asked: Demand, percent: int) -> Demand:
    """The demand if all usage were so much less."""
    left = 1 - percent / 100
    return replace(asked, on_demand=asked.on_demand * left, plan_cost=asked.plan_cost * left)


def break_even(one: Outcome) -> float | None:
    """The share of the commitment that must be used for it to save anything; None where it covered nothing.

    What covered usage costs at the plan's rate over what it costs on demand: 1 - discount where there is one discount.
    """
    used = one.commitment and one.utilisation
    if not used or not one.covered:
        return None
    paid = one.covered - one.saving
    return used * paid / one.covered
