"""A small ledger held in memory that tells quantities, for the tests of why cost changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from finops.config import Environment, Settings, TagPolicy
from finops.environments import create_environments
from finops.reader import Ask, Ledger
from finops.tags import create_tag_values

SETTINGS = Settings(
    tags=TagPolicy(required=("Environment",)),
    environments=(
        Environment("prod", tags={"Environment": ("prod",)}),
        Environment("dev", tags={"Environment": ("dev",)}),
    ),
)
ENVIRONMENTS = ("", "prod", "dev")
ALL_HOURS = (1 << 24) - 1


@dataclass(frozen=True)
class Line:
    """One row of resource_daily; `amortized` and `listed` are the cost where they are not given."""

    charge_day: date
    cost: str
    quantity: str | None = "1"
    resource_id: str | None = "i-1"
    x_usage_type: str | None = "BoxUsage:m5.large"
    environment: str = "prod"
    x_line_item_type: str = "Usage"
    x_charge_type: str = "usage"
    pricing_category: str | None = "Standard"
    amortized: str | None = None
    listed: str | None = None
    pricing_unit: str | None = "Hrs"
    x_operation: str | None = "RunInstances"
    x_service_code: str = "AmazonEC2"
    region_id: str | None = "us-east-2"
    x_is_long: bool = False


def why_ledger(
    lines: Sequence[Line], metric: str = "amortized", form: str = "CUR 2.0 Parquet", quantities: bool = True
) -> Ledger:
    """An open ledger over the lines, all of them final; `quantities` says whether its marts keep them."""
    connection = duckdb.connect()
    connection.execute(_TABLES)
    rows = [(*astuple(line)[:1], Decimal(line.cost), *astuple(line)[2:]) for line in lines]
    columns = [[row[at] for row in rows] for at in range(len(fields(Line)))]
    connection.execute(_INSERT, columns)
    if not quantities:
        connection.execute("alter table resource_daily drop column x_quantity")
    connection.execute(_VIEWS)
    for number, name in enumerate(ENVIRONMENTS):
        if name:
            connection.execute(
                "insert into tag_sets values ('d1', ?, 'resource_tag', 'Environment', ?)", [number, name]
            )
    create_tag_values(connection, SETTINGS.tags, [])
    create_environments(connection, SETTINGS)
    days = [line.charge_day for line in lines]
    delivery = {
        "export": "acme-cur", "format": form, "period": f"{max(days):%Y-%m}", "delivery": "d", "delivery_id": "d1",
        "rows": len(lines), "unblended": Decimal(0), "final": True, "vouched": True, "note": "",
        "loaded_at": datetime(2026, 11, 20, 6, 30, tzinfo=UTC),
    }  # fmt: skip
    return Ledger(
        connection=connection,
        ask=Ask(metric=metric),
        settings=SETTINGS,
        cost="list_cost" if metric == "list" else f"x_{metric}_cost",
        currency="USD",
        start=min(days),
        end=max(days),
        final=True,
        as_of=None,
        deliveries=[delivery],
    )


_TABLES = """
create table resource_daily (
    charge_day date, x_unblended_cost decimal(38, 10), x_quantity decimal(38, 10), resource_id varchar,
    x_usage_type varchar, tag_set_id ubigint, x_line_item_type varchar, x_charge_type varchar,
    pricing_category varchar, x_amortized_cost decimal(38, 10), list_cost decimal(38, 10), pricing_unit varchar,
    x_operation varchar, x_service_code varchar, region_id varchar, x_is_long boolean,
    delivery_id varchar default 'd1', sub_account_id varchar default '000000000002',
    billing_account_id varchar default '000000000001', billing_currency varchar default 'USD',
    line_items bigint default 1, hours_mask integer default 16777215,
    billing_period varchar as (strftime(charge_day, '%Y-%m')),
    x_net_unblended_cost decimal(38, 10) as (x_unblended_cost),
    x_net_amortized_cost decimal(38, 10) as (x_amortized_cost),
    x_taggable boolean as (x_charge_type = 'usage' and resource_id is not null)
);
create table tag_sets (delivery_id varchar, tag_set_id ubigint, source varchar, key varchar, value varchar);
create table deliveries as select 'd1' as delivery_id, 'acme-cur' as export;
"""
_INSERT = """
insert into resource_daily (
    charge_day, x_unblended_cost, x_quantity, resource_id, x_usage_type, tag_set_id, x_line_item_type,
    x_charge_type, pricing_category, x_amortized_cost, list_cost, pricing_unit, x_operation, x_service_code, region_id,
    x_is_long
)
select day, cost, cast(quantity as decimal(38, 10)), resource, usage_type,
    case environment when 'prod' then 1 when 'dev' then 2 else 0 end, line_type, charge_type, category,
    coalesce(cast(amortized as decimal(38, 10)), cost), coalesce(cast(listed as decimal(38, 10)), cost), unit,
    operation, service, region, is_long
from (
    select unnest(cast(? as date[])) as day, unnest(cast(? as decimal(38, 10)[])) as cost,
        unnest(cast(? as varchar[])) as quantity, unnest(cast(? as varchar[])) as resource,
        unnest(cast(? as varchar[])) as usage_type, unnest(cast(? as varchar[])) as environment,
        unnest(cast(? as varchar[])) as line_type, unnest(cast(? as varchar[])) as charge_type,
        unnest(cast(? as varchar[])) as category, unnest(cast(? as varchar[])) as amortized,
        unnest(cast(? as varchar[])) as listed, unnest(cast(? as varchar[])) as unit,
        unnest(cast(? as varchar[])) as operation, unnest(cast(? as varchar[])) as service,
        unnest(cast(? as varchar[])) as region, unnest(cast(? as boolean[])) as is_long
)
"""
_VIEWS = """
create view all_resource_daily as select * from resource_daily;
create view daily_cost as select * from resource_daily;
create view all_daily_cost as select * from resource_daily;
"""
