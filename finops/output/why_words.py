"""A change in sentences: how much, and the effects that make it up with what they were caused by."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.output.report_words import cash, percent
from finops.output.values import printable
from finops.variance.why.parts import Change, Part

_ZERO = Decimal(0)
_NAMED_EFFECTS = 8
# Effect -> what a person calls it.
NAMES = {
    "days": "days",
    "usage": "usage",
    "mix": "mix",
    "price": "price",
    "commitment": "commitments",
    "new_resource": "new resources",
    "gone_resource": "gone resources",
    "tag_move": "moved resources",
    "not_separable": "usage and price, not separable",
    "not_estimated": "not estimated",
    "not_seen": "estimated and not seen",
    "credit": "credits",
    "refund": "refunds",
    "discount": "discounts",
    "tax": "tax",
    "support": "support",
    "marketplace": "marketplace",
    "fee": "fees",
    "unclassified": "unclassified charges",
}


def headline(change: Change, currency: str) -> str:
    """How much: `prod rose by $1.20 (+3.0%), from $40.00 to $41.20`."""
    if not change.change:
        return f"{printable(change.name)} cost the same, {cash(change.after, currency)}"
    verb = "rose" if change.change > 0 else "fell"
    rate = f" ({percent(change.percent)})" if change.percent is not None else ""
    costs = f"from {cash(change.before, currency)} to {cash(change.after, currency)}"
    return f"{printable(change.name)} {verb} by {cash(abs(change.change), currency)}{rate}, {costs}"


def points(parts: Sequence[Part], currency: str) -> list[str]:
    """By what, the largest effect first: `+$1.00 price (m5 +$0.80, ...)`; what cancels out is not told."""
    parts = [part for part in parts if part.change]
    shown, rest = parts[:_NAMED_EFFECTS], parts[_NAMED_EFFECTS:]
    said = [_said(part, currency) for part in shown]
    if rest:
        names = ", ".join(NAMES[part.name] for part in rest)
        said.append(f"{cash(sum((part.change for part in rest), _ZERO), currency, sign=True)} {names}")
    return said


def sentence(change: Change, parts: Sequence[Part], currency: str) -> str:
    """Both in one sentence, for a message."""
    by = ", ".join(points(parts, currency))
    return f"{headline(change, currency)}{': ' if by else ''}{by}."


def _said(part: Part, currency: str) -> str:
    named = [f"{short_name(key)} {cash(one, currency, sign=True)}" for key, one in part.causes]
    if part.keys == 1:
        named = [short_name(part.causes[0][0])]
    if part.keys > len(part.causes):
        named.append("...")
    count = f"{part.keys:,}: " if part.keys > 1 else ""
    return f"{cash(part.change, currency, sign=True)} {NAMES[part.name]} ({count}{', '.join(named)})"


def short_name(key: str) -> str:
    """An ARN without what leads to its resource, printable; all else whole."""
    return printable(key.split(":", 5)[5] if key.startswith("arn:") and key.count(":") >= 5 else key)
