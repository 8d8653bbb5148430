"""Effects added up: how much each value of the split changed, by which effects, and what caused them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple

from finops.variance.why.effects import Effect

NAMED_CAUSES = 3
_ZERO = Decimal(0)
# What is told best by the service it is charged for.
_OF_A_SERVICE = ("tax", "support", "discount")


class Change(NamedTuple):
    """What one value of the split cost in both spans, exact."""

    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """After less before."""
        return self.after - self.before

    @property
    def percent(self) -> Decimal | None:
        """The change in percent of the cost before; None where that is not above zero."""
        return self.change * 100 / self.before if self.before > 0 else None


class Part(NamedTuple):
    """One effect of one value of the split: its change, how many keys caused it, and those that did most."""

    split: str
    name: str
    change: Decimal
    keys: int
    causes: tuple[tuple[str, Decimal], ...]


def cause_of(effect: Effect) -> str:
    """The resource, or the usage type, or the service."""
    cell = effect.cell
    if cell.kind in _OF_A_SERVICE:
        return cell.service
    return cell.resource or cell.usage_type or cell.service


def parts_of(effects: Iterable[Effect]) -> list[Part]:
    """The effects added up by value of the split and name."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in effects:
        key = (one.cell.split, one.name, cause_of(one))
        sums[key] = sums.get(key, _ZERO) + one.after - one.before
    held: dict[tuple[str, str], list[tuple[str, Decimal]]] = defaultdict(list)
    for (split, name, cause), change in sums.items():
        held[split, name].append((cause, change))
    return [_part(split, name, causes) for (split, name), causes in held.items()]


def together(*parts: Iterable[Part]) -> list[Part]:
    """Parts of several sets of effects that have no key in common as one, the largest first."""
    held: dict[tuple[str, str], Part] = {}
    for one in chain(*parts):
        known = held.get((one.split, one.name))
        held[one.split, one.name] = one if known is None else _added(known, one)
    return sorted(held.values(), key=lambda part: (-abs(part.change), part.split, part.name))


def _added(one: Part, other: Part) -> Part:
    most = nsmallest(NAMED_CAUSES, (*one.causes, *other.causes), key=_size)
    return Part(one.split, one.name, one.change + other.change, one.keys + other.keys, tuple(most))


def _part(split: str, name: str, causes: list[tuple[str, Decimal]]) -> Part:
    caused = [one for one in causes if one[1]]
    most = nsmallest(NAMED_CAUSES, caused, key=_size)
    return Part(split, name, sum((change for _, change in caused), _ZERO), len(caused), tuple(most))


def _size(cause: tuple[str, Decimal]) -> tuple[Decimal, str]:
    return -abs(cause[1]), cause[0]
