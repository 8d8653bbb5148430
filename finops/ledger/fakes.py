"""What stands in for a name: for each column of the marts, the SQL that makes a fake of it, or that it is kept.

Fakes are made of SHA-256 over a secret of this one run and the name, so that the same name has the same fake
everywhere and nobody can try names out. The secret is kept nowhere.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from finops.engines.duckdb import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Types of resources that advice tells apart by how an id begins.
_PREFIXES = "i|vol|snap|ami|eni|eipalloc|nat|vpce|igw|tgw|subnet|vpc|sg|lt|fs|r"
_HASH = "sha256(getvariable('secret') || {kind} || cast({value} as varchar))"

# Columns without a name in them: what was used where and when, and what it cost. They stay as they are.
KEPT = frozenset(
    (
        *("billing_period", "charge_day", "first_charge", "last_charge", "hours_mask", "x_is_long", "x_taggable"),
        *("region_id", "x_service_code", "x_usage_type", "x_operation", "pricing_unit", "pricing_category"),
        *("charge_category", "x_line_item_type", "x_charge_type", "billing_currency", "source", "key"),
        *("x_unblended_cost", "x_net_unblended_cost", "x_amortized_cost", "x_net_amortized_cost", "list_cost"),
        *("x_split_cost", "x_net_split_cost", "x_quantity", "line_items", "unbilled_lines"),
    )
)


def new_secret(connection: DuckDBPyConnection) -> None:
    """Give a connection the secret of one run."""
    connection.execute("set variable secret = ?", [secrets.token_hex(32)])


def fake_sql(column: str, delivery_id: str) -> str | None:
    """The SQL of the fake of a column; None for one that nobody has decided about. `delivery_id` is an SQL literal."""
    name = identifier(column)
    if column in KEPT:
        return name
    if column == "delivery_id":
        return delivery_id
    make = _FAKES.get(column)
    return None if make is None else f"case when {name} is not null then {make(name)} end"


def account(value: str) -> str:
    """Twelve digits; a blank stays blank."""
    number = f"cast('0x' || left({_hashed('account', value)}, 13) as ubigint)"
    return f"case when {value} = '' then '' else lpad(cast({number} % 1000000000000 as varchar), 12, '0') end"


def _hashed(kind: str, value: str) -> str:
    return _HASH.format(kind=f"'{kind}'", value=value)


def _text(kind: str, value: str) -> str:
    return f"case when trim({value}) = '' then {value} else '{kind}-' || left({_hashed(kind, value)}, 16) end"


def _resource(value: str) -> str:
    """How an ARN or an id begins tells its type and stays; the account in it is the fake one, the rest is hashed."""
    part = "split_part({value}, ':', {number})"
    parts = {number: part.format(value=value, number=number) for number in (2, 3, 4, 5)}
    arn = f"'arn:' || {parts[2]} || ':' || {parts[3]} || ':' || {parts[4]} || ':' || {account(parts[5])} || ':'"
    known = f"regexp_matches({value}, '^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{{12}})?:')"
    short = f"regexp_matches({value}, '^({_PREFIXES})-[0-9a-f]{{8,17}}$')"
    digest = f"left({_hashed('resource', value)}, 17)"
    return (
        f"case when {known} then {arn} || {digest} "
        f"when {short} then split_part({value}, '-', 1) || '-' || {digest} else 'r-' || {digest} end"
    )


def _set(value: str) -> str:
    number = f"cast('0x' || left({_hashed('set', value)}, 15) as ubigint)"
    return f"case when {value} = 0 then cast(0 as ubigint) else {number} end"


_FAKES = {
    "billing_account_id": account,
    "sub_account_id": account,
    "resource_id": _resource,
    "parent_resource_id": _resource,
    "invoice_id": lambda value: _text("invoice", value),
    "value": lambda value: _text("value", value),
    "tag_set_id": _set,
}
FAKED = frozenset(_FAKES)
