"""Which of the advised commitments to buy: one offer per pool of usage, and no usage committed to twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from finops.config.settings import Settings
from finops.recommend.advice import Advice
from finops.recommend.candidates import Candidate, Group, after, candidates, cost_by_item, groups_of, uncovered
from finops.recommend.held import Held
from finops.recommend.offers import Offer, Rate, rates_of
from finops.recommend.policy import allowed, capped
from finops.recommend.windows import WINDOWS, advised, over_windows

if TYPE_CHECKING:
    from finops.prices import PriceBook
    from finops.recommend.hours import Facts, Whole

    Windows = Sequence[tuple[int | None, Whole]]


@dataclass(frozen=True)
class Question:
    """What advice is computed from: the hours, what is held, the prices, the settings.

    `fixed` is a commitment in USD per hour that the user asks about: plans are evaluated at it, not optimised. `known`
    keeps the rates that were worked out.
    """

    facts: Facts
    held: Sequence[Held]
    book: PriceBook
    settings: Settings
    fixed: float | None = None
    known: dict[Offer, dict[int, Rate]] = field(default_factory=dict)

    def rates(self, offer: Offer) -> dict[int, Rate]:
        """The known rates of an offer by place of the item; worked out once."""
        if offer not in self.known:
            self.known[offer] = rates_of(self.facts, self.held, offer, self.book)
        return self.known[offer]

    def left(self) -> Facts:
        """The usage that what is held leaves."""
        return uncovered(self.facts, self.held, self.book, self.settings.commitments.renew_within_days)


@dataclass(frozen=True)
class Advised:
    """The advice for every group and offer, which of it is chosen, and the offers of which no rate is known.

    `after_families` says that Compute plans are sized for what the EC2 Instance plans that are chosen leave.
    """

    all: list[Advice] = field(default_factory=list)
    chosen: list[Advice] = field(default_factory=list)
    unknown: list[tuple[Group, list[Offer]]] = field(default_factory=list)
    after_families: bool = False


def windows_of(facts: Facts, before: int = 0) -> list[tuple[int | None, Whole]]:
    """The windows whose every hour is loaded, and all hours; without the last `before` hours."""
    made = [(days, facts.span.window(days, before)) for days in (*WINDOWS, None)]
    return [(days, hours) for days, hours in made if hours is not None and len(hours)]


def choose(question: Question, left: Facts, windows: Windows) -> Advised:
    """The advice for each group and the best of each, in AWS's order of application.

    EC2 Instance Savings Plans are applied before Compute ones. They are chosen only where they save more together with
    the Compute plan for what they leave than a Compute plan for all of it.
    """
    groups = groups_of(left.items)
    others = _each([one for one in groups if one.plan_type != "Compute"], question, left, windows)
    compute = [one for one in groups if one.plan_type == "Compute"]
    alone = _each(compute, question, left, windows)
    families = [one for one in others.chosen if one.candidate.group.plan_type == "EC2Instance"]
    if families:
        rest = _each(compute, question, _after(left, families), windows)
        if _total([*families, *rest.chosen]) > _total(alone.chosen):
            return _joined(others, rest, after_families=True)
        others = replace(others, chosen=[one for one in others.chosen if one not in families])
    return _joined(others, alone)


def _joined(one: Advised, other: Advised, after_families: bool = False) -> Advised:
    return Advised(one.all + other.all, one.chosen + other.chosen, one.unknown + other.unknown, after_families)


def _total(chosen: Sequence[Advice]) -> float:
    return sum(one.saving for one in chosen)


def _after(left: Facts, bought: Sequence[Advice]) -> Facts:
    pairs = [(one.candidate, one.choice.outcome.commitment) for one in bought if one.choice]
    return after(left, pairs)


def _each(groups: Sequence[Group], question: Question, left: Facts, windows: Windows) -> Advised:
    result, costs = Advised(), cost_by_item(left)
    for group in groups:
        known, unknown = candidates(group, left, costs, question.rates)
        made = [_advice(one, question, windows) for one in known]
        result.all.extend(made)
        if unknown:
            result.unknown.append((group, unknown))
        best = max(made, key=lambda one: one.saving, default=None)
        if best and best.saving > 0:
            result.chosen.append(best)
    return result


def _advice(candidate: Candidate, question: Question, windows: Windows) -> Advice:
    """The advice for one offer; no window is its choice where the policy does not admit it."""
    fixed = None if candidate.unit_cost else question.fixed
    found = over_windows(candidate.pool, windows, candidate.purchasable, fixed)
    day = question.facts.span.end
    year = question.settings.commitments.at(day.date())
    made = Advice(candidate, found, advised(found))
    if fixed is not None or not allowed(made, year):
        return replace(made, choice=None)
    return capped(made, year, question.held, day)
