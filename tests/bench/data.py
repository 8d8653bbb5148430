"""Large billing months for the benchmark, written by DuckDB: realistic width, cardinality and skew, no real data.

400,000 resources in 40 accounts and 60 services carry 2,000 distinct tag sets. Each resource lives for one run of
consecutive hours, as most resources do, so resource x day is far smaller than the number of rows.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

RESOURCES = 400_000
ACCOUNTS = 40
SERVICES = 60
TAG_SETS = 2_000

# One row per hour of each resource's life: `n` is the resource, `h` the hour of the month it is charged for.
HOURS = """
    select n, ((hash(n) % 720)::bigint + k) % 720 as h, k
    from (select i // {life} as n, i % {life} as k from range({start}, {stop}) r(i))
"""

COLUMNS: dict[str, str] = {
    "bill_bill_type": "'Anniversary'",
    "bill_billing_entity": "'AWS'",
    "bill_billing_period_end_date": "timestamp '2026-11-01'",
    "bill_billing_period_start_date": "timestamp '2026-10-01'",
    "bill_invoice_id": "'INV' || (n % 40)::varchar",
    "bill_invoicing_entity": "'Amazon Web Services, Inc.'",
    "bill_payer_account_id": "'012345678901'",
    "bill_payer_account_name": "'Example payer'",
    "cost_category": "map {'team': 'team-' || (n % 50)::varchar}",
    "discount": "cast(map {} as map(varchar, double))",
    "discount_bundled_discount": "0.0::double",
    "discount_total_discount": "0.0::double",
    "identity_line_item_id": "md5(n::varchar || '/' || k::varchar)",
    "identity_time_interval": (
        "strftime(t, '%Y-%m-%dT%H:00:00Z') || '/' || strftime(t + interval 1 hour, '%Y-%m-%dT%H:00:00Z')"
    ),
    "line_item_availability_zone": "region || 'a'",
    "line_item_blended_cost": "cost",
    "line_item_blended_rate": "rate::varchar",
    "line_item_currency_code": "'USD'",
    "line_item_legal_entity": "'Amazon Web Services, Inc.'",
    "line_item_line_item_description": "'$' || rate::varchar || ' per ' || usage_type || ' hour'",
    "line_item_line_item_type": "line_type",
    "line_item_net_unblended_cost": "cost",
    "line_item_net_unblended_rate": "rate::varchar",
    "line_item_normalization_factor": "8.0::double",
    "line_item_normalized_usage_amount": "8.0::double",
    "line_item_operation": "'RunInstances:' || lpad((n % 30)::varchar, 4, '0')",
    "line_item_product_code": "service",
    "line_item_resource_id": "resource",
    "line_item_tax_type": "''",
    "line_item_unblended_cost": "cost",
    "line_item_unblended_rate": "rate::varchar",
    "line_item_usage_account_id": "lpad((100000000 + n % 40 * 7919)::varchar, 12, '0')",
    "line_item_usage_account_name": "'account-' || (n % 40)::varchar",
    "line_item_usage_amount": "1.0::double",
    "line_item_usage_end_date": "t + interval 1 hour",
    "line_item_usage_start_date": "t",
    "line_item_usage_type": "usage_type",
    "pricing_currency": "'USD'",
    "pricing_lease_contract_length": "''",
    "pricing_offering_class": "''",
    "pricing_public_on_demand_cost": "rate::double",
    "pricing_public_on_demand_rate": "rate::varchar",
    "pricing_purchase_option": "''",
    "pricing_rate_code": "'SKU' || (n % 5000)::varchar || '.JRTCKXETXF.6YS6EN2CT7'",
    "pricing_rate_id": "(n % 5000)::varchar",
    "pricing_term": "'OnDemand'",
    "pricing_unit": "'Hrs'",
    "product": "map {'region': region, 'operating_system': 'Linux', 'vcpu': '4', 'product_name': service}",
    "product_comment": "''",
    "product_fee_code": "''",
    "product_fee_description": "''",
    "product_from_location": "''",
    "product_from_location_type": "''",
    "product_from_region_code": "''",
    "product_instance_family": "'General purpose'",
    "product_instance_type": "'m' || (5 + n % 3)::varchar || '.xlarge'",
    "product_instancesku": "''",
    "product_location": "'US East (Ohio)'",
    "product_location_type": "'AWS Region'",
    "product_operation": "'RunInstances'",
    "product_pricing_unit": "''",
    "product_product_family": "'Compute Instance'",
    "product_region_code": "region",
    "product_servicecode": "service",
    "product_sku": "'SKU' || (n % 5000)::varchar",
    "product_to_location": "''",
    "product_to_location_type": "''",
    "product_to_region_code": "''",
    "product_usagetype": "usage_type",
    **{
        f"reservation_{name}": "0.0::double"
        for name in (
            "amortized_upfront_cost_for_usage",
            "amortized_upfront_fee_for_billing_period",
            "effective_cost",
            "net_amortized_upfront_cost_for_usage",
            "net_amortized_upfront_fee_for_billing_period",
            "net_effective_cost",
            "net_recurring_fee_for_usage",
            "net_unused_amortized_upfront_fee_for_billing_period",
            "net_unused_recurring_fee",
            "net_upfront_value",
            "recurring_fee_for_usage",
            "unused_amortized_upfront_fee_for_billing_period",
            "unused_normalized_unit_quantity",
            "unused_quantity",
            "unused_recurring_fee",
            "upfront_value",
        )
    },
    **{
        f"reservation_{name}": "''"
        for name in (
            "availability_zone",
            "end_time",
            "modification_status",
            "normalized_units_per_reservation",
            "number_of_reservations",
            "reservation_a_r_n",
            "start_time",
            "subscription_id",
            "total_reserved_normalized_units",
            "total_reserved_units",
            "units_per_reservation",
        )
    },
    "resource_tags": "tags",
    **{
        f"savings_plan_{name}": "0.0::double"
        for name in (
            "amortized_upfront_commitment_for_billing_period",
            "net_amortized_upfront_commitment_for_billing_period",
            "net_recurring_commitment_for_billing_period",
            "recurring_commitment_for_billing_period",
            "total_commitment_to_date",
            "used_commitment",
        )
    },
    "savings_plan_net_savings_plan_effective_cost": "if(line_type = 'Usage', 0, cost)::double",
    "savings_plan_savings_plan_effective_cost": "if(line_type = 'Usage', 0, cost)::double",
    "savings_plan_savings_plan_rate": "0.0::double",
    "savings_plan_savings_plan_a_r_n": "if(line_type = 'Usage', '', 'arn:aws:savingsplans::012345678901:plan/1')",
    **{
        f"savings_plan_{name}": "''"
        for name in (
            "end_time",
            "instance_type_family",
            "offering_type",
            "payment_option",
            "purchase_term",
            "region",
            "start_time",
        )
    },
}


def kept(folder: Path, rows: int, write: Callable[[Path, int], object]) -> Path:
    """The folder with a month of so many rows, written where it is missing; it is there whole or not at all.

    Raises RuntimeError when it cannot be written.
    """
    if not folder.exists():
        print(f"writing {rows:,} rows to {folder}", file=sys.stderr)
        draft = folder.with_name(folder.name + ".part")
        shutil.rmtree(draft, ignore_errors=True)
        # in a process of its own: one started later would begin with this one's peak memory
        writer = get_context("spawn").Process(target=write, args=(draft, rows))
        writer.start()
        writer.join()
        if writer.exitcode:
            raise RuntimeError(f"{folder} was not written")
        draft.rename(folder)
    return folder


def lines(part: range, life: int, money: str) -> str:
    """A select of the line items numbered by `part`, with the helpers of COLUMNS.

    Each resource lives `life` hours; costs have the SQL type `money`.
    """
    hours = HOURS.format(life=life, start=part.start, stop=part.stop)
    return f"""
        select *,
            'svc-' || lpad((n % {SERVICES})::varchar, 2, '0') as service,
            ['us-east-1', 'us-east-2', 'us-west-2', 'eu-west-1'][n % 4 + 1] as region,
            'arn:aws:ec2:us-east-2:012345678901:instance/i-' || md5(n::varchar)[:17] as resource,
            'USE2-BoxUsage:m' || (n % 300)::varchar || '.xlarge' as usage_type,
            (1 + n % 997) / 10000 as rate,
            if(n % 10 = 0, 'SavingsPlanCoveredUsage', 'Usage') as line_type,
            cast((1 + n % 997) * cast(0.00009 as decimal(6, 5)) as {money}) as cost,
            timestamp '2026-10-01' + interval 1 hour * h as t,
            map {{
                'user_project': 'project-' || (n % 100)::varchar,
                'user_environment': ['dev', 'staging', 'prod', 'Production', ''][n % 5 + 1],
                'user_owner': 'team-' || (n % 50)::varchar,
                'user_cost_center': if(n % 7 = 0, '', 'CC-APP-' || lpad((n % {TAG_SETS} // 10)::varchar, 3, '0'))
            }} as tags
        from ({hours})
    """


def parts(rows: int, size: int) -> list[tuple[range, int]]:
    """Split `rows` line items into files of at most `size`, with the hours one resource lives."""
    life = max(rows // RESOURCES, 1)
    return [(range(start, min(start + size, rows)), life) for start in range(0, rows, size)]


def write_cur2_parquet(folder: Path, rows: int) -> Path:
    """Write one CUR 2.0 Parquet month of `rows` lines below `folder`, as one partition folder."""
    import duckdb

    partition = folder / "data" / "BILLING_PERIOD=2026-10"
    partition.mkdir(parents=True, exist_ok=True)
    columns = ",\n".join(f"{expression} as {name}" for name, expression in COLUMNS.items())
    connection = duckdb.connect(config={"memory_limit": "4GB"})
    for number, (part, life) in enumerate(parts(rows, 2_500_000), start=1):
        target = partition / f"bench-{number:05d}.snappy.parquet"
        month = f"select {columns} from ({lines(part, life, 'double')})"
        connection.execute(f"copy ({month}) to '{target}' (format parquet, compression snappy)")
    return folder


def legacy_name(column: str) -> str:
    """`line_item_usage_type` -> `lineItem/UsageType`: the legacy spelling of a CUR 2.0 column."""
    families = (
        "identity",
        "bill",
        "line_item",
        "product",
        "pricing",
        "reservation",
        "savings_plan",
        "discount",
    )
    family = next(name for name in families if column.startswith(name + "_"))
    words = column.removeprefix(family + "_").replace("a_r_n", "ARN").split("_")
    head, *rest = family.split("_")
    pascal = "".join(word if word.isupper() else word.capitalize() for word in words)
    lower_first = family in ("product", "pricing")
    return f"{head}{''.join(w.capitalize() for w in rest)}/{pascal[0].lower() + pascal[1:] if lower_first else pascal}"


def write_legacy_csv(folder: Path, rows: int, files: int = 1) -> Path:
    """Write one legacy CUR csv.gz month of `rows` lines, split into some files."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    maps = {"cost_category", "discount", "product", "resource_tags"}
    tags = ("project", "environment", "owner", "cost_center")
    names = ("Project", "Environment", "Owner", "CostCenter")
    columns = [f'{c} as "{legacy_name(c)}"' for c in COLUMNS if c not in maps]
    columns += [f"resource_tags['user_{t}'] as \"resourceTags/user:{n}\"" for t, n in zip(tags, names, strict=True)]
    connection = duckdb.connect(config={"memory_limit": "4GB"})
    for number, (part, life) in enumerate(parts(rows, rows // files), start=1):
        target = folder / f"bench-{number:05d}.csv.gz"
        plain = target.with_suffix("")
        # a legacy report leaves what does not apply blank
        blank = {"0.0::double": "null", "''": "null"}
        named = ", ".join(f"{blank.get(expression, expression)} as {name}" for name, expression in COLUMNS.items())
        month = f"select *, {named} from ({lines(part, life, 'decimal(18, 10)')})"
        connection.execute(f"copy (select {', '.join(columns)} from ({month})) to '{plain}' (header true)")
        with plain.open("rb") as source, gzip.open(target, "wb", compresslevel=6) as sink:
            while block := source.read(1 << 20):
                sink.write(block)
        plain.unlink()
    return folder
