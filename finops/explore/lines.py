"""The line items behind a slice, read from the stored rows of the exports and held against the mart."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Delivery, Problem, open_catalog, recorded
from finops.engines.duckdb import literal, sibling
from finops.errors import FinopsError, UsageError
from finops.evidence.conditions import all_of, asked
from finops.explore.question import Question
from finops.explore.slices import basis, inside, money
from finops.ledger.lines import open_lines
from finops.output.values import exact, exact_decimal
from finops.tag_places import tells_places

if TYPE_CHECKING:
    from finops.reader import Ledger

MOST_LINES = 200
# More are not looked through by anybody, and reading them takes its time.
MOST_READ = 200_000
COLUMNS = (
    "charge_period_start", "charge_period_end", "x_line_item_type", "x_service_code", "x_usage_type", "x_operation",
    "sub_account_id", "region_id", "resource_id", "pricing_quantity", "pricing_unit", "charge_description",
)  # fmt: skip


def answer(ledger: Ledger, database: Path, question: Question) -> dict[str, Any]:
    """The dearest line items of the span, and what all of them sum to.

    Raises UsageError where there are more than are read, FinopsError when they do not sum to the mart.
    """
    (mart,) = ledger.rows(_MART.format(cost=ledger.cost, span=inside(question.span)))
    if mart["lines"] > MOST_READ:
        raise UsageError(
            f"{mart['lines']:,} line items are behind this, and at most {MOST_READ:,} are read",
            fix="narrow it: a resource, a usage type, fewer days",
        )
    unread = _read(ledger, database, question)
    (read,) = ledger.rows("select count(*) as lines, coalesce(sum(cost), 0) as cost from read_lines")
    if not unread and read != mart:
        raise FinopsError(f"the line items sum to {read['cost']} and the mart to {mart['cost']}", "finops explore")
    return {
        "columns": [*COLUMNS, "cost"],
        "rows": [_row(row) for row in ledger.rows(f"{_SHOWN} limit {MOST_LINES}")],
        "count": read["lines"],
        "total": {"cost": money(mart["cost"])},
        "basis": basis(ledger, question),
        "problems": [asdict(one) for one in [*ledger.problems, *_unread(unread)]],
    }


def _read(ledger: Ledger, database: Path, question: Question) -> list[str]:
    """Create the table `read_lines`; returns the deliveries whose rows are not kept."""
    connection = ledger.connection
    connection.execute(_KEYS.format(stored=_stored(ledger), span=inside(question.span)))
    kinds = ", ".join(f"cast(null as varchar) as {name}" for name in COLUMNS)
    connection.execute(f"create or replace table read_lines as select {kinds}, 0::decimal(38, 10) as cost limit 0")
    return [
        f"{one.export} {one.period}"
        for one in _deliveries(ledger, database)
        if not _append(ledger, database, one, question)
    ]


def _stored(ledger: Ledger) -> str:
    """The number of a set of tags as it is stored: sets that the settings tell apart by place are copies."""
    return _AS_STORED if tells_places(ledger.settings.tags) else "facts.tag_set_id"


def _deliveries(ledger: Ledger, database: Path) -> list[Delivery]:
    used = {row["delivery_id"] for row in ledger.rows("select distinct delivery_id from line_keys")}
    with open_catalog(database) as catalog:
        return [one for one in recorded(catalog) if one.delivery_id in used]


def _append(ledger: Ledger, database: Path, one: Delivery, question: Question) -> bool:
    # the views that read the rows have names of the models: they stay out of the connection that answers questions
    connection = sibling(ledger.connection)
    found = open_lines(connection, database, one)
    if found:
        conditions = all_of(list(asked(ledger)))
        sql = _LINES.format(
            columns=", ".join(f"cast(facts.{name} as varchar)" for name in COLUMNS),
            cost=ledger.cost,
            delivery=literal(one.delivery_id),
            condition=conditions.sql or "true",
            span=inside(question.span),
        )
        connection.execute(sql, conditions.values)
    connection.close()
    return found


def _row(row: dict[str, Any]) -> dict[str, Any]:
    cost: Decimal = row["cost"]
    return {**{name: exact(row[name]) for name in COLUMNS}, "cost": money(cost) | {"shown": exact_decimal(cost)}}


def _unread(deliveries: list[str]) -> list[Problem]:
    text = "the line items are not kept: Cost Explorer has none, and a delivery that was replaced keeps its sums only"
    return [Problem("lines_not_kept", text, ", ".join(deliveries))] if deliveries else []


_MART = """
select cast(coalesce(sum(facts.line_items), 0) as bigint) as lines, coalesce(sum(facts.{cost}), 0) as cost
from resource_daily as facts where {span}
"""

_KEYS = """
create or replace table line_keys as
select distinct facts.delivery_id, {stored} as tag_set_id, facts.billing_account_id, facts.sub_account_id,
    facts.region_id, facts.x_service_code, facts.x_taggable
from resource_daily as facts
where {span}
"""

_AS_STORED = """
coalesce((
    select any_value(copies.tag_set_id) from tag_set_copies as copies
    where copies.split_id = facts.tag_set_id and copies.delivery_id = facts.delivery_id
), facts.tag_set_id)
"""

_LINES = """
insert into read_lines
select {columns}, facts.{cost}
from (
    select *, cast(charge_period_start as date) as charge_day,
        substring(cast(billing_period_start as varchar), 1, 7) as billing_period
    from line_items
) as facts
where {span} and {condition} and exists (
    select 1 from line_keys as keys
    where keys.delivery_id = {delivery} and keys.tag_set_id = facts.tag_set_id
        and keys.billing_account_id is not distinct from facts.billing_account_id
        and keys.sub_account_id is not distinct from facts.sub_account_id
        and keys.region_id is not distinct from facts.region_id
        and keys.x_service_code is not distinct from facts.x_service_code
        and keys.x_taggable is not distinct from facts.x_taggable
)
"""

_SHOWN = "select * from read_lines order by abs(cost) desc, charge_period_start, x_usage_type, charge_description"
