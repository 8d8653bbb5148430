"""What a day saved against a mean day before: pure functions, lines in, money out.

A change of cost has three parts, and only one is the advice's own. At on-demand cost,

- less use saves `sum((usage before - usage now) * rate before)`, less what is new, and
- another rate saves `cost before / level before * level now - cost now`;

of the two one is the advice's own and the other is what is left of the change at on-demand cost. Spot saves what its
hours cost on demand less what they cost, less the same before. The third part is what commitments took off more or less
than before. All three are cost before less cost now, to the last decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.recommend.accepted.entry import Line
from finops.recommend.accepted.kinds import Kind

_EXACT = Decimal("1e-10")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Saved:
    """What a day saved: in the advice's own way, in the other one, by commitments; None is not told apart.

    `level` is how much was used as a share of before: at half of the use another rate saves half.
    """

    own: Decimal
    other: Decimal | None = None
    by_commitments: Decimal | None = None
    level: Decimal = Decimal(1)


def saved(kind: Kind, before: Sequence[Line], now: Sequence[Line]) -> Saved | None:
    """What a day with the lines `now` saved; None where the bill has no quantities to tell it by."""
    if kind.saves_by == "usage":
        if any(one.quantity is None for one in [*before, *now]):
            return None
        level, own = Decimal(1), _by_usage(before, now)
    else:
        used = _level(kind, before)
        if not used:
            return None
        level = _level(kind, now) / used
        by_spot = kind.saves_by == "spot"
        own = _off(now) - _off(before) if by_spot else on_demand(before) * level - on_demand(now)
    exact = own.quantize(_EXACT)
    other = on_demand(before) - on_demand(now) - (_NONE if kind.saves_by == "spot" else exact)
    return Saved(exact, other, cost(before) - cost(now) - exact - other, level)


def _off(lines: Sequence[Line]) -> Decimal:
    """What Spot takes off the on-demand cost of its hours."""
    return sum((one.on_demand - one.cost for one in lines if "SpotUsage" in one.usage_type), _NONE)


def _by_usage(before: Sequence[Line], now: Sequence[Line]) -> Decimal:
    """Less of what was used, at the rate it had; what was not used before is a cost of now."""
    left = {one.usage_type: one for one in now}
    total = _NONE
    for one in before:
        after = left.pop(one.usage_type, None)
        if one.quantity:
            used = after.quantity or _NONE if after else _NONE
            total += (one.quantity - used) * one.on_demand / one.quantity
        else:
            total += one.on_demand - (after.on_demand if after else _NONE)
    return total - on_demand([*left.values()])


def _level(kind: Kind, lines: Sequence[Line]) -> Decimal:
    return sum((one.quantity or _NONE for one in lines if kind.is_level(one.usage_type)), _NONE)


def runs(kind: Kind, lines: Sequence[Line]) -> bool:
    """Whether any of it is used."""
    return bool(_level(kind, lines))


def cost(lines: Sequence[Line]) -> Decimal:
    """What the lines cost, at the rates of commitments where they cover them."""
    return sum((one.cost for one in lines), _NONE)


def on_demand(lines: Sequence[Line]) -> Decimal:
    """What the lines cost on demand."""
    return sum((one.on_demand for one in lines), _NONE)
