"""Amounts, months and days as people and AWS write them in invoices: read exactly, or refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

# 1234.56, 1,234.56, -5, (5.00), USD 5 or $5. A decimal comma is refused: 1,234 could be either.
_AMOUNT = re.compile(
    r"(?P<minus>-)?\s*(?:\$|USD\s)?\s*(?P<inner>-)?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<places>\.\d{1,10})?",
    re.ASCII,
)
_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])(?:-\d{2}(?:T.*)?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def amount(text: object) -> Decimal:
    """The amount, with every digit written. Raises ValueError for anything that could mean something else."""
    written = str(text).strip()
    bracketed = written.startswith("(") and written.endswith(")")
    found = _AMOUNT.fullmatch(written[1:-1] if bracketed else written)
    if not found:
        raise ValueError(f"{written!r} is no amount")
    value = Decimal(found["whole"].replace(",", "") + (found["places"] or ""))
    negative = bool(found["minus"]) + bool(found["inner"]) + bracketed
    if negative > 1:
        raise ValueError(f"{written!r} is no amount")
    return -value if negative else value


def month(text: str) -> str:
    """The billing period YYYY-MM of a month or of a day in it. Raises ValueError for anything else."""
    found = _MONTH.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no month like 2026-10")
    return f"{found['year']}-{found['month']}"


def day(value: object) -> date | None:
    """The UTC day of a time as AWS writes it: seconds since 1970 or ISO 8601; None where it is neither."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).date() if value.tzinfo else value.date()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return datetime.fromtimestamp(float(value), UTC).date()
    found = _DAY.match(str(value))
    return date.fromisoformat(found[0]) if found else None
