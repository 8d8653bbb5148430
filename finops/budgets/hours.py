"""Cost by hour, from the stored rows of the deliveries: the marts know days only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.budgets.bill import Spent
from finops.catalog import COST_EXPLORER, Delivery, deliveries
from finops.dimensions import Filter, needed_joins, parse_where, where_sql
from finops.engines.duckdb import literal
from finops.engines.layout import Label, Layout
from finops.ledger.build import bind_source
from finops.ledger.lines import row_files
from finops.report.windows import Window
from finops.variance.actuals import Charges

if TYPE_CHECKING:
    from finops.reader import Ledger

_ZERO = Decimal(0)


def read_hours(
    ledger: Ledger, database: Path, filters: Sequence[Filter], charges: Charges, days: Window
) -> Spent | str:
    """What the lines that pass the filters cost in each hour of the days, by when they start.

    A charge of more than an hour is in no hour. The reason in words where an export does not tell hours apart, or
    where its hours do not add up to its days.
    """
    months = {f"{day:%Y-%m}" for day in days.days()}
    used = {one["delivery_id"] for one in ledger.deliveries if one["period"] in months}
    hours: dict[datetime, Decimal] = defaultdict(Decimal)
    longer: dict[date, Decimal] = defaultdict(Decimal)
    for one in (one for one in deliveries(database) if one.delivery_id in used):
        rows = _rows(ledger, database, one, filters, days)
        if isinstance(rows, str):
            return rows
        for row in rows:
            if row["is_hour"]:
                hours[row["hour"].replace(tzinfo=UTC)] += row["cost"]
            else:
                longer[row["charge_day"]] += row["cost"]
    if not _tie(charges, hours, longer, days):
        return "the hours of the stored rows do not add up to the days"
    if not any(hours.values()) and any(longer.values()):
        return "all it is charged for in these days is of more than an hour"
    return Spent(charges, hours, sum(longer.values(), _ZERO))


def _tie(charges: Charges, hours: Mapping[datetime, Decimal], longer: Mapping[date, Decimal], days: Window) -> bool:
    """Whether every day is the sum of its hours and of what is charged for more than an hour, to the last decimal."""
    sums = defaultdict(Decimal, longer)
    for start, cost in hours.items():
        sums[start.date()] += cost
    return all(sums[day] == charges.daily.get(day, _ZERO) for day in days.days())


def _rows(
    ledger: Ledger, database: Path, one: Delivery, filters: Sequence[Filter], days: Window
) -> list[dict[str, Any]] | str:
    if one.format == COST_EXPLORER:
        return f"Cost Explorer {one.period} does not tell hours apart"
    files = row_files(database, one)
    bind_source(ledger.connection, _layout(one.layout), files, one.period)
    if not ledger.connection.execute(_IS_HOURLY, [days.start, days.end]).fetchone():
        return f"{one.export} {one.period} does not tell hours apart: each of its charges is of a day"
    held = [*filters, *(parse_where(text) for text in ledger.ask.where)]
    joins, condition = needed_joins([part.dimension for part in held]), where_sql(held)
    sql = _HOURS.format(cost=ledger.cost, delivery=literal(one.delivery_id), joins=joins.sql, condition=condition.sql)
    return ledger.rows(sql, [days.start, days.end, *joins.params, *condition.params])


def _layout(stored: Mapping[str, Any]) -> Layout:
    """The layout of a delivery as the catalog keeps it."""
    return Layout(
        stored["shape"],
        {name: tuple(columns) for name, columns in stored["columns"].items()},
        tuple(Label(**label) for label in stored["labels"]),
        stored["types"],
        tuple(stored["nulls"]),
    )


_IS_HOURLY = """
select 1
from line_items
where
    not x_is_long
    and charge_period_start >= cast(? as date) and charge_period_start < cast(? as date)
    and charge_period_end <= charge_period_start + interval 1 hour
limit 1
"""

_HOURS = """
with lines as (
    select
        *,
        {delivery} as delivery_id,
        substring(cast(billing_period_start as varchar), 1, 7) as billing_period,
        cast(charge_period_start as date) as charge_day
    from line_items
    where not x_is_long and charge_period_start >= cast(? as date) and charge_period_start < cast(? as date)
)

select
    facts.charge_day,
    date_trunc('hour', facts.charge_period_start) as hour,
    facts.charge_period_end <= facts.charge_period_start + interval 1 hour as is_hour,
    cast(sum(facts.{cost}) as decimal(38, 10)) as cost
from lines as facts
{joins}
where {condition}
group by all
"""
