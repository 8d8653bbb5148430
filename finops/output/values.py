"""Values as text: exact for machines, rounded and safe to print for people."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from finops.document import Basis, Kind

# C0, DEL and C1 drive a terminal; the bidirectional controls make a line read other than it is.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RIGHT: frozenset[Kind] = frozenset({"money", "rate", "percent", "count"})


def exact(value: Any) -> str:
    """The value without loss: decimals in plain notation, times in ISO 8601 UTC, null as nothing."""
    if isinstance(value, Decimal):
        return exact_decimal(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _utc(value).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def exact_decimal(value: Decimal) -> str:
    """A decimal in plain notation without trailing zeros; zero has no sign."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def shown(value: Any, kind: Kind = "text") -> str:
    """The value for a person: money to the cent, what would move a cursor spelled out."""
    if value is None:
        return "unknown" if kind == "flag" else "" if kind in ("text", "heading", "id") else "n/a"
    if kind == "money":
        return money(Decimal(value))
    if kind == "rate":
        return rate(Decimal(value))
    if kind == "percent":
        # Rounded down: 99.999 is not all.
        return f"{Decimal(value).quantize(Decimal('0.01'), ROUND_DOWN) + 0}%"
    if kind == "count":
        return f"{value:,}"
    if kind == "id":
        return short_id(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{_utc(value):%Y-%m-%d %H:%M} UTC"
    return printable(exact(value))


def short_id(text: str) -> str:
    """The first digits of a UUID, as much as anybody reads of it; any other id whole."""
    return text[:8] if _UUID.fullmatch(text) else printable(text)


def money(value: Decimal) -> str:
    """Cents, half-even, with thousands separators. What is not nothing never looks like nothing."""
    text = f"{value:,.2f}"
    if value and text in ("0.00", "-0.00"):
        return "<0.01" if value > 0 else ">-0.01"
    return "0.00" if text == "-0.00" else text


def rate(value: Decimal) -> str:
    """Money per unit: cents, and as many digits below them as show four that are not leading zeros."""
    places = min(10, max(2, 3 - value.adjusted())) if value else 2
    return f"{value:,.{places}f}"


def signed_money(value: Decimal) -> str:
    """The same with a plus before what is more than nothing."""
    text = money(value)
    return f"+{text}" if value > 0 and text[0].isdigit() else text


def printable(text: str) -> str:
    """The text with every control character written out, so that none reaches a terminal."""
    return _CONTROL.sub(lambda match: _written_out(match.group()), text)


def to_the_right(kind: Kind) -> bool:
    """Whether a column of this kind lines up at its right edge."""
    return kind in _RIGHT


def finality(final: bool | None) -> str:
    """The word that goes with every printed total; a final figure needs none."""
    return {True: "", False: "estimated", None: "finality unknown"}[final]


def caption(basis: Basis) -> str:
    """One line that says what the figures are: metric, currency, days and finality."""
    days = f"{basis.start} to {basis.end} (end excluded)" if basis.start else None
    parts = [basis.metric, basis.currency, days]
    if basis.deliveries:
        parts.append(finality(basis.final))
    if basis.as_of:
        parts.append(f"data up to {shown(basis.as_of)}")
    return ", ".join(printable(part) for part in parts if part)


def _written_out(character: str) -> str:
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
