"""What a delivery changed against the one it replaces: computed from the marts of both, kept as a file of its own.

The file outlives both deliveries: what was restated stays known when the marts are gone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops import models
from finops.catalog import Delivery, mart_sql
from finops.engines.duckdb import literal
from finops.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METRICS = ("unblended", "net_unblended", "amortized", "net_amortized", "list")
# AWS bills an hour up to a day late, each service on its own schedule: the newest days of an open month are not
# complete, whatever they show.
NEWEST_DAYS_OPEN = 2


@dataclass(frozen=True)
class Change:
    """The unblended cost of a delivery less that of the one it replaces, in one currency.

    `restated` is the part of it on days that were complete before. `service` in `account` changed most, by `most`;
    None where nothing changed.
    """

    currency: str
    difference: Decimal
    restated: Decimal
    service: str | None
    account: str | None
    most: Decimal


def settled_before(old: Delivery) -> date:
    """The day before which all days of a delivery were complete; far away when its month was invoiced."""
    if old.final or old.last_charge is None:
        return date.max
    # the end of a charge at midnight is the end of the day before
    return (old.last_charge - timedelta(microseconds=1)).date() + timedelta(days=1 - NEWEST_DAYS_OPEN)


def write_changes(
    connection: DuckDBPyConnection, store: Path, new_id: str, old: Delivery, unavailable: Collection[str], target: Path
) -> list[Change]:
    """Hold the marts in the connection against those of the delivery they replace, and write the changes to `target`.

    `unavailable` are the metrics that the new delivery cannot give. Raises DataError when the changes do not sum to
    the totals of both deliveries.
    """
    for mart in ("daily_cost", "period_totals"):
        select = mart_sql(store, [old.delivery_id], mart)
        connection.execute(f"create or replace temp view replaced_{mart} as {select}")
    connection.execute(
        "create or replace temp table settled_days as select ? as before, ? as is_final",
        [settled_before(old), bool(old.final)],
    )
    connection.execute(
        "create or replace temp table compared_metrics as select unnest(?) as metric",
        [[metric for metric in METRICS if metric not in unavailable]],
    )
    connection.execute(f"create or replace temp table cost_changes as {models.model('cost_changes').sql}")
    _require_ties(connection)
    connection.execute(
        f"copy (select {literal(new_id)} as delivery_id, * from cost_changes) "
        f"to {literal(str(target))} (format parquet)"
    )
    return [Change(*row) for row in connection.execute(_CHANGE_BY_CURRENCY).fetchall()]


def _require_ties(connection: DuckDBPyConnection) -> None:
    wrong = connection.execute(models.model("changes_tie_to_totals").sql).fetchone()
    if wrong:
        metric, currency, old, found_old, new, found_new = wrong
        raise DataError(
            f"changes of {metric} {currency} go from {found_old} to {found_new}, the deliveries from {old} to {new}",
            "queries/checks/changes_tie_to_totals.sql",
            "nothing was changed; please report this",
        )


_CHANGE_BY_CURRENCY = """
with
places as (
    select
        billing_currency, x_service_code, sub_account_id,
        sum(new_cost - old_cost) as difference, sum(restated_cost) as restated
    from cost_changes
    where metric = 'unblended'
    group by billing_currency, is_change, x_service_code, sub_account_id
)
select
    billing_currency,
    sum(difference),
    sum(restated),
    arg_max(coalesce(x_service_code, '(none)'), abs(difference)) filter (where difference <> 0),
    arg_max(coalesce(sub_account_id, '(none)'), abs(difference)) filter (where difference <> 0),
    coalesce(arg_max(difference, abs(difference)), 0)
from places
group by billing_currency
order by billing_currency
"""
