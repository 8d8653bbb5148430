"""Where a tag names one environment and the account, or else the region, belongs to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from finops.config.settings import Environment
from finops.config.spellings import fold
from finops.gaps.faults import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def create_tag_conflicts(
    connection: DuckDBPyConnection, environments: Sequence[Environment], required: Iterable[str]
) -> None:
    """Create the temp table `tag_conflicts`, a row per set of tags and place that contradict each other.

    Columns: fault_id, tag, delivery_id, tag_set_id, sub_account_id, region_id, key, value, suggestion (the value that
    the place's own environment is matched by).

    A place that belongs to no environment contradicts nothing, and a region speaks only for an environment that
    names no accounts: where accounts tell it, others may share the region. Ids go on from those of `tag_faults`.
    Needs `daily_cost`, `tag_values` and `tag_faults`.
    """
    tags = list(required)
    values = connection.execute("select distinct tag, value from tag_values where state = 'valid'").fetchall()
    named = {(tag, fold(value)): one.name for tag, value, one in _claims(environments)}
    meant = [(tag, value, named[tag, fold(value)]) for tag, value in values if (tag, fold(value)) in named]
    fill(connection, "named_environments", ("tag", "value", "environment"), [one for one in meant if one[0] in tags])
    fill(connection, "place_environments", ("kind", "place", "environment"), _places(environments))
    fill(connection, "environment_values", ("tag", "environment", "suggestion"), _values(environments, tags))
    connection.execute(_CONFLICTS)
    for table in ("named_environments", "place_environments", "environment_values"):
        connection.execute(f"drop table {table}")


def _claims(environments: Iterable[Environment]) -> Iterator[tuple[str, str, Environment]]:
    return ((tag, value, one) for one in environments for tag, values in one.tags.items() for value in values)


def _places(environments: Iterable[Environment]) -> list[tuple[str, str, str]]:
    return [
        (kind, fold(place), one.name)
        for one in environments
        for kind, places in (("account", one.accounts), ("region", () if one.accounts else one.regions))
        for place in places
    ]


def _values(environments: Iterable[Environment], tags: Iterable[str]) -> list[tuple[str, str, str]]:
    return [(tag, one.name, (*one.tags.get(tag, ()), one.name)[0]) for one in environments for tag in tags]


_CONFLICTS = """
create or replace temp table tag_conflicts as
with
places as (
    select distinct delivery_id, tag_set_id, sub_account_id, region_id from daily_cost where x_taggable
)
select
    (select coalesce(max(fault_id), 0) from tag_faults)
    + row_number() over (
        order by held.tag, places.delivery_id, places.tag_set_id, places.sub_account_id, places.region_id
    ) as fault_id,
    held.tag, places.delivery_id, places.tag_set_id, places.sub_account_id, places.region_id,
    held.raw_key as key, held.raw_value as value, right_value.suggestion
from named_environments as named
join tag_values as held on held.tag = named.tag and held.value = named.value and held.state = 'valid'
join places on places.delivery_id = held.delivery_id and places.tag_set_id = held.tag_set_id
left join place_environments as account
    on account.kind = 'account' and account.place = lower(places.sub_account_id)
left join place_environments as region
    on region.kind = 'region' and region.place = lower(places.region_id)
join environment_values as right_value
    on right_value.tag = held.tag
    and right_value.environment = coalesce(account.environment, region.environment)
anti join exempt_tags
    on exempt_tags.tag = held.tag and exempt_tags.delivery_id = held.delivery_id
    and exempt_tags.tag_set_id = held.tag_set_id
where coalesce(account.environment, region.environment) <> named.environment
"""
