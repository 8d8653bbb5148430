"""Resources that came under another value of the tag (or another environment) between the spans.

What such a resource cost before is given to the values that have it after; what was taken from the others is the
same to the last decimal. All further effects start from there, so that a move is never told as usage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from finops.variance.why.cells import Cell

_ZERO = Decimal(0)
_SCALE = Decimal("1e-10")
_Line = tuple[str | None, ...]


class Moved(NamedTuple):
    """A cell as if it had always been where it is now, and what that added to its cost before."""

    cell: Cell
    change: Decimal


def moved(cells: Sequence[Cell]) -> list[Moved]:
    """The cells of resources, each with what moved to it or (negative) away from it; the changes sum to zero."""
    by_resource: dict[str | None, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_resource[cell.resource].append(cell)
    found: list[Moved] = []
    for held in by_resource.values():
        if len({cell.split for cell in held}) == 1:
            found += [Moved(cell, _ZERO) for cell in held]
        else:
            found += _of_resource(held)
    return found


def _of_resource(cells: Sequence[Cell]) -> list[Moved]:
    home = _shares(cells)
    lines: dict[_Line, list[Cell]] = defaultdict(list)
    for cell in cells:
        lines[cell.service, cell.account, cell.region, cell.usage_type, cell.operation, cell.unit].append(cell)
    return [one for line in lines.values() for one in _of_line(line, home)]


def _of_line(line: Sequence[Cell], home: Mapping[str, Decimal]) -> list[Moved]:
    """One usage type of a resource; where it is not used any more, it went where the resource is now."""
    shares: Mapping[str, Decimal] = _shares(line)
    if not shares and not {cell.split for cell in line} <= home.keys():
        shares = home
    if not shares or not any(cell.cost0 or cell.demand0 for cell in line):
        return [Moved(cell, _ZERO) for cell in line]
    had = {cell.split: cell for cell in line}
    places = sorted({*had, *shares})
    weights = [shares.get(place, _ZERO) for place in places]
    costs = divided([cell.cost0 for cell in line], weights)
    demands = divided([cell.demand0 for cell in line], weights)
    told = [cell.quantity0 for cell in line if cell.quantity0 is not None]
    quantities = divided(told, weights) if len(told) == len(line) else [None] * len(places)
    empty = line[0]._replace(cost0=_ZERO, cost1=_ZERO, demand0=_ZERO, demand1=_ZERO, quantity1=_ZERO)
    found = []
    for at, place in enumerate(places):
        old = had.get(place, empty._replace(split=place))
        new = old._replace(cost0=costs[at], demand0=demands[at], quantity0=quantities[at])
        found.append(Moved(new, new.cost0 - old.cost0))
    return found


def _shares(cells: Sequence[Cell]) -> dict[str, Decimal]:
    """What each value has of the usage after, at on-demand rates; empty where that divides nothing."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        sums[cell.split] += cell.demand1
    if any(one < 0 for one in sums.values()):
        return {}
    return {split: one for split, one in sums.items() if one}


def divided(amounts: Sequence[Decimal], shares: Sequence[Decimal]) -> list[Decimal]:
    """The sum of amounts by shares, which are not negative, at 10 decimals; the last above zero takes the rest."""
    total, whole = sum(amounts, _ZERO), sum(shares, _ZERO)
    parts = [(total * share / whole).quantize(_SCALE, ROUND_HALF_EVEN) for share in shares]
    last = max(at for at, share in enumerate(shares) if share)
    parts[last] += total - sum(parts, _ZERO)
    return parts
