"""From a finding to the rows of the mart and the line items of the export it was computed from, sums held together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Delivery, deliveries, mart_sql, open_catalog, recorded, store_of
from finops.cuts import folders
from finops.dimensions import dimension, parse_where
from finops.engines.duckdb import literal, sibling
from finops.errors import FinopsError
from finops.evidence.conditions import Condition, all_of, among, asked, placed
from finops.evidence.subject import Subject
from finops.ledger.lines import open_lines
from finops.tag_places import tells_places

if TYPE_CHECKING:
    from finops.reader import Ledger

# What may tell the rows of a finding from others of its place: as little as does.
_KEYS: tuple[tuple[str, ...], ...] = (
    ("delivery_id",),
    ("delivery_id", "billing_account_id"),
    ("delivery_id", "tag_set_id"),
    ("delivery_id", "tag_set_id", "billing_account_id", "sub_account_id", "region_id", "x_service_code"),
)


@dataclass(frozen=True)
class Days:
    """What one delivery has of the finding on one day, by the mart."""

    delivery_id: str
    day: date
    rows: int
    line_items: int
    cost: Decimal


@dataclass(frozen=True)
class Usage:
    """Line items of one kind of usage, read from the rows of the exports."""

    line_item_type: str
    usage_type: str
    line_items: int
    cost: Decimal


@dataclass(frozen=True)
class Trace:
    """The finding in the mart and in the export. `condition` selects it in both, `relation` is the mart.

    `unread` are the deliveries whose rows are not there: sums of Cost Explorer, or a delivery that was replaced.
    """

    deliveries: tuple[Delivery, ...]
    days: tuple[Days, ...]
    usage: tuple[Usage, ...]
    unread: tuple[str, ...]
    condition: Condition
    relation: str


def trace(subject: Subject, database: Path) -> Trace:
    """Follow one finding down. Raises FinopsError when its cost is not the sum of its rows, or theirs not of lines."""
    ledger = subject.ledger
    _create_rows(subject)
    held = _deliveries(ledger, database)
    relation = _relation(subject, database, held)
    condition = _condition(subject, relation[0])
    days = tuple(_days(ledger, relation[0], condition))
    _require(sum((one.cost for one in days), Decimal(0)), subject.cost, "rows of the mart")
    usage, unread = _usage(ledger, database, held, condition)
    if not unread:
        _require(sum((one.cost for one in usage), Decimal(0)), subject.cost, "line items")
    return Trace(tuple(held), days, usage, unread, condition, relation[1])


def _require(found: Decimal, cost: Decimal, what: str) -> None:
    if found != cost:
        raise FinopsError(f"the {what} sum to {found} and the finding to {cost}", where="finops explain")


def _create_rows(subject: Subject) -> None:
    ledger = subject.ledger
    condition = all_of(list(placed(subject)))
    ledger.connection.execute(
        _ROWS.format(cost=ledger.cost, joins=subject.rows.sql, condition=condition.sql),
        [*condition.values, *subject.rows.params],
    )
    if tells_places(ledger.settings.tags):
        ledger.connection.execute(_AS_STORED)


def _deliveries(ledger: Ledger, database: Path) -> list[Delivery]:
    used = {row["delivery_id"] for row in ledger.rows("select distinct delivery_id from finding_rows")}
    with open_catalog(database) as catalog:
        return [one for one in recorded(catalog) if one.delivery_id in used]


def _relation(subject: Subject, database: Path, held: Sequence[Delivery]) -> tuple[str, str]:
    """The mart without any filter: as it is read here, and as somebody with the database would call it."""
    ledger = subject.ledger
    words = [
        *([f"tag:{subject.tag}"] if subject.tag else []),
        *(parse_where(one).dimension.word for one in ledger.ask.where),
    ]
    of = folders(held, [dimension(word) for word in words], ledger.settings)
    sql = f"({mart_sql(store_of(database), [one.delivery_id for one in held], 'resource_daily', of)})"
    current = {one.delivery_id for one in deliveries(database)}
    return sql, "resource_daily" if not of and current >= {one.delivery_id for one in held} else sql


def _condition(subject: Subject, relation: str) -> Condition:
    """The plainest condition that selects the rows of the finding and no other."""
    ledger = subject.ledger
    shared = [*placed(subject), *asked(ledger)]
    (wanted,) = ledger.rows("select sum(rows) as rows, sum(cost) as cost from finding_rows")
    for columns in _KEYS:
        keys = [
            tuple(row.values())
            for row in ledger.rows(f"select distinct {', '.join(columns)} from finding_rows order by all")
        ]
        condition = all_of([among(columns, keys), *shared])
        sql = (
            f"select count(*) as rows, sum(facts.{ledger.cost}) as cost from {relation} as facts where {condition.sql}"
        )
        if ledger.rows(sql, condition.values) == [wanted]:
            return condition
    raise FinopsError("the rows of the mart cannot be told from others", where=f"{subject.rule} {subject.id}")


def _days(ledger: Ledger, relation: str, condition: Condition) -> Iterator[Days]:
    sql = _DAYS.format(cost=ledger.cost, relation=relation, condition=condition.sql)
    return (Days(**row) for row in ledger.rows(sql, condition.values))


def _usage(
    ledger: Ledger, database: Path, held: Sequence[Delivery], condition: Condition
) -> tuple[tuple[Usage, ...], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[int, Decimal]] = {}
    unread = []
    for one in held:
        # its views have names of the models: they stay out of the connection that answers questions
        connection = sibling(ledger.connection)
        if open_lines(connection, database, one):
            sql = _USAGE.format(cost=ledger.cost, delivery=literal(one.delivery_id), condition=condition.sql)
            for kind, usage, lines, cost in connection.execute(sql, condition.values).fetchall():
                known = found.get((kind, usage), (0, Decimal(0)))
                found[kind, usage] = (known[0] + lines, known[1] + cost)
        else:
            unread.append(f"{one.export} {one.period}")
        connection.close()
    return tuple(Usage(*key, *total) for key, total in found.items()), tuple(unread)


def by_delivery(days: Sequence[Days]) -> Mapping[str, dict[str, Any]]:
    """Rows, line items and cost of each delivery, by its id."""
    found: dict[str, dict[str, Any]] = {}
    for one in days:
        total = found.setdefault(one.delivery_id, {"rows": 0, "line_items": 0, "cost": Decimal(0)})
        total["rows"] += one.rows
        total["line_items"] += one.line_items
        total["cost"] += one.cost
    return found


_ROWS = """
create or replace temp table finding_rows as
select facts.delivery_id, facts.tag_set_id, facts.billing_account_id, facts.sub_account_id, facts.region_id,
    facts.x_service_code, count(*) as rows, sum(facts.{cost}) as cost
from (select * from resource_daily as facts where {condition}) as facts
{joins}
group by all
"""

_AS_STORED = """
update finding_rows
set tag_set_id = copies.tag_set_id
from tag_set_copies as copies
where copies.split_id = finding_rows.tag_set_id and copies.delivery_id = finding_rows.delivery_id
"""

_DAYS = """
select facts.delivery_id, facts.charge_day as day, count(*) as rows,
    cast(sum(facts.line_items) as bigint) as line_items, sum(facts.{cost}) as cost
from {relation} as facts
where {condition}
group by facts.delivery_id, facts.charge_day
order by facts.charge_day, facts.delivery_id
"""

_USAGE = """
select coalesce(facts.x_line_item_type, facts.charge_category, ''), coalesce(facts.x_usage_type, ''),
    count(*) as line_items, sum(facts.{cost}) as cost
from (
    select *, {delivery} as delivery_id, cast(charge_period_start as date) as charge_day,
        substring(cast(billing_period_start as varchar), 1, 7) as billing_period
    from line_items
) as facts
where {condition}
group by all
"""
