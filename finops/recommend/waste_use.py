"""What is paid by use: scans of Athena by workgroup, Glue by job, and Aurora Serverless that never scales down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.document import Column
from finops.recommend.hours import Span
from finops.recommend.row import Recommendation, monthly
from finops.recommend.waste_facts import Used, advice

if TYPE_CHECKING:
    from finops.usage import Usage

GLUE = (
    Column("account"),
    Column("region"),
    Column("job"),
    Column("usage_type"),
    Column("dpu_hours", "rate"),
    Column("days", "count"),
    Column("current_cost", "money"),
)
# A cluster whose quiet hours use four fifths of its busy ones does not scale.
_FLAT = Decimal("0.8")
_WEEKS_HOURS = 336


def athena(usage: Usage, facts: Sequence[Used], span: Span) -> Iterator[Recommendation]:
    """A row for each workgroup with the cap to set: more than it ever scanned in an hour is no query of today's.

    The bill knows no single query: it cannot tell what a cap would have saved.
    """
    most = {
        (account, resource): hour
        for account, resource, hour in usage.connection.execute(_ATHENA, [span.start, span.end]).fetchall()
    }
    for one in facts:
        if one.service == "AmazonAthena" and "DataScanned" in one.usage_type and one.cost > 0:
            cap = max(int(most[one.account, one.resource_id] * 1024) + 1, 1)
            action = f"cap a query of workgroup {one.name} at {cap:,} GB (BytesScannedCutoffPerQuery)"
            scanned = f"{one.quantity.normalize():f} TB scanned"
            evidence = f"{scanned}; at most {cap - 1:,} GB in an hour, by all its queries together"
            yield advice(one, "athena_cap", "needs data", "own rate", action, evidence)


def aurora(usage: Usage, facts: Sequence[Used], span: Span) -> Iterator[Recommendation]:
    """A row for each Aurora Serverless cluster whose 10th percentile is at least 80 % of the 90th."""
    found = {row[:2]: row[2:] for row in usage.connection.execute(_AURORA, [span.start, span.end]).fetchall()}
    for one in facts:
        low, high, hours = found.get((one.account, one.resource_id), (0.0, 0.0, 0))
        is_serverless = one.service == "AmazonRDS" and "Aurora:Serverless" in one.usage_type
        if is_serverless and one.still and hours >= _WEEKS_HOURS and Decimal(low) >= _FLAT * Decimal(high):
            action = f"hold a provisioned instance against {one.name}, or lower its minimum capacity"
            evidence = f"{hours:,} hours; ACU an hour: P10 {low:.2f}, P90 {high:.2f}"
            yield advice(one, "aurora_never_scales", "needs data", "own rate", action, evidence)


def glue_jobs(usage: Usage, span: Span) -> list[tuple[Any, ...]]:
    """DPU-hours and cost a month of each Glue job, crawler and session, the dearest first."""
    hours = int(span.loaded.sum())
    rows = usage.connection.execute(_GLUE, [span.start, span.end]).fetchall()
    return [(*row[:4], row[4].normalize(), row[5], monthly(row[6], hours)) for row in rows]


_ATHENA = """
with hourly as (
    select sub_account_id, coalesce(resource_id, '') as resource_id, charge_period_start,
        sum(pricing_quantity) as scanned
    from tagged_cur
    where x_service_code = 'AmazonAthena' and contains(x_usage_type, 'DataScanned') and x_line_item_type = 'Usage'
        and charge_period_start >= ? and charge_period_start < ?
    group by 1, 2, 3
)
select sub_account_id, resource_id, max(scanned) from hourly group by 1, 2
"""
_AURORA = """
with hourly as (
    select sub_account_id, coalesce(resource_id, '') as resource_id, charge_period_start, sum(pricing_quantity) as acu
    from tagged_cur
    where x_service_code = 'AmazonRDS' and contains(x_usage_type, 'Aurora:Serverless')
        and x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage')
        and charge_period_start >= ? and charge_period_start < ?
    group by 1, 2, 3
)
select sub_account_id, resource_id, quantile_cont(acu, 0.1), quantile_cont(acu, 0.9), count(*)
from hourly group by 1, 2
"""
_GLUE = """
select sub_account_id, coalesce(region_id, ''), coalesce(resource_id, ''), x_usage_type,
    cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)),
    count(distinct cast(charge_period_start as date)), cast(sum(unblended) as decimal(38, 10))
from tagged_cur
where x_service_code = 'AWSGlue' and contains(x_usage_type, 'DPU-Hour') and x_line_item_type = 'Usage'
    and charge_period_start >= ? and charge_period_start < ?
group by 1, 2, 3, 4
order by 7 desc, 1, 2, 3, 4
"""
