"""What could be committed to: each pool of usage with each offer whose rates are known, and what has no known rate."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from finops.advice.allocation import Eligible, allocate
from finops.prices import PriceBook, sku_keys
from finops.recommend.held import Held, alive
from finops.recommend.hours import ON_DEMAND, Facts, Item
from finops.recommend.offers import PAYMENTS, TERMS, Offer, Rate, basis_of, offers_of, rates_of
from finops.recommend.sizes import factor_of, family_of
from finops.recommend.windows import Pool, Purchasable, to_five_decimals, whole_units

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

_FAMILY = re.compile(r"Usage:([a-z0-9-]+)\.")
_RESERVED = {
    "ri:AmazonRDS": "RDS RI",
    "ri:AmazonElastiCache": "ElastiCache RI",
    "ri:AmazonES": "OpenSearch RI",
    "ri:AmazonRedshift": "Redshift RI",
}
_PLANS = {"compute": "Compute", "sagemaker": "SageMaker", "database": "Database"}


@dataclass(frozen=True)
class Group:
    """Usage that the same commitments compete for; `name` is what is bought, `what` which usage, blank for any."""

    plan_type: str
    what: str
    region: str
    service: str
    items: tuple[int, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from the other groups."""
        return self.plan_type, self.service, self.region, self.what

    @property
    def is_reservation(self) -> bool:
        """Whether whole instances or nodes are reserved, not dollars an hour committed."""
        return self.plan_type.endswith(" RI")


@dataclass(frozen=True)
class Candidate:
    """A group with an offer: the demand at its rates, where those are from, and what can be bought of it.

    `rows` are the places of the pool's usage in the facts it was taken from, `share` the rate of each item as a share
    of its on-demand cost, 0 where none is known. `unit_cost` is USD an hour of one reservation of
    `unit` (usage type and operation), None for plans. `unrated` are the items without a known rate.
    """

    group: Group
    offer: Offer
    pool: Pool
    rows: Whole
    share: Floats
    basis: str
    purchasable: Purchasable
    unit_cost: float | None
    unit: str
    unrated: tuple[int, ...]


def groups_of(items: Sequence[Item]) -> list[Group]:
    """The groups of usage, those first whose commitments AWS applies first."""
    by_key: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        for key in _keys(item):
            by_key[key].append(place)
    found = [Group(kind, what, region, service, tuple(at)) for (kind, service, region, what), at in by_key.items()]
    order = [*_RESERVED.values(), "EC2Instance", *_PLANS.values()]
    return sorted(found, key=lambda one: (order.index(one.plan_type), one.key))


def _keys(item: Item) -> Iterator[tuple[str, str, str, str]]:
    if item.scope in _RESERVED:
        key, node = sku_keys(item.usage_type, item.operation)
        family = family_of(node, item.operation)
        yield _RESERVED[item.scope], item.service, item.region, f"{family}|{item.operation}" if family else key
        return
    yield _PLANS[item.scope], "", "", ""
    instance = _FAMILY.search(item.usage_type) if item.service == "AmazonEC2" else None
    if instance:
        yield "EC2Instance", item.service, item.region, instance[1]


def uncovered(facts: Facts, found: Sequence[Held], book: PriceBook, renew_within_days: int) -> Facts:
    """The facts as the commitments that stay leave them: usage they cover is gone, that of those that end is back.

    A plan that began within the hours is applied to those before it too, at its own rates and in AWS's order: what it
    covers now is no demand, although it was then.
    """
    import numpy as np

    soon = facts.span.end + timedelta(days=renew_within_days)
    gone = {one.arn for one in found if one.ends_by(soon)}
    ending = [place for place, arn in enumerate(facts.commitments) if arn in gone]
    kept = (facts.how == ON_DEMAND) | np.isin(facts.commitment, ending)
    left = _where(facts, kept & (facts.on_demand > 0))
    for one in alive(found, soon):
        if one.is_plan and one.start and one.start > facts.span.start:
            left = _applied_before(left, facts, one, book)
    return left


def _where(facts: Facts, mask: Mask) -> Facts:
    names = ("item", "hour", "how", "commitment", "on_demand", "covered", "quantity")
    return replace(facts, **{name: getattr(facts, name)[mask] for name in names})


def _applied_before(left: Facts, facts: Facts, plan: Held, book: PriceBook) -> Facts:
    import numpy as np

    rates = rates_of(facts, [plan], Offer(plan.plan_type, plan.term, plan.payment), replace(book, listed={}))
    began = int((plan.start - facts.span.start) / timedelta(hours=1)) if plan.start else 0
    share = _shares(rates, len(facts.items))
    eligible = (left.hour < began) & (share[left.item] > 0)
    if not eligible.any():
        return left
    at = share[left.item[eligible]]
    full, quantity = left.on_demand[eligible], left.quantity[eligible]
    usage = Eligible(left.hour[eligible], full, full * at, full * at / quantity, np.ones(len(full), bool))
    hourly = np.where(np.arange(len(facts.span.loaded)) < began, float(plan.hourly), 0.0)
    return _without(left, np.flatnonzero(eligible), allocate(usage, hourly))


def after(left: Facts, bought: Sequence[tuple[Candidate, float]]) -> Facts:
    """What commitments (USD per hour, every hour) to candidates without common usage leave of the facts."""
    import numpy as np

    covered = np.zeros(len(left.item))
    for one, commitment in bought:
        full, at = left.on_demand[one.rows], one.share[left.item[one.rows]]
        owned = np.ones(len(one.rows), bool)
        usage = Eligible(left.hour[one.rows], full, full * at, full * at / left.quantity[one.rows], owned)
        covered[one.rows] = allocate(usage, np.full(len(left.span.loaded), commitment))
    return _without(left, np.arange(len(covered)), covered)


def _without(left: Facts, rows: Whole, covered: Floats) -> Facts:
    """The facts without the covered share of some rows."""
    import numpy as np

    rest = np.ones(len(left.item))
    rest[rows] = 1 - covered
    scaled = replace(left, on_demand=left.on_demand * rest, quantity=left.quantity * rest)
    return _where(scaled, scaled.on_demand > 0)


def _shares(rates: Mapping[int, Rate], count: int) -> Floats:
    import numpy as np

    share = np.zeros(count)
    for place, rate in rates.items():
        share[place] = rate.share
    return share


def cost_by_item(facts: Facts) -> Floats:
    """On-demand cost over all hours by the place of the item."""
    import numpy as np

    return np.bincount(facts.item, facts.on_demand, len(facts.items)).astype(float)


def candidates(
    group: Group, left: Facts, costs: Floats, rates_under: Callable[[Offer], Mapping[int, Rate]]
) -> tuple[list[Candidate], list[Offer]]:
    """The offers for a group whose rates are known, for some of its usage at least, and those that have none.

    `costs` is `cost_by_item` of what is left; `rates_under` gives the known rates of an offer by place of the item.
    """
    known, unknown = [], []
    for offer in _offers(group):
        rates = {at: rate for at, rate in rates_under(offer).items() if at in group.items}
        usable = {at: rate for at, rate in rates.items() if 0 < rate.share < 1 and costs[at] > 0}
        if usable:
            unrated = tuple(at for at in group.items if costs[at] > 0 and at not in rates)
            known.append(_candidate(group, offer, left, usable, unrated))
        elif not rates:
            unknown.append(offer)
    return known, unknown


def _offers(group: Group) -> list[Offer]:
    if group.is_reservation:
        return [Offer("RI", term, payment) for term in TERMS for payment in PAYMENTS]
    return offers_of(group.plan_type)


def _candidate(
    group: Group, offer: Offer, left: Facts, rates: Mapping[int, Rate], unrated: tuple[int, ...]
) -> Candidate:
    import numpy as np

    share, used = _shares(rates, len(left.items)), sorted(rates)
    rows = np.flatnonzero(share[left.item] > 0)
    full = left.on_demand[rows]
    pool = Pool.of(left.hour[rows], full, full * share[left.item[rows]])
    unit_cost, unit = _unit(group, left, rows, used, pool) if group.is_reservation else (None, "")
    purchasable = whole_units(unit_cost) if unit_cost else to_five_decimals
    basis = basis_of(rates, used)
    return Candidate(group, offer, pool, rows, share, basis, purchasable, unit_cost, unit, unrated)


def _unit(group: Group, left: Facts, rows: Whole, used: Sequence[int], pool: Pool) -> tuple[float, str]:
    """What an hour of one reservation costs and what it is of: of a family the smallest size that is used."""
    import numpy as np

    operation = group.what.partition("|")[2]
    nodes = {at: sku_keys(left.items[at].usage_type, operation)[1] for at in used}
    flexible = any(family_of(node, operation) for node in nodes.values())
    smallest = min(nodes, key=lambda at: factor_of(nodes[at]))
    factors = np.ones(len(left.items))
    for at, node in nodes.items():
        factors[at] = factor_of(node) / factor_of(nodes[smallest]) if flexible else 1.0
    units = float((left.quantity[rows] * factors[left.item[rows]]).sum())
    return float(pool.plan_cost.sum()) / units, f"{nodes[smallest]}|{operation}"
