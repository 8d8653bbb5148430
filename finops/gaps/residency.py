"""Where data may be: the lines that a [[residency]] rule speaks of, and those of them in another region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.config.settings import Residency
from finops.dimensions import Filter, dimension, needed_joins, where_sql
from finops.document import Column, Rows
from finops.findings import id_sql, suppress
from finops.gaps.faults import fill
from finops.models import model

if TYPE_CHECKING:
    from datetime import date

    from finops.catalog import Problem
    from finops.reader import Ledger

RULE = "data_residency"
RESIDENCY = (
    Column("rule"),
    Column("account"),
    Column("region"),
    Column("service"),
    Column("resource_id"),
    Column("first_seen", "text", "never"),
    Column("last_seen"),
    Column("cost", "money"),
    Column("suppressed", "text", "filled"),
    Column("id", "text", "never"),
)
_WHERE = ("rule", "account", "region", "service", "resource_id")
_SUPPRESSED_BY = {"account": "account", "region": "region", "service": "service", "resource": "resource_id"}


def filters_of(rule: Residency) -> list[Filter]:
    """The rule's `where` as filters of the ledger."""
    return [Filter(dimension(word), values) for word, values in rule.where.items()]


def find_elsewhere(ledger: Ledger, today: date) -> list[Problem]:
    """Create the temp table `residency_rows`, suppressed where the settings say so; returns what to say of that."""
    connection, rules = ledger.connection, ledger.settings.residency
    regions = [(one.reason, region.lower()) for one in rules for region in one.regions]
    fill(connection, "residency_regions", ("rule", "region"), regions)
    connection.execute(_EMPTY.format(cost=ledger.cost))
    for rule in rules:
        filters = filters_of(rule)
        joins, condition = needed_joins([one.dimension for one in filters]), where_sql(filters)
        sql = _LINES.format(cost=ledger.cost, joins=joins.sql, where=condition.sql)
        connection.execute(sql, [rule.reason, *joins.params, *condition.params])
    found = f"select *, {id_sql(RULE, _WHERE)} as id from ({model(RULE).sql})"
    connection.execute(f"create or replace temp table residency_rows as {found}")
    return suppress(connection, "residency_rows", RULE, ledger.settings.suppress, _SUPPRESSED_BY, today)


def elsewhere(ledger: Ledger) -> Rows:
    """The findings, the dearest first. Needs `residency_rows`."""
    names = [column.name for column in RESIDENCY]
    order = "cost desc, rule, account, region, service, resource_id"
    rows = ledger.rows(f"select {', '.join(names)} from residency_rows order by {order}")
    return Rows.of(RESIDENCY, [tuple(row.values()) for row in rows])


_EMPTY = """
create or replace temp table residency_cost as
select '' as rule, charge_day, sub_account_id, region_id, x_service_code, resource_id, {cost} as cost
from resource_daily limit 0
"""

_LINES = """
insert into residency_cost
select ?, facts.charge_day, facts.sub_account_id, facts.region_id, facts.x_service_code, facts.resource_id, facts.{cost}
from resource_daily as facts
{joins}
where {where}
"""
