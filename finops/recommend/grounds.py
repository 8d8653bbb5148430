"""What a figure of advice rests on: line items of the bill, prices of dated lists, own rates; each to be looked up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.catalog import Delivery, store_of
from finops.engines.duckdb import identifier, literal
from finops.prices import OwnRate, PriceBook, PriceRow, sku_keys

if TYPE_CHECKING:
    from finops.prices.lookup import Usage as Priced
    from finops.usage import Usage

# Columns of the view `cur` and what AWS calls them.
_RAW = {
    "sub_account_id": "line_item_usage_account_id",
    "resource_id": "line_item_resource_id",
    "x_service_code": "line_item_product_code",
    "x_usage_type": "line_item_usage_type",
    "x_operation": "line_item_operation",
    "x_line_item_type": "line_item_line_item_type",
    "x_savings_plan_arn": "savings_plan_savings_plan_a_r_n",
    "x_reservation_arn": "reservation_reservation_a_r_n",
    "charge_period_start": "line_item_usage_start_date",
    "unblended": "line_item_unblended_cost",
    "public_on_demand": "pricing_public_on_demand_cost",
    "savings_plan_effective": "savings_plan_savings_plan_effective_cost",
    "reservation_effective": "reservation_effective_cost",
    "savings_plan_commitment": "savings_plan_total_commitment_to_date",
    "savings_plan_used": "savings_plan_used_commitment",
    "reservation_unused_upfront": "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring": "reservation_unused_recurring_fee",
}


@dataclass(frozen=True)
class Lines:
    """Line items that a figure is the sum of: `where` gives the values of columns of `cur`, blank is null as well.

    `amount` is the column that is summed, over charges that start in [start, end). `office` are hours of Monday to
    Friday, UTC, that are left out.
    """

    name: str
    where: Mapping[str, tuple[str, ...]]
    start: datetime
    end: datetime
    amount: str = "unblended"
    office: tuple[int, int] | None = None


@dataclass(frozen=True)
class Quote:
    """A price that a figure was made with: a row of a dated list, or the bill's own rate. Both None: not known."""

    name: str
    usage: Priced
    listed: PriceRow | None = None
    own: OwnRate | None = None


@dataclass(frozen=True)
class Grounds:
    """What one piece of advice rests on; `steps` are names and sentences of the arithmetic."""

    lines: Sequence[Lines] = ()
    quotes: Sequence[Quote] = ()
    steps: Sequence[tuple[str, str]] = field(default_factory=tuple)


def quoted(book: PriceBook, name: str, usage: Priced, kind: str = "on_demand") -> Quote:
    """The price as every recommender looks it up: own rate first, then the newest list of the same region."""
    own = book.own.get(usage) if kind == "on_demand" else None
    if own is not None:
        return Quote(name, usage, own=own)
    service, region, usage_type, operation = usage
    rows = (book.listed.get((service, region, kind, key)) for key in sku_keys(usage_type, operation))
    return Quote(name, usage, listed=next((row for row in rows if row is not None), None))


def summed(usage: Usage, lines: Lines) -> tuple[int, Decimal]:
    """How many line items there are, and their sum."""
    conditions, values = ["charge_period_start >= ?", "charge_period_start < ?"], [lines.start, lines.end]
    found: list[object] = [*values]
    for column, wanted in lines.where.items():
        conditions.append(f"coalesce({column}, '') in ({', '.join('?' * len(wanted))})")
        found += wanted
    if lines.office:
        conditions.append(_OUTSIDE.format("charge_period_start", *lines.office))
    sql = f"select count(*), cast(coalesce(sum({lines.amount}), 0) as decimal(38, 10)) from cur"
    row = usage.connection.execute(f"{sql} where {' and '.join(conditions)}", found).fetchone()
    return row or (0, Decimal(0))


def statements(usage: Usage, lines: Lines) -> Iterator[str]:
    """The same over the rows as AWS delivered them, for DuckDB's own shell: one for each layout of columns."""
    by_names: dict[tuple[str, ...], list[Delivery]] = defaultdict(list)
    for one in usage.deliveries:
        columns = one.layout["columns"]
        needed = (*lines.where, lines.amount, "charge_period_start")
        if all(_RAW[name] in columns for name in needed):
            by_names[tuple(columns[_RAW[name]][0] for name in needed)].append(one)
    for names, deliveries in by_names.items():
        yield _statement(usage, lines, names, deliveries)


def _statement(usage: Usage, lines: Lines, names: Sequence[str], deliveries: Sequence[Delivery]) -> str:
    *keys, amount, start = (identifier(name) for name in names)
    store = store_of(usage.database)
    files = ", ".join(literal(str(store / one.delivery_id / "rows" / "*")) for one in deliveries)
    began = f"cast({start} as timestamp)"
    conditions = [f"{began} >= '{lines.start:%Y-%m-%d %H:%M}'", f"{began} < '{lines.end:%Y-%m-%d %H:%M}'"]
    for key, wanted in zip(keys, lines.where.values(), strict=True):
        conditions.append(_among(key, wanted))
    if lines.office:
        conditions.append(_OUTSIDE.format(began, *lines.office))
    where = "\n    and ".join(conditions)
    return (
        f"select count(*) as line_items, sum(cast({amount} as decimal(38, 10))) as cost\n"
        f"from read_parquet([{files}], union_by_name = true)\nwhere {where};"
    )


def _among(key: str, wanted: Sequence[str]) -> str:
    """A blank of the ledger is a null of the export, or blank there too."""
    named = key if all(wanted) else f"coalesce({key}, '')"
    values = ", ".join(literal(one) for one in wanted)
    return f"{named} = {values}" if len(wanted) == 1 else f"{named} in ({values})"


_OUTSIDE = "not (isodow({0}) <= 5 and hour({0}) >= {1:d} and hour({0}) < {2:d})"
