"""The effects that a change of cost is made of; in every cell they add up to its change, without a remainder.

A cell is valued step by step: as it was; as it was, for the number of days after; with the usage after at the prices
before; as it is at on-demand rates; and as it is. An effect is the difference of two neighbouring values, so whatever a
division rounds away from one effect is in the next one. With quantities q and on-demand prices p of a cell, Q and P of
its usage family, 0 before (q0 and Q0 for the number of days after) and 1 after:

    usage + mix = (q1 - q0) x p0
    mix         = (q1 - q0 x Q1 / Q0) x (p0 - P0)
    price       = (p1 - p0) x q1

which is price-volume-mix analysis: quantities valued at base prices (Laspeyres), prices weighted by the quantities
after (Paasche). Mix is what departs from the family's growth, valued by how far its price departs from the family's:
over a family it sums to (sum of q1 x p0) - (Q1 x P0). A family is of one resource, or in an account of all usage
that has no resource.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

from finops.variance.why.cells import NOT_SEPARABLE, USAGE, Cell
from finops.variance.why.families import family
from finops.variance.why.moves import Moved, moved

_ZERO = Decimal(0)
_SCALE = Decimal("1e-10")
# Every line of a bill is rounded, cost and quantity alike: prices that agree this far are one price.
_SAME_PRICE = Decimal("1e-6")
_ROUNDED = Decimal("1e-10")
_DIGITS = 100
_MONTHLY = re.compile(r"(^|[\s-])mo(nth)?s?$", re.IGNORECASE)
# Kinds of charge that are an effect by another name.
_CHARGES = {"upfront": "fee", "(unclassified)": "unclassified"}
_Group = tuple[str | None, ...]


class Effect(NamedTuple):
    """A part of the change of one cell: from `before` to `after`, the values of two neighbouring steps."""

    name: str
    cell: Cell
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """What the effect adds to the cost."""
        return self.after - self.before


class Length(NamedTuple):
    """Days of both spans, and of the months they are of (0 where they are of none).

    What is charged by the month costs a day less of a longer month: between whole months it has no effect of days.
    """

    before: int
    after: int
    month_before: int = 0
    month_after: int = 0

    def more(self, amount: Decimal, cell: Cell) -> Decimal:
        """What `amount` would be more in the span after, had every day cost the same (or every month)."""
        before, after = self.before, self.after
        if self.month_before and self.month_after and _MONTHLY.search(cell.unit or ""):
            before, after = before * self.month_after, after * self.month_before
        if before == after or cell.is_long:
            return _ZERO
        return (amount * (after - before) / before).quantize(_SCALE, ROUND_HALF_EVEN)


class Family(NamedTuple):
    """What the cells of a usage family have together: cost and quantity before, quantity after."""

    demand0: Decimal
    quantity0: Decimal
    quantity1: Decimal


def decompose(cells: Iterable[Cell], length: Length) -> list[Effect]:
    """All effects that are not zero. Per cell they sum to its change, per resource what moved sums to zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        return [one for one in _effects(list(cells), length) if one.before != one.after]


def _effects(cells: Sequence[Cell], length: Length) -> Iterator[Effect]:
    lasting: list[Cell] = []
    for cell in cells:
        if cell.kind != USAGE:
            yield Effect(_CHARGES.get(cell.kind, cell.kind), cell, cell.cost0, cell.cost1)
        elif cell.resource is not None and cell.seen0 != cell.seen1:
            yield from come_or_gone(cell)
        else:
            lasting.append(cell)
    stay = [Moved(cell, _ZERO) for cell in lasting if cell.resource is None]
    yield from _lasting([*stay, *moved([cell for cell in lasting if cell.resource is not None])], length)


def come_or_gone(cell: Cell) -> Iterator[Effect]:
    """A resource of one span only, at on-demand rates; what a commitment saves on it is an effect of its own."""
    if cell.seen1:
        yield Effect("new_resource", cell, cell.cost0, cell.cost0 + cell.demand1)
        yield Effect("commitment", cell, cell.cost0 + cell.demand1, cell.cost1)
    else:
        yield Effect("commitment", cell, cell.cost0, cell.demand0 + cell.cost1)
        yield Effect("gone_resource", cell, cell.demand0 + cell.cost1, cell.cost1)


def _lasting(cells: Iterable[Moved], length: Length) -> Iterator[Effect]:
    groups: dict[_Group, list[Moved]] = defaultdict(list)
    for one in cells:
        cell = one.cell
        kind = family(cell.usage_type or "") if _is_separable(cell) else None
        groups[cell.split, cell.service, cell.account, cell.resource, kind, cell.unit].append(one)
    for held in groups.values():
        whole = None if len(held) == 1 else _whole([one.cell for one in held])
        for one in held:
            yield from _chain(one, length, whole)


def _is_separable(cell: Cell) -> bool:
    """Whether the cell has a price wherever it has a cost."""
    pairs = ((cell.demand0, cell.quantity0), (cell.demand1, cell.quantity1))
    return all(quantity is not None and quantity >= 0 and (quantity or not demand) for demand, quantity in pairs)


def _whole(cells: Sequence[Cell]) -> Family:
    return Family(
        sum((cell.demand0 for cell in cells), _ZERO),
        sum((cell.quantity0 or _ZERO for cell in cells), _ZERO),
        sum((cell.quantity1 or _ZERO for cell in cells), _ZERO),
    )


def _chain(one: Moved, length: Length, family_of: Family | None) -> Iterator[Effect]:
    """The steps of one cell, from its cost before to its cost after."""
    cell = one.cell
    longer = length.more(cell.demand0, cell)
    changes = [("tag_move", one.change), ("days", longer + length.more(cell.cost0 - cell.demand0, cell))]
    if _is_separable(cell):
        changes += _usage_mix_price(cell, longer, length, family_of)
    else:
        changes.append((NOT_SEPARABLE, cell.demand1 - cell.demand0 - longer))
    value = cell.cost0 - one.change
    for name, change in changes:
        yield Effect(name, cell, value, value + change)
        value += change
    yield Effect("commitment", cell, value, cell.cost1)


def _usage_mix_price(
    cell: Cell, longer: Decimal, length: Length, family_of: Family | None
) -> list[tuple[str, Decimal]]:
    at_old_price = _at_old_price(cell)
    mix = _mix(cell, length, family_of) if family_of else _ZERO
    usage = at_old_price - cell.demand0 - longer - mix
    return [("usage", usage), ("mix", mix), ("price", cell.demand1 - at_old_price)]


def _at_old_price(cell: Cell) -> Decimal:
    """The usage after at the price before; what was not used before has no price but its own."""
    q0, q1 = cell.quantity0 or _ZERO, cell.quantity1 or _ZERO
    if not q0:
        return cell.demand1
    value = cell.demand0 + (cell.demand0 * (q1 - q0) / q0).quantize(_SCALE, ROUND_HALF_EVEN)
    return cell.demand1 if _is_rounding(cell.demand1 - value, value, cell) else value


def _mix(cell: Cell, length: Length, whole: Family) -> Decimal:
    q0, q1 = cell.quantity0 or _ZERO, cell.quantity1 or _ZERO
    if not whole.quantity0 or not (q0 or q1):
        return _ZERO
    price = cell.demand0 / q0 if q0 else cell.demand1 / q1
    due, due_whole = q0 + length.more(q0, cell), whole.quantity0 + length.more(whole.quantity0, cell)
    beside = q1 - due * whole.quantity1 / due_whole
    mix = (beside * (price - whole.demand0 / whole.quantity0)).quantize(_SCALE, ROUND_HALF_EVEN)
    return _ZERO if _is_rounding(mix, max(cell.demand0, cell.demand1), cell) else mix


def _is_rounding(difference: Decimal, value: Decimal, cell: Cell) -> bool:
    return abs(difference) <= abs(value) * _SAME_PRICE + cell.lines * _ROUNDED
