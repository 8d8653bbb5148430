"""What explanations of all kinds say alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.explain import Line
from finops.models import model

if TYPE_CHECKING:
    from finops.reader import Ledger

NONE = "(none)"


def exact(cost: Decimal, currency: str) -> str:
    """A cost with all its decimals, at least the cents."""
    whole, _, decimals = f"{cost:,.10f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')} {currency}"


def counted(number: int, word: str) -> str:
    """`1 line item`, `744 line items`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def head(ledger: Ledger, rule: str, what: str, row: Mapping[str, Any]) -> Iterator[Line]:
    """The lines every finding begins with."""
    cost = exact(row["cost"], ledger.currency)
    days = f"{row['first_seen']} to {row['last_seen']}"
    yield "finding", rule, what, "", ""
    yield "finding", "id", row["id"], "", ""
    yield "finding", "cost", f"{cost} {ledger.ask.metric}, {days}", "", ""


def behind(*names: str) -> Iterator[Line]:
    """The models a finding comes through, from the rule back to the mart."""
    for name in names:
        found = model(name)
        yield "models", name, found.purpose, "", f"queries/{found.folder}/{found.path.name}"


def where_it_is(row: Mapping[str, Any]) -> str:
    """The place of a finding in words; what it has none of is left out."""
    places = (row["service"], row["region"], f"account {row['account']}")
    return ", ".join(one for one in places if one not in (NONE, "(all)", f"account {NONE}"))


def or_null(value: str) -> str | None:
    """A value of a finding as the mart has it."""
    return None if value == NONE else value
