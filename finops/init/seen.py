"""What the loaded bill shows of tags, accounts and regions, for a settings file that fits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops.config import TagPolicy
from finops.tags import bare_key, create_tag_values

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class SeenKey:
    """A tag key as its owner typed it, the tag it is read as, and how many tag sets give it a value."""

    key: str
    tag: str | None
    sets: int


@dataclass(frozen=True)
class SeenValue:
    """A value as the bill spells it, as it prints (None when it is not allowed), and its tag sets."""

    raw: str
    value: str | None
    sets: int


@dataclass(frozen=True)
class Seen:
    """What there is. Accounts and regions come with the environments that tags name inside them."""

    keys: tuple[SeenKey, ...] = ()
    values: Mapping[str, tuple[SeenValue, ...]] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: tuple[str, ...] = ()


def look(connection: "DuckDBPyConnection", policy: TagPolicy, documents: tuple[str, ...] = ()) -> Seen:
    """Look at `tag_sets` and `daily_cost` of a ledger, reading tags by a policy."""
    connection.execute("drop table if exists tag_values")
    create_tag_values(connection, policy)
    return Seen(
        keys=_keys(connection),
        values={tag: found for tag in policy.tags if (found := _values(connection, tag))},
        accounts=_environments_by(connection, "sub_account_id"),
        regions=_environments_by(connection, "region_id"),
        documents=documents,
    )


def _keys(connection: "DuckDBPyConnection") -> tuple[SeenKey, ...]:
    found = connection.execute("""
        with tags as (select distinct delivery_id, tag, raw_key from tag_values)
        select sets.key, any_value(tags.tag order by tags.tag), count(*)
        from tag_sets as sets
        left join tags on tags.delivery_id = sets.delivery_id and tags.raw_key = sets.key
        where sets.source = 'resource_tag' and trim(coalesce(sets.value, '')) <> ''
        group by sets.key
    """).fetchall()
    merged: dict[tuple[str, str | None], int] = {}
    for key, tag, sets in found:
        merged[bare_key(key), tag] = merged.get((bare_key(key), tag), 0) + sets
    keys = (SeenKey(key, tag, sets) for (key, tag), sets in merged.items())
    return tuple(sorted(keys, key=lambda one: (-one.sets, one.key, one.tag or "")))


def _values(connection: "DuckDBPyConnection", tag: str) -> tuple[SeenValue, ...]:
    found = connection.execute(
        """
        select trim(raw_value), value, count(*)
        from tag_values
        where tag = ? and state <> 'blank'
        group by trim(raw_value), value
        order by count(*) desc, trim(raw_value)
        """,
        [tag],
    ).fetchall()
    return tuple(SeenValue(*row) for row in found)


def _environments_by(connection: "DuckDBPyConnection", column: str) -> dict[str, tuple[str, ...]]:
    found = connection.execute(f"""
        select facts.{column}, list(distinct tags.value order by tags.value) filter (tags.value is not null)
        from (select distinct delivery_id, tag_set_id, {column} from daily_cost) as facts
        left join tag_values as tags
            on tags.delivery_id = facts.delivery_id and tags.tag_set_id = facts.tag_set_id
            and tags.tag = 'Environment'
        where facts.{column} is not null
        group by facts.{column}
        order by facts.{column}
    """).fetchall()
    return {place: tuple(environments or ()) for place, environments in found}
