"""What commitments do when usage leaves them for Spot: AWS's allocation run again without the hours that moved.

A commitment is paid whether or not it is used. What moved usage frees of it covers other usage of the same hour, in
AWS's order; what finds none is lost. Reservations are taken size by size: a size-flexible one may find more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from finops.advice.allocation import Eligible, allocate
from finops.prices import PriceBook
from finops.recommend.held import Held
from finops.recommend.hours import BY_PLAN, BY_RESERVATION, ON_DEMAND, Facts
from finops.recommend.offers import Offer, rates_of
from finops.recommend.spot_hours import Moved

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

# AWS applies plans of one family before those for any compute.
_ORDER = {"EC2Instance": 0, "Compute": 1}


@dataclass(frozen=True)
class Pool:
    """What can cover what: the facts, the plans and reservations on the bill, the rates of the bill and the lists."""

    facts: Facts
    held: Sequence[Held]
    book: PriceBook


def joined(parts: Sequence[Moved]) -> Moved:
    """The usage of several groups as that of one."""
    import numpy as np

    return Moved(*(np.concatenate([getattr(one, name.name) for one in parts]) for name in fields(Moved)))


def scaled(one: Moved, share: float) -> Moved:
    """A share of it, the same in every hour."""
    return replace(one, on_demand=one.on_demand * share, covered=one.covered * share, quantity=one.quantity * share)


def freed_covers(pool: Pool, moved: Moved) -> float:
    """On-demand cost over all hours, in USD, that the commitments of the moved usage cover instead of it."""
    if not (moved.how != ON_DEMAND).any():
        return 0.0
    return _allocated_again(pool, moved, on_demand(pool.facts))[1]


def without(pool: Pool, moved: Moved) -> tuple[Facts, float]:
    """The facts once usage has left, and the on-demand cost, in USD, that its commitments cover instead of it.

    What a commitment covers stays as it is: it covers other usage then, or nothing.
    """
    import numpy as np

    facts, before = pool.facts, on_demand(pool.facts)
    left, covers = _allocated_again(pool, moved, before)
    share = np.divide(left, before, out=np.zeros(len(left)), where=before > 0)
    return shrunk(facts, np.where(facts.how == ON_DEMAND, share[at(facts, len(facts.span.loaded))], 1.0)), covers


def shrunk(facts: Facts, rest: Floats) -> Facts:
    """The facts with what is left (0 to 1) of each row; rows of which nothing is left are gone."""
    kept = rest > 0
    return replace(
        facts,
        item=facts.item[kept],
        hour=facts.hour[kept],
        how=facts.how[kept],
        commitment=facts.commitment[kept],
        on_demand=(facts.on_demand * rest)[kept],
        covered=facts.covered[kept],
        quantity=(facts.quantity * rest)[kept],
    )


def at(one: Facts | Moved, hours: int) -> Whole:
    """The place of each row in an array by item and hour."""
    return one.item * hours + one.hour


def on_demand(facts: Facts) -> Floats:
    """On-demand cost that nothing covers, by item and hour in one array."""
    import numpy as np

    open_, hours = facts.how == ON_DEMAND, len(facts.span.loaded)
    size = len(facts.items) * hours
    return np.bincount(at(facts, hours)[open_], facts.on_demand[open_], size).astype(float)


def _allocated_again(pool: Pool, moved: Moved, before: Floats) -> tuple[Floats, float]:
    """On-demand cost by item and hour that stays and that nothing covers, and how much the freed commitments cover."""
    import numpy as np

    leaving, hours = moved.how == ON_DEMAND, len(pool.facts.span.loaded)
    left = before - np.bincount(at(moved, hours)[leaving], moved.on_demand[leaving], len(before))
    # what is left of a difference of equal sums is noise
    left[left < 1e-9] = 0.0
    stays = left.copy()
    _by_reservations(pool.facts, moved, left, hours)
    plans = [one for one in pool.held if one.is_plan and one.plan_type in _ORDER]
    for plan in sorted(plans, key=lambda one: (_ORDER[one.plan_type], one.arn)):
        rows = _of(pool.facts, moved, plan)
        freed = np.bincount(moved.hour[rows], moved.covered[rows], hours).astype(float)
        if freed.any():
            _by_plan(pool, plan, freed, left, hours)
    # databases stand under two kinds of commitment
    once = np.array([one.scope != "database" for one in pool.facts.items], bool)
    return left, float((stays - left).reshape(-1, hours)[once].sum())


def _of(facts: Facts, moved: Moved, plan: Held) -> npt.NDArray[np.bool_]:
    import numpy as np

    place = facts.commitments.index(plan.arn) if plan.arn in facts.commitments else -1
    return np.asarray((moved.how == BY_PLAN) & (moved.commitment == place) & (place >= 0), np.bool_)


def _by_reservations(facts: Facts, moved: Moved, left: Floats, hours: int) -> None:
    """Reserved hours that are free go to the same usage type, at their on-demand cost."""
    import numpy as np

    rows = moved.how == BY_RESERVATION
    if not rows.any():
        return
    freed = np.bincount(moved.item[rows] * hours + moved.hour[rows], moved.on_demand[rows], len(left))
    left -= np.minimum(left, freed)


def _by_plan(pool: Pool, plan: Held, freed: Floats, left: Floats, hours: int) -> None:
    import numpy as np

    rates = rates_of(pool.facts, pool.held, Offer(plan.plan_type, plan.term, plan.payment), pool.book)
    share = np.zeros(len(pool.facts.items))
    for place in _eligible(pool.facts, plan, list(rates)):
        share[place] = rates[place].share
    at = np.flatnonzero((left > 0) & (np.repeat(share, hours) > 0) & (np.tile(freed, len(share)) > 0))
    if not len(at):
        return
    rate = share[at // hours]
    # between equals AWS takes the lowest rate; of usage without quantities the share stands for it
    usage = Eligible(at % hours, left[at], left[at] * rate, rate, np.ones(len(at), bool))
    left[at] *= 1 - allocate(usage, freed)


def _eligible(facts: Facts, plan: Held, places: Sequence[int]) -> list[int]:
    """The items a plan may cover: all compute, or for a plan of one family the family it was seen to cover."""
    import numpy as np

    compute = [place for place in places if facts.items[place].scope == "compute"]
    if plan.plan_type == "Compute" or plan.arn not in facts.commitments:
        return compute
    seen = np.unique(facts.item[(facts.how == BY_PLAN) & (facts.commitment == facts.commitments.index(plan.arn))])
    families = {_family(facts, int(place)) for place in seen}
    return [place for place in compute if _family(facts, place) in families]


def _family(facts: Facts, place: int) -> tuple[str, str]:
    one = facts.items[place]
    return one.region, one.usage_type.rpartition(":")[2].partition(".")[0]
