"""What can be bought, and at which rates: the plan's own rates on the bill first, then the price lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from finops.prices import PriceBook, price_of
from finops.recommend.held import Held
from finops.recommend.hours import BY_PLAN, BY_RESERVATION, Facts, Item

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TERMS = ("1yr", "3yr")
PAYMENTS = ("No Upfront", "Partial Upfront", "All Upfront")


class Offer(NamedTuple):
    """A kind of plan, or `RI` for a reservation, for how long and paid how: `1yr`, `No Upfront`."""

    plan_type: str
    term: str
    payment: str

    @property
    def price_kind(self) -> str:
        """What a price list calls its prices: `sp_compute_1yr_no_upfront`, `ri_3yr_all_upfront`."""
        family = "ri" if self.plan_type == "RI" else f"sp_{self.plan_type.lower()}"
        return f"{family}_{self.term}_{self.payment.lower().replace(' ', '_')}"


def offers_of(plan_type: str) -> list[Offer]:
    """All terms and payments a kind of plan is sold with. Database Savings Plans came with one of each."""
    if plan_type == "Database":
        return [Offer(plan_type, "1yr", "No Upfront")]
    return [Offer(plan_type, term, payment) for term in TERMS for payment in PAYMENTS]


@dataclass(frozen=True)
class Rate:
    """What an hour of usage costs under a commitment, as a share of its on-demand cost (0 to 1), and its basis."""

    share: float
    basis: str


def rates_of(facts: Facts, found: Sequence[Held], offer: Offer, book: PriceBook) -> dict[int, Rate]:
    """Place of an item -> its rate under the offer, for the items whose rate is known.

    A rate observed on the bill counts for the same kind, term and payment only; it is never carried over to another
    usage type or region.
    """
    rates = _own(facts, found, offer)
    listed = _listed(book, offer)
    for place, item in enumerate(facts.items):
        if place not in rates and (rate := listed(item)):
            rates[place] = rate
    return rates


def _own(facts: Facts, found: Sequence[Held], offer: Offer) -> dict[int, Rate]:
    import numpy as np

    how = BY_RESERVATION if offer.plan_type == "RI" else BY_PLAN
    same = {one.arn for one in found if (one.plan_type or "RI", one.term, one.payment) == offer}
    ids = [place for place, arn in enumerate(facts.commitments) if arn in same]
    mask = (facts.how == how) & np.isin(facts.commitment, ids) & (facts.on_demand > 0) & (facts.covered > 0)
    full = _by_item(facts.item[mask], facts.on_demand[mask], len(facts.items))
    reduced = _by_item(facts.item[mask], facts.covered[mask], len(facts.items))
    return {int(at): Rate(float(reduced[at] / full[at]), "own rate") for at in np.flatnonzero(full)}


def _by_item(item: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    import numpy as np

    return np.bincount(item, values, count).astype(float)


def _listed(book: PriceBook, offer: Offer) -> Callable[[Item], Rate | None]:
    def rate(item: Item) -> Rate | None:
        listed, on_demand = price_of(book, item.usage, offer.price_kind), price_of(book, item.usage)
        if listed is None or on_demand is None or listed.currency != on_demand.currency:
            return None
        return Rate(float(listed.price / on_demand.price), listed.basis)

    return rate


def basis_of(rates: Mapping[int, Rate], used: Sequence[int]) -> str:
    """Where the rates of the items used are from, each basis once."""
    by_basis: dict[str, int] = defaultdict(int)
    for place in used:
        by_basis[rates[place].basis] += 1
    return " and ".join(sorted(by_basis))
