"""A small ledger held in memory, with every kind of line the reading verbs tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from finops.catalog import Problem
from finops.config import Environment, Settings, TagPolicy, ValueRule
from finops.environments import create_environments
from finops.reader import Ask, Ledger
from finops.tags import create_cost_category_values, create_tag_values

SETTINGS = Settings(
    tags=TagPolicy(
        required=("Environment", "Owner"),
        values={
            "Environment": ValueRule(allowed=("dev", "prod"), aliases={"prod": ("production",)}),
        },
    ),
    environments=(
        Environment("prod", tags={"Environment": ("prod",)}),
        Environment("sandbox", accounts=("000000000003",)),
    ),
)

# What each tag set says: (source, key, value) as an export spells them.
TAG_SETS: dict[int, tuple[tuple[str, str, str], ...]] = {
    0: (),
    1: (("resource_tag", "user_environment", "Production"), ("resource_tag", "user_owner", "web")),
    2: (("resource_tag", "user_environment", "qa"), ("resource_tag", "user_owner", " ")),
    3: (("resource_tag", "user_owner", "data"), ("cost_category", "team", "Team A")),
}


@dataclass(frozen=True)
class Line:
    """One row of resource_daily; `cost` is unblended, `amortized` the same where it is not given."""

    charge_day: str
    cost: str
    amortized: str | None = None
    sub_account_id: str = "000000000002"
    region_id: str | None = "us-east-2"
    x_service_code: str = "AmazonEC2"
    x_line_item_type: str = "Usage"
    x_usage_type: str | None = "BoxUsage"
    resource_id: str | None = None
    tag_set_id: int = 0
    pricing_category: str | None = "Standard"
    charge_category: str = "Usage"
    billing_period: str = "2026-10"
    delivery_id: str = "d1"


LINES = (
    Line("2026-10-05", "100.0000000001", resource_id="i-web", tag_set_id=1),
    Line("2026-10-06", "50.5", resource_id="i-qa", tag_set_id=2),
    Line("2026-10-12", "25", resource_id="arn:aws:s3:::logs", x_service_code="AmazonS3", tag_set_id=3),
    Line("2026-10-13", "30", "21", "000000000003", resource_id="i-plan",
         x_line_item_type="SavingsPlanCoveredUsage", pricing_category="Committed"),
    Line("2026-10-13", "-30", "0", "000000000003", x_line_item_type="SavingsPlanNegation"),
    Line("2026-10-13", "24", "3", "000000000003", region_id=None, x_usage_type="ComputeSP",
         x_service_code="ComputeSavingsPlans", x_line_item_type="SavingsPlanRecurringFee",
         charge_category="Purchase"),
    Line("2026-10-01", "8.125", region_id=None, x_usage_type=None, x_line_item_type="Tax",
         pricing_category=None, charge_category="Tax"),
    Line("2026-10-14", "0.000000012", resource_id='=cmd|"<b>"', x_service_code="AWSLambda", tag_set_id=1),
)  # fmt: skip

DELIVERY = {
    "export": "acme-cur",
    "format": "CUR 2.0 Parquet",
    "period": "2026-10",
    "delivery": "20261120T060000Z",
    "delivery_id": "acme-cur-2026-10-0123456789",
    "rows": 8,
    "unblended": Decimal("207.6250000121"),
    "final": False,
    "loaded_at": datetime(2026, 11, 20, 6, 30, tzinfo=UTC),
    "vouched": True,
    "note": "estimated",
}


def small_ledger(
    lines: Sequence[Line] = LINES,
    metric: str = "unblended",
    settings: Settings = SETTINGS,
    final: bool | None = False,
    problems: Sequence[Problem] = (),
    tags: Sequence[str] = (),
) -> Ledger:
    """An open ledger over the lines; `tags` are keys asked for beside those of the settings."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    for line in lines:
        connection.execute(_INSERT, astuple(replace(line, amortized=line.amortized or line.cost)))
    entries = [(number, *entry) for number, entries in TAG_SETS.items() for entry in entries]
    connection.executemany("insert into tag_sets values ('d1', ?, ?, ?, ?)", entries)
    create_tag_values(connection, settings.tags, tags)
    create_cost_category_values(connection, ["team"])
    create_environments(connection, settings)
    return Ledger(
        connection=connection,
        ask=Ask(metric=metric),
        settings=settings,
        cost=f"x_{metric}_cost",
        currency="USD",
        start=date(2026, 10, 1),
        end=date(2026, 11, 1),
        final=final,
        deliveries=[DELIVERY | {"final": final}],
        problems=list(problems),
        as_of=datetime(2026, 10, 15, tzinfo=UTC),
    )


_INSERT = """
insert into resource_daily (
    charge_day, x_unblended_cost, x_amortized_cost, sub_account_id, region_id, x_service_code,
    x_line_item_type, x_usage_type, resource_id, tag_set_id, pricing_category, charge_category,
    billing_period, delivery_id
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_TABLES = """
create table resource_daily (
    delivery_id varchar, billing_period varchar, charge_day date,
    billing_account_id varchar default '000000000001', sub_account_id varchar, region_id varchar,
    x_service_code varchar, charge_category varchar, x_line_item_type varchar, pricing_category varchar,
    x_usage_type varchar, resource_id varchar, tag_set_id ubigint, billing_currency varchar default 'USD',
    x_unblended_cost decimal(38, 10), x_amortized_cost decimal(38, 10),
    x_taggable boolean as (
        x_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
        and resource_id is not null
    )
);
create view daily_cost as
select * exclude (resource_id, x_usage_type, x_unblended_cost, x_amortized_cost),
    sum(x_unblended_cost) as x_unblended_cost, sum(x_amortized_cost) as x_amortized_cost
from resource_daily group by all;
create table tag_sets (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar);
create table split_cost_daily (
    delivery_id varchar, billing_period varchar, charge_day date, billing_account_id varchar,
    parent_resource_id varchar, x_operation varchar, tag_set_id ubigint, billing_currency varchar,
    x_split_cost decimal(38, 10), x_net_split_cost decimal(38, 10), line_items bigint
);
create view all_resource_daily as select * from resource_daily;
create view all_daily_cost as select * from daily_cost;
create table deliveries as select 'd1' as delivery_id, 'acme-cur' as export, '2026-10' as period;
"""
