"""Tags as the settings mean them, from tags as an export spells them.

What a key or a value means is decided here, once for each distinct key and value; which rows that concerns
is a join. The rows of an export stay as they are, so a new policy never needs a new ingest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from finops.catalog import Problem
from finops.config.policy import KeyMatch, keys_of, tag_of, value_reader
from finops.config.settings import TagPolicy, ValueRule
from finops.config.spellings import bare_key, signature, signatures, snake

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "KeyMatch", "bare_key", "create_cost_category_values", "create_tag_values", "expand_tags", "keys_of",
    "merged_keys", "merged_keys_notes", "signature", "snake", "spelled", "tag_of", "value_reader",
]  # fmt: skip

Keys = list[tuple[str, str, list[KeyMatch]]]
"""Per delivery and tag the keys that carry it, best first."""


class Asked(NamedTuple):
    """How a tag that is asked for is found: its name in the policy, other spellings of it, its values."""

    tag: str
    spellings: Sequence[str] = ()
    rule: ValueRule | None = None


def create_tag_values(connection: "DuckDBPyConnection", policy: TagPolicy, extra_keys: Sequence[str] = ()) -> None:
    """Create the temp table `tag_values`: what each tag set says of each tag that is asked for.

    Asked for are the required and optional tags and `extra_keys`. Columns: delivery_id, tag_set_id, tag (as
    typed), raw_key, key_rule (exact, listed, variant), raw_value, value (as it prints, null unless valid),
    state (valid, invalid, blank). A set without the key has no row. And `exempt_tags`, which is empty: tag,
    delivery_id, tag_set_id. Needs `tag_sets` in the connection.
    """
    expand_tags(connection, "tag_values", policy, (*policy.tags, *extra_keys))
    # Where a required tag is not required: nowhere, until the policy tells places apart.
    connection.execute("create temp table exempt_tags (tag varchar, delivery_id varchar, tag_set_id ubigint)")


def expand_tags(connection: "DuckDBPyConnection", table: str, policy: TagPolicy, tags: Iterable[str]) -> None:
    """Create a temp table like `tag_values` under a name of its own, for the given tags only."""
    _expand(connection, table, "resource_tag", _asked(policy, tags))


def create_cost_category_values(connection: "DuckDBPyConnection", names: Sequence[str]) -> None:
    """Create the temp table `cost_category_values`: delivery_id, tag_set_id, name (as typed), value.

    Names are compared like tag keys, values are trimmed; a blank value has no row.
    """
    _expand(connection, "cost_category_readings", "cost_category", _named(names))
    connection.execute("""
        create temp table cost_category_values as
        select delivery_id, tag_set_id, tag as name, value from cost_category_readings where state = 'valid'
    """)
    connection.execute("drop table cost_category_readings")


def spelled(
    connection: "DuckDBPyConnection", policy: TagPolicy, source: str, words: Sequence[str]
) -> tuple[Keys, list[tuple[Any, ...]]]:
    """What tags (`source` resource_tag) or cost categories (cost_category) are read by: their keys, and odd values.

    Of the values only those that do not print as they are: tag, raw value, value as it prints (or null), state.
    """
    asked = _asked(policy, words) if source == "resource_tag" else _named(words)
    keys = _keys(connection, source, asked)
    _create_keys(connection, keys)
    rows = _readings(connection, source, asked)
    connection.execute("drop table asked_keys")
    return keys, rows


def merged_keys(
    connection: "DuckDBPyConnection", policy: TagPolicy, extra_keys: Sequence[str] = ()
) -> list[tuple[str, list[str]]]:
    """The tags that several keys of one delivery carry, each with these keys, best first."""
    merged: dict[str, list[str]] = {}
    for _, tag, matches in _keys(connection, "resource_tag", _asked(policy, (*policy.tags, *extra_keys))):
        if len(matches) > 1:
            known = merged.setdefault(tag, [])
            known.extend(match.raw_key for match in matches if match.raw_key not in known)
    return list(merged.items())


def merged_keys_notes(connection: "DuckDBPyConnection", policy: TagPolicy, tags: Sequence[str]) -> list[Problem]:
    """One note for each of the tags that several keys of a delivery are counted under."""
    return [
        Problem("merged_keys", f"{', '.join(keys)} are counted as one tag, {tag}", f"tag:{tag}")
        for tag, keys in merged_keys(connection, policy, tags)
        if tag in tags
    ]


def _asked(policy: TagPolicy, tags: Iterable[str]) -> dict[str, Asked]:
    named = {tag: tag_of(policy, tag) for tag in tags}
    return {tag: Asked(name, policy.keys.get(name, ()), policy.values.get(name)) for tag, name in named.items()}


def _named(names: Sequence[str]) -> dict[str, Asked]:
    # Athena Parquet puts its own `cost_category_` before the name, as a tag may have in its own right.
    return {name: Asked(name, (f"cost_category_{name}",)) for name in names}


def _expand(connection: "DuckDBPyConnection", table: str, source: str, asked: Mapping[str, Asked]) -> None:
    _create_keys(connection, _keys(connection, source, asked))
    _create_readings(connection, source, asked)
    connection.execute(_EXPAND.format(table=table), [source])
    connection.execute("drop table asked_keys")
    connection.execute("drop table asked_readings")


def _keys(connection: "DuckDBPyConnection", source: str, asked: Mapping[str, Asked]) -> Keys:
    found = connection.execute(
        """
        select delivery_id, list(distinct key order by key) from tag_sets
        where source = ? group by delivery_id order by delivery_id
        """,
        [source],
    ).fetchall()
    # The periods of one export mostly have the same keys, and there may be thousands of them.
    decided: dict[tuple[str, ...], list[tuple[str, list[KeyMatch]]]] = {}
    for raw_keys in {tuple(raw_keys) for _, raw_keys in found}:
        alike = _by_signature(raw_keys)
        matches = ((tag, keys_of(one.tag, one.spellings, _candidates(one, alike))) for tag, one in asked.items())
        decided[raw_keys] = [(tag, keys) for tag, keys in matches if keys]
    return [(delivery, tag, keys) for delivery, raw_keys in found for tag, keys in decided[tuple(raw_keys)]]


def _by_signature(raw_keys: Iterable[str]) -> dict[str, list[str]]:
    alike: dict[str, list[str]] = {}
    for raw in raw_keys:
        for sign in signatures(raw):
            alike.setdefault(sign, []).append(raw)
    return alike


def _candidates(asked: Asked, alike: Mapping[str, Sequence[str]]) -> set[str]:
    signs = {sign for spelling in (asked.tag, *asked.spellings) for sign in signatures(spelling)}
    return {raw for sign in signs for raw in alike.get(sign, ())}


def _create_keys(connection: "DuckDBPyConnection", keys: Keys) -> None:
    rows = [
        (delivery, tag, match.raw_key, match.rule, place, len(matches) == 1)
        for delivery, tag, matches in keys
        for place, match in enumerate(matches)
    ]
    connection.execute(
        """
        create temp table asked_keys as
        select unnest(cast(? as varchar[])) as delivery_id, unnest(cast(? as varchar[])) as tag,
               unnest(cast(? as varchar[])) as raw_key, unnest(cast(? as varchar[])) as key_rule,
               unnest(cast(? as integer[])) as place, unnest(cast(? as boolean[])) as alone
        """,
        _columns(rows, 6),
    )


def _create_readings(connection: "DuckDBPyConnection", source: str, asked: Mapping[str, Asked]) -> None:
    connection.execute(
        """
        create temp table asked_readings as
        select unnest(cast(? as varchar[])) as tag, unnest(cast(? as varchar[])) as raw_value,
               unnest(cast(? as varchar[])) as value, unnest(cast(? as varchar[])) as state
        """,
        _columns(_readings(connection, source, asked), 4),
    )


def _readings(connection: "DuckDBPyConnection", source: str, asked: Mapping[str, Asked]) -> list[tuple[Any, ...]]:
    """Only what does not print as it is: most values of most bills do, and stay out of the join."""
    readers = {tag: value_reader(one.rule) for tag, one in asked.items()}
    values = connection.execute(
        """
        select distinct keys.tag, coalesce(sets.value, '')
        from tag_sets as sets
        join asked_keys as keys on keys.delivery_id = sets.delivery_id and keys.raw_key = sets.key
        where sets.source = ?
        """,
        [source],
    ).fetchall()
    return [(tag, raw, *reading) for tag, raw in values if (reading := readers[tag](raw)) != (raw, "valid")]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(width)]


# One row per tag set and tag: where several keys of a delivery carry a tag, the best one that is not blank
# decides, and the best one when all are blank. Only those are ranked: ranking every row takes far longer.
_EXPAND = """
create temp table {table} as
with readings as not materialized (
    select
        sets.delivery_id, sets.tag_set_id, keys.tag, sets.key as raw_key, keys.key_rule,
        sets.value as raw_value,
        case when decided.state is null then sets.value else decided.value end as value,
        coalesce(decided.state, 'valid') as state,
        keys.place, keys.alone
    from tag_sets as sets
    join asked_keys as keys on keys.delivery_id = sets.delivery_id and keys.raw_key = sets.key
    left join asked_readings as decided
        on decided.tag = keys.tag and decided.raw_value = coalesce(sets.value, '')
    where sets.source = ?
)
select delivery_id, tag_set_id, tag, raw_key, key_rule, raw_value, value, state
from readings
where alone
union all
select delivery_id, tag_set_id, tag, raw_key, key_rule, raw_value, value, state
from readings
where not alone
qualify row_number() over (
    partition by delivery_id, tag_set_id, tag order by case state when 'blank' then 1 else 0 end, place
) = 1
"""
