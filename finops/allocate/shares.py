"""An amount divided by weights, to the last decimal. Amounts are whole numbers of the last decimal of money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal

PLACES = 10
# DECIMAL(38, 10) has more digits than the context of Python's decimals holds by default.
_EXACT = Context(prec=100)


def units(amount: Decimal) -> int:
    """An amount of money in units of its last decimal, 1e-10."""
    return int(_EXACT.scaleb(amount, PLACES))


def amount(count: int) -> Decimal:
    """Units of 1e-10 as money."""
    return _EXACT.scaleb(_EXACT.create_decimal(count), -PLACES)


def divided(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in parts proportional to the weights, by largest remainder: the parts sum to `total`.

    Weights are 0 or more and not all 0. What is left after rounding each part toward zero goes, one unit each, to
    the parts that lost most by it; of equals, to the one that comes first. A negative total is divided like its
    opposite. (Hamilton's method; Balinski and Young, "Fair Representation".)
    """
    whole = sum(weights)
    parts, lost = zip(*(divmod(abs(total) * weight, whole) for weight in weights), strict=True)
    left = abs(total) - sum(parts)
    first = sorted(range(len(weights)), key=lambda at: -lost[at])[:left]
    sign = -1 if total < 0 else 1
    given = set(first)
    return [sign * (part + (at in given)) for at, part in enumerate(parts)]
