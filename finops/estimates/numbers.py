"""One printed number: its value and how far it vouches for its digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_THREE_DECIMALS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_SPACED = re.compile(r"[0-9]{1,3}(?:['\u2019\u00a0\u202f][0-9]{3})+(?:[.,][0-9]{1,2})?")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")
_MAGNITUDES = {"": 0, "k": 3, "m": 6, "mn": 6, "million": 6}
# The place of a figure beyond which a ledger in DECIMAL(38, 10) cannot hold it.
_LONGEST = 15


class Unclear(ValueError):
    """A text that looks like a figure and could mean several; the message says why."""


@dataclass(frozen=True)
class Number:
    """A value and the value of its last printed digit."""

    value: Decimal
    place: Decimal


def read_number(text: str, magnitude: str = "", comma_decimals: bool = False) -> Number:
    """A number as printed: `1,234.50`, `.5`, `1'234`; `magnitude` is `k` or `M` behind it.

    `comma_decimals` says that the currency is often written with a decimal comma. Raises Unclear where the
    separators may mean two things.
    """
    plain = _digits(text, comma_decimals)
    if len(plain.replace(".", "")) > _LONGEST:
        raise Unclear(f"{text} has more digits than an amount of money")
    zeros = _MAGNITUDES[magnitude.lower()]
    value = Decimal(plain)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return Number(value.scaleb(zeros) + 0, Decimal(1).scaleb(exponent + zeros))


def rounded_place(number: Number) -> Decimal:
    """The place an approximate number vouches for: the last digit that is not a zero (`~510` is good to ten)."""
    digits = number.value.normalize().as_tuple()
    assert isinstance(digits.exponent, int)
    return max(Decimal(1).scaleb(digits.exponent), number.place) if number.value else number.place


def _digits(text: str, comma_decimals: bool) -> str:
    """The number in Python's notation."""
    if _SPACED.fullmatch(text) or _DOTTED.fullmatch(text):
        whole, comma, cents = text.partition(",")
        return re.sub(r"[^0-9.]" if not comma else r"[^0-9]", "", whole) + (f".{cents}" if comma else "")
    if comma_decimals and _DECIMAL_COMMA.fullmatch(text):
        return text.replace(",", ".")
    if comma_decimals and _THREE_DECIMALS.fullmatch(text):
        raise Unclear(f"{text} may be thousands or decimals")
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "")
    if _PLAIN.fullmatch(text):
        return text
    raise Unclear(f"the separators of {text} may mean thousands or decimals")
