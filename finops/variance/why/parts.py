"""Effects added up: how much each value of the split changed, by which effects, and what caused them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from finops.variance.why.effects import Effect

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
    """One effect of one value of the split: its change, and its causes with theirs, the largest first."""

    split: str
    name: str
    change: Decimal
    causes: tuple[tuple[str, Decimal], ...]


def cause_of(effect: Effect) -> str:
    """The resource, or the usage type, or the service."""
    cell = effect.cell
    if cell.kind in _OF_A_SERVICE:
        return cell.service
    return cell.resource or cell.usage_type or cell.service


def parts_of(effects: Iterable[Effect]) -> list[Part]:
    """The effects added up by value of the split and name, the largest first."""
    sums: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in effects:
        sums[one.cell.split, one.name][cause_of(one)] += one.change
    parts = [Part(split, name, sum(causes.values(), _ZERO), _ranked(causes)) for (split, name), causes in sums.items()]
    return sorted(parts, key=lambda part: (-abs(part.change), part.split, part.name))


def _ranked(causes: dict[str, Decimal]) -> tuple[tuple[str, Decimal], ...]:
    return tuple(sorted(((key, one) for key, one in causes.items() if one), key=lambda one: (-abs(one[1]), one[0])))
