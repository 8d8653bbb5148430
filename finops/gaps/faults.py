"""What is wrong with each required tag, decided once per set of tags before any line of the bill is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from finops.config.settings import TagPolicy
from finops.gaps.nearness import near_keys, value_hinter

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def create_tag_faults(connection: DuckDBPyConnection, policy: TagPolicy, required: Sequence[str]) -> None:
    """Create the temp table `tag_faults`: the sets of tags on which a required tag is not as it should be.

    Columns: fault_id, tag, delivery_id, tag_set_id, cause, is_gap, key (as the export spells it), value (raw),
    suggestion. A set on which the tag is right has no row. Needs `daily_cost`, `tag_values`, `tag_sets`, `deliveries`.
    """
    _create_required(connection, required)
    _create_near_keys(connection, policy, required)
    connection.execute(_FAULTS)
    _create_hints(connection, policy)
    connection.execute(_WITH_HINTS)
    if policy.scopes:
        _hint_by_scope(connection, policy)
    for table in ("near_keys", "value_hints", "bare_faults"):
        connection.execute(f"drop table {table}")


def fill(connection: DuckDBPyConnection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Create a temp table of text columns that holds the rows."""
    held = list(rows)
    fields = ", ".join(f"unnest(cast(? as varchar[])) as {name}" for name in columns)
    values = [[row[at] for row in held] for at in range(len(columns))]
    connection.execute(f"create or replace temp table {table} as select {fields}", values)


def _create_required(connection: DuckDBPyConnection, required: Sequence[str]) -> None:
    fill(connection, "required_tags", ("tag",), [(tag,) for tag in required])


def _create_near_keys(connection: DuckDBPyConnection, policy: TagPolicy, required: Sequence[str]) -> None:
    found = connection.execute("select distinct key from tag_sets where source = 'resource_tag' order by key")
    raw_keys = [key for (key,) in found.fetchall()]
    rows = [(tag, raw, f"{place:06}") for tag in required for place, raw in enumerate(near_keys(policy, tag, raw_keys))]
    fill(connection, "near_keys", ("tag", "key", "place"), rows)


def _create_hints(connection: DuckDBPyConnection, policy: TagPolicy) -> None:
    """From each raw value that stands in the wrong place or is not allowed to what it should have been."""
    valid: dict[str, list[str]] = {}
    values = "select distinct tag, value from tag_values where state = 'valid' order by tag, value"
    for tag, value in connection.execute(values).fetchall():
        valid.setdefault(tag, []).append(value)
    wrong = connection.execute("select distinct tag, value from bare_faults where value <> '' order by tag, value")
    found: dict[str, list[str]] = {}
    for tag, value in wrong.fetchall():
        found.setdefault(tag, []).append(value)
    rows = []
    for tag, raw_values in found.items():
        hint = value_hinter(policy.values.get(tag), valid.get(tag, ()))
        rows += [(tag, raw, hint(raw)) for raw in raw_values]
    fill(connection, "value_hints", ("tag", "value", "suggestion"), rows)


def _hint_by_scope(connection: DuckDBPyConnection, policy: TagPolicy) -> None:
    """Where the values of a scope hold, what it should have been is one of those."""
    for scope, tag, raw in connection.execute(_SCOPED_FAULTS).fetchall():
        hint = value_hinter(policy.scopes[scope].values[tag])(raw)
        connection.execute(_HINT, [hint, scope, tag, raw])


_SCOPED_FAULTS = """
select distinct scoped.scope, faults.tag, faults.value
from tag_faults as faults
join scoped_values as scoped
    on scoped.tag = faults.tag and scoped.delivery_id = faults.delivery_id and scoped.tag_set_id = faults.tag_set_id
where faults.value <> ''
"""

_HINT = """
update tag_faults
set suggestion = ?
from scoped_values as scoped
where scoped.scope = ? and tag_faults.tag = ? and tag_faults.value = ? and scoped.tag = tag_faults.tag
    and scoped.delivery_id = tag_faults.delivery_id and scoped.tag_set_id = tag_faults.tag_set_id
"""

_FAULTS = """
create temp table bare_faults as
with
billed as (select distinct delivery_id, tag_set_id from daily_cost where x_taggable),
-- where a key stands on no line of any period, one finding says so instead of one per resource
known as (
    select distinct tag_values.tag, deliveries.export
    from tag_values
    join deliveries on deliveries.delivery_id = tag_values.delivery_id
    where tag_values.key_rule <> 'virtual'
    union
    select near_keys.tag, deliveries.export
    from near_keys
    join tag_sets on tag_sets.key = near_keys.key and tag_sets.source = 'resource_tag'
    join deliveries on deliveries.delivery_id = tag_sets.delivery_id
),
misspelled as (
    select near_keys.tag, sets.delivery_id, sets.tag_set_id,
        arg_min(sets.key, near_keys.place) as key, arg_min(sets.value, near_keys.place) as value
    from tag_sets as sets
    join near_keys on near_keys.key = sets.key
    where sets.source = 'resource_tag' and trim(sets.value) <> ''
    group by near_keys.tag, sets.delivery_id, sets.tag_set_id
)
select
    required_tags.tag,
    billed.delivery_id,
    billed.tag_set_id,
    case
        when coalesce(held.state, 'blank') = 'blank' and misspelled.key is not null then 'wrong_key'
        when held.state is null and known.tag is null then 'key_not_in_export'
        when held.state is null then 'missing'
        when held.state = 'blank' then 'empty'
        when held.state = 'invalid' then 'invalid_value'
        else 'wrong_key'
    end as cause,
    coalesce(held.state, 'blank') = 'blank' as is_gap,
    case
        when coalesce(held.state, 'blank') = 'blank' and misspelled.key is not null then misspelled.key
        else coalesce(held.raw_key, '')
    end as key,
    case
        when coalesce(held.state, 'blank') = 'blank' then coalesce(misspelled.value, '')
        else held.raw_value
    end as value
from billed
cross join required_tags
join deliveries on deliveries.delivery_id = billed.delivery_id
left join tag_values as held
    on held.delivery_id = billed.delivery_id and held.tag_set_id = billed.tag_set_id
    and held.tag = required_tags.tag
left join misspelled
    on misspelled.delivery_id = billed.delivery_id and misspelled.tag_set_id = billed.tag_set_id
    and misspelled.tag = required_tags.tag
left join known on known.tag = required_tags.tag and known.export = deliveries.export
anti join exempt_tags
    on exempt_tags.tag = required_tags.tag and exempt_tags.delivery_id = billed.delivery_id
    and exempt_tags.tag_set_id = billed.tag_set_id
where coalesce(held.state, 'blank') <> 'valid' or held.key_rule not in ('exact', 'virtual')
"""

_WITH_HINTS = """
create or replace temp table tag_faults as
select row_number() over (order by faults.tag, faults.delivery_id, faults.tag_set_id) as fault_id,
    faults.tag, faults.delivery_id, faults.tag_set_id, faults.cause, faults.is_gap, faults.key, faults.value,
    coalesce(hints.suggestion, '') as suggestion
from bare_faults as faults
left join value_hints as hints on hints.tag = faults.tag and hints.value = faults.value
"""
