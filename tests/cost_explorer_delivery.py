"""What Cost Explorer answered about a month, loaded beside an export: days, services and types of line, no invoices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from finops import models
from finops.catalog import Delivery, Entry, commit, store_of
from finops.engines.duckdb import connect, literal

PAYER = "000000000001"
# It tells neither the seller's charges nor which fee is for a reservation.
CHARGE_TYPES = {
    "Tax": "tax",
    "Credit": "credit",
    "Refund": "refund",
    "EdpDiscount": "discount",
    "PrivateRateDiscount": "discount",
    "BundledDiscount": "discount",
    "Discount": "discount",
    "SppDiscount": "discount",
    "RiVolumeDiscount": "discount",
    "SavingsPlanUpfrontFee": "upfront",
    "RIFee": "commitment fee",
    "SavingsPlanRecurringFee": "commitment fee",
    "Fee": "fee",
    "FlatRateSubscription": "fee",
    "Usage": "usage",
    "DiscountedUsage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "SavingsPlanNegation": "usage",
}


@dataclass(frozen=True)
class Group:
    """One day's cost of one service and type of line."""

    day: date
    cost: Decimal
    service: str = "AmazonEC2"
    type: str = "Usage"

    @property
    def charge_type(self) -> str:
        support = self.type == "Fee" and "Support" in self.service
        return "support" if support else CHARGE_TYPES.get(self.type, "(unclassified)")


def load_answer(
    database: Path, groups: Iterable[Group], period: str = "2026-10", final: bool = True, payer: str = PAYER
) -> None:
    """Commit the groups as the delivery of format `Cost Explorer` of a period."""
    held = list(groups)
    delivery_id = f"cost-explorer-{period}-{payer}"
    folder = store_of(database) / delivery_id / "marts"
    folder.mkdir(parents=True, exist_ok=True)
    connection = connect()
    connection.execute(_LINES)
    for one in held:
        connection.execute("insert into given values (?, ?, ?, ?, ?)", [*asdict(one).values(), one.charge_type])
    connection.execute("set variable payer = ?", [payer])
    connection.execute("set variable period = ?", [f"{period}-01"])
    for mart in models.folder("marts"):
        path = literal(str(folder / f"{mart.name}.parquet"))
        connection.execute(f"copy (select {literal(delivery_id)} as delivery_id, * from ({mart.sql})) to {path}")
        connection.execute(f"create view {mart.name} as from read_parquet({path})")
    connection.execute(f"copy ({_NO_TAGS}) to {literal(str(folder / 'tag_sets.parquet'))} (format parquet)")
    commit(database, Entry(_delivery(delivery_id, period, final, held), {payer: len(held)}, {}))


def _delivery(delivery_id: str, period: str, final: bool, groups: list[Group]) -> Delivery:
    return Delivery(
        delivery_id=delivery_id,
        export="cost-explorer",
        identity=delivery_id,
        format="Cost Explorer",
        shape="ce",
        period=period,
        delivery="20261120T060000Z",
        source="ce",
        fingerprint=delivery_id,
        files=0,
        bytes=0,
        rows=len(groups),
        unblended=sum((one.cost for one in groups), Decimal(0)),
        currency="USD",
        final=final,
        vouched=True,
        loaded_at=datetime(2026, 11, 20, 6, 30),
        last_charge=None,
        layout={},
    )


_LINES = """
create table given (day date, cost decimal(38, 10), service varchar, type varchar, charge_type varchar);
create view line_items as
select
    0::ubigint as tag_set_id, getvariable('payer') as billing_account_id, null::varchar as sub_account_id,
    cast(getvariable('period') as timestamp) as billing_period_start, day::timestamp as charge_period_start,
    day::timestamp + interval 1 day as charge_period_end, 'USD' as billing_currency, null::varchar as invoice_id,
    'Usage' as charge_category, null::varchar as pricing_category, null::varchar as region_id,
    null::varchar as resource_id, null::decimal(38, 10) as list_cost, cost as x_unblended_cost,
    cost as x_net_unblended_cost, cost as x_amortized_cost, cost as x_net_amortized_cost, type as x_line_item_type,
    service as x_service_code, null::varchar as x_usage_type, charge_type as x_charge_type,
    false as x_taggable, charge_type in ('tax', 'fee', 'upfront') as x_is_long, null::varchar as x_split_parent_id,
    null::varchar as x_operation, null::decimal(38, 10) as x_split_cost, null::decimal(38, 10) as x_net_split_cost
from given
"""
_NO_TAGS = "select '' as delivery_id, 0::ubigint as tag_set_id, '' as source, '' as key, '' as value limit 0"
