"""The rules applied: each gives what it takes, to the last decimal, to those it finds in the same scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finops.allocate.cells import Cell
from finops.allocate.plan import Plan, Rule, has_value
from finops.allocate.shares import divided, units
from finops.errors import UsageError

MOST_ROWS = 2_000_000

Scope = tuple[str, ...]
Weights = dict[str, int]
# What rules may take: by keys, scope, and which of the rules fit.
Shared = dict[tuple[tuple[str, ...], Scope, tuple[bool, ...]], int]


@dataclass
class Settled:
    """What came out, in units of 1e-10: `entries` by keys and rule; what each rule moved, and what it left.

    Each rule's entries sum to 0: it takes as much as it gives. `left` is what nobody was found for, by the
    first rule that fits and its scope; `without_spend` are values that rules name and that have no cost of their own.
    """

    entries: dict[tuple[tuple[str, ...], str], int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    left: dict[str, dict[Scope, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    without_spend: dict[str, list[str]] = field(default_factory=dict)


def settle(plan: Plan, cells: Iterable[Cell]) -> Settled:
    """Apply the rules in their order. What a rule finds nobody for is left for the next one that fits.

    Proportions are those of the cost that no rule fits, so that neither the order of the rules nor the dimensions
    asked for beside the tag change them. Raises UsageError when the answer would be too long to hold.
    """
    settled = Settled()
    kept: list[Cell] = []
    shared: Shared = defaultdict(int)
    for cell in cells:
        settled.entries[cell.keys, cell.origin] += cell.cost
        if any(cell.fits):
            shared[cell.keys, cell.scope, cell.fits] += cell.cost
        elif has_value(cell.keys[plan.tag_at]):
            kept.append(cell)
    for at, rule in enumerate(plan.rules):
        _apply(plan, at, rule, shared, kept, settled)
    _leave(plan, shared, settled)
    return settled


def _apply(
    plan: Plan,
    at: int,
    rule: Rule,
    shared: Shared,
    kept: Sequence[Cell],
    settled: Settled,
) -> None:
    """Give away what the rule fits; what is given is no longer shared."""
    weights = _weights(plan, rule, kept)
    own = {value for of_scope in weights.values() for value, weight in of_scope.items() if weight > 0}
    if missing := [value for value in _named(rule) if value not in own]:
        settled.without_spend[rule.name] = missing
    for keys, scope, fitting in [one for one in shared if one[2][at]]:
        narrow = _scope(plan, rule, scope)
        if targets := _targets(rule, weights.get(narrow, {})):
            _give(plan, rule, keys, shared.pop((keys, scope, fitting)), targets, settled)


def _leave(plan: Plan, shared: Shared, settled: Settled) -> None:
    """What is shared still: told of the first rule that would have taken it."""
    for (_, scope, fitting), cost in shared.items():
        rule = plan.rules[fitting.index(True)]
        settled.left[rule.name][_scope(plan, rule, scope)] += cost


def _give(plan: Plan, rule: Rule, keys: tuple[str, ...], cost: int, targets: Weights, settled: Settled) -> None:
    parts = divided(cost, list(targets.values()))
    settled.moved[rule.name] += cost
    settled.entries[keys, rule.name] -= cost
    for value, part in zip(targets, parts, strict=True):
        settled.entries[(*keys[: plan.tag_at], value, *keys[plan.tag_at + 1 :]), rule.name] += part
    if len(settled.entries) > MOST_ROWS:
        raise UsageError(
            f"the allocation has more than {MOST_ROWS:,} rows", "--by", "leave out a dimension, or choose a period"
        )


def _weights(plan: Plan, rule: Rule, kept: Sequence[Cell]) -> dict[Scope, Weights]:
    """What each value costs on its own in each scope of the rule, by the rule's metric."""
    measure = plan.metrics.index(rule.metric)
    weights: dict[Scope, Weights] = defaultdict(lambda: defaultdict(int))
    for cell in kept:
        weights[_scope(plan, rule, cell.scope)][cell.keys[plan.tag_at]] += cell.measures[measure]
    return weights


def _scope(plan: Plan, rule: Rule, scope: Scope) -> Scope:
    """The billing period and what the rule itself divides within."""
    return (scope[0], *(scope[1 + plan.within.index(word)] for word in rule.within))


def _targets(rule: Rule, own: Weights) -> Weights:
    """Who gets how many parts, by name: it decides who gets the last decimal.

    A value whose credits outweigh its spend has no share of it, and no negative one.
    """
    one = rule.allocation
    if one.to == "fixed":
        return {value: units(one.shares[value]) for value in sorted(one.shares)}
    if one.to == "even" and one.among:
        return dict.fromkeys(sorted(one.among), 1)
    spending = {value: own[value] for value in sorted(own) if own[value] > 0}
    if one.to == "even":
        return dict.fromkeys(spending, 1)
    return {value: weight for value, weight in spending.items() if not one.among or value in one.among}


def _named(rule: Rule) -> list[str]:
    return [*rule.allocation.shares, *rule.allocation.among]
