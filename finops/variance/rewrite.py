"""Figures of a document written anew, in the form and to the digits that the document prints."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from finops.estimates.lines import Line

_NUMBER = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+")
_MAGNITUDE = re.compile(r"[0-9]\s?(?:k|m|mn|million)\b", re.IGNORECASE)
_CENT = Decimal("0.01")


def new_figure(line: Line, low: Decimal, high: Decimal, widen: bool = True) -> str | None:
    """The figure of a line with other amounts in its unit; a range stays one, `~` and `/month` stay.

    A range is widened to whole digits unless `widen` is false. None where the form of the figure cannot hold
    the amounts: `$1.2k`, `$5+`, `free`.
    """
    numbers = _NUMBER.findall(line.figure)
    is_range = len(numbers) == 2 and line.low != line.high
    if _MAGNITUDE.search(line.figure) or line.high is None or low < 0 or not (is_range or len(numbers) == 1):
        return None
    if is_range:
        down, up = (ROUND_FLOOR, ROUND_CEILING) if widen else (ROUND_HALF_EVEN, ROUND_HALF_EVEN)
        ends = [_text(low, line.low_place, line, down), _text(high, line.high_place, line, up)]
    else:
        ends = [_text(high if line.low == 0 else low, line.high_place, line, ROUND_HALF_EVEN)]
    return _NUMBER.sub(lambda _: ends.pop(0), line.figure)


def in_line(raw: str, old: str, new: str) -> str | None:
    """A line of the document with the figure replaced; None where it stands there more than once, or not as read."""
    found = re.compile(rf"(?<![0-9.,]){re.escape(old)}(?![0-9])")
    return found.sub(lambda _: new, raw) if len(found.findall(raw)) == 1 else None


def _text(value: Decimal, place: Decimal, line: Line, rounding: str) -> str:
    """The amount to the digit the document prints; in cents where that would make it nothing."""
    step = place if value >= place else min(place, _CENT)
    rounded = (value / step).to_integral_value(rounding) * step
    places = _CENT if rounded != rounded.to_integral_value() and step > _CENT else min(step, Decimal(1))
    text = format(rounded.quantize(places), ",f")
    return text if "," in line.figure or len(text.partition(".")[0]) > 5 else text.replace(",", "")
