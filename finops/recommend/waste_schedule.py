"""Development that runs while nobody works: what its nights and weekends cost, hour by hour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from finops.recommend.hours import Span
from finops.recommend.row import Recommendation
from finops.recommend.waste_facts import Used, advice, saving

if TYPE_CHECKING:
    from finops.config.waste import WastePolicy
    from finops.usage import Usage

# What can be stopped and started again: instances, databases, tasks, notebooks, endpoints, development endpoints.
_STOPS = (
    r"^(.+-)?(BoxUsage:.+|InstanceUsage:db\..+|Multi-AZUsage:db\..+|Aurora:Serverless.*Usage|Fargate-.+-Hours.*"
    r"|(Notebk|Host|Hst|Studio):.+|DevEndpoint-DPU-Hour|DEVED-DPU-Hour)$"
)
# What only people work with, wherever it runs.
_TOOLS = r"^(.+-)?(Notebk:.+|DevEndpoint-DPU-Hour|DEVED-DPU-Hour)$"


def schedule(usage: Usage, facts: Sequence[Used], span: Span, policy: WastePolicy) -> Iterator[Recommendation]:
    """A row for each such resource that runs most of the hours outside of office hours.

    Of the environments named, and notebooks and development endpoints of any.
    """
    names, tools = {one.casefold() for one in policy.environments}, re.compile(_TOOLS)
    wanted = {
        (*one.resource, one.usage_type, one.operation): one
        for one in facts
        if (one.environment.casefold() in names or tools.match(one.usage_type))
        and one.resource_id
        and one.still
        and one.open_cost > 0
    }
    away, behind = _away(usage, list(wanted), span, policy), _behind(span, policy)
    for key, one in wanted.items():
        if key not in away:
            continue
        hours, cost = away[key]
        possible = behind[one.hours]
        if possible and hours * 100 >= possible * policy.night_share:
            yield _row(one, hours, possible, cost, policy)


def _away(
    usage: Usage, keys: Sequence[tuple[str, ...]], span: Span, policy: WastePolicy
) -> Mapping[tuple[str, ...], tuple[int, Decimal]]:
    """Of each account, resource, usage type and operation: hours outside of office hours, and their cost on demand."""
    if not keys:
        return {}
    asked = [list(column) for column in zip(*keys, strict=True)]
    office = [policy.office_start, policy.office_end]
    parameters = [*asked, span.start, len(span.loaded), _STOPS, span.start, span.end, *office]
    rows = usage.connection.execute(_AWAY, parameters).fetchall()
    return {tuple(place): (hours, cost) for *place, hours, cost in rows}


def _behind(span: Span, policy: WastePolicy) -> list[int]:
    """How many of the last 0, 1, 2, ... loaded hours lie outside of office hours."""
    hours = [span.start + timedelta(hours=at) for at, loaded in enumerate(span.loaded) if loaded]
    return [0, *accumulate(int(not _at_work(one.weekday(), one.hour, policy)) for one in reversed(hours))]


def _at_work(weekday: int, hour: int, policy: WastePolicy) -> bool:
    return weekday < 5 and policy.office_start <= hour < policy.office_end


def _row(one: Used, hours: int, possible: int, cost: Decimal, policy: WastePolicy) -> Recommendation:
    office = f"{policy.office_start:02}:00 to {policy.office_end:02}:00 UTC, Monday to Friday"
    where = f"environment {one.environment}" if one.environment else "environment not known"
    evidence = f"{where}: on demand in {hours:,} of {possible:,} hours outside {office}"
    row = advice(one, "schedule", "upper bound", "own rate", f"stop {one.name} outside {office}", evidence)
    return saving(row, one, Decimal(0), cost)


# Of lines of an hour; those of a day are never asleep.
OUTSIDE_OFFICE = """date_diff('second', charge_period_start, charge_period_end) <= 3672
    and not (isodow(charge_period_start) <= 5 and hour(charge_period_start) >= ? and hour(charge_period_start) < ?)"""
_AWAY = f"""
with asked as (
    select unnest(cast(? as varchar[])) as sub_account_id, unnest(cast(? as varchar[])) as resource_id,
        unnest(cast(? as varchar[])) as x_usage_type, unnest(cast(? as varchar[])) as operation
)
select sub_account_id, resource_id, x_usage_type, operation,
    bit_count(bitstring_agg(
        cast(date_diff('hour', cast(? as timestamp), charge_period_start) as integer), 0, cast(? as integer)
    )) as hours,
    cast(sum(unblended) as decimal(38, 10)) as cost
from tagged_cur
join asked using (sub_account_id, resource_id, x_usage_type)
where coalesce(x_operation, '') = operation and x_line_item_type = 'Usage' and unblended > 0
    and regexp_matches(x_usage_type, ?)
    and charge_period_start >= ? and charge_period_start < ?
    and {OUTSIDE_OFFICE}
group by 1, 2, 3, 4
"""
