"""Sets of tags split by where they are used, for a tag policy that tells places apart.

What a tag is worth depends on its set of tags alone, until a scope of the policy says otherwise for an environment,
an account or a service, or a virtual tag stands in there. A set that is used in such a place becomes a set of its own
there: a copy with another number. All that reads tags by set then has each place by itself, and pays nothing where the
policy is the same in all places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from finops.config.policy import tag_of, value_reader
from finops.config.settings import Settings, TagPolicy, TagScope
from finops.dimensions import Clause
from finops.virtual_tags import given, values_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MARTS = ("resource_daily", "daily_cost")


def tells_places(policy: TagPolicy) -> bool:
    """Whether the policy says anything that depends on more than the tags of a line."""
    return bool(policy.scopes or policy.virtual)


def needs_environments(policy: TagPolicy) -> bool:
    """Whether it has to be known which environment a line belongs to."""
    return any("environment" in scope.where for scope in policy.scopes)


def stored(name: str, policy: TagPolicy) -> str:
    """What a mart or tag_sets is called as it is stored: its own name where nothing is split."""
    return f"stored_{name}" if tells_places(policy) else name


def create_unsplit(connection: DuckDBPyConnection) -> None:
    """Create the views all_resource_daily, all_daily_cost and tag_sets as they are stored, until they are split."""
    for mart in MARTS:
        connection.execute(f"create temp view all_{mart} as select * from stored_all_{mart}")
    connection.execute("create temp view tag_sets as select * from stored_tag_sets")


def split_tag_sets(connection: DuckDBPyConnection, settings: Settings, asked: Sequence[str]) -> None:
    """Split the sets in the views of `create_unsplit`, and in every table by set that is there already.

    `asked` are the tags in `tag_values`, as typed; there what stands in for a missing one is added under the rule
    `virtual`. Fills `exempt_tags` (tag, delivery_id, tag_set_id): where a tag is not required. Creates
    `tag_set_copies` (delivery_id, tag_set_id, scopes, split_id) and `scoped_values` (scope, tag, delivery_id,
    tag_set_id): where the values of a scope stand in for those of the policy. Needs `daily_cost`, `tag_values`,
    `cost_category_values`, and `environments` where a scope or the question asks for one.
    """
    policy = settings.tags
    _create_splits(connection, settings)
    for mart in MARTS:
        connection.execute(_SPLIT_MART.format(mart=mart))
    connection.execute(_SPLIT_SETS)
    for table in ("tag_values", "cost_category_values"):
        connection.execute(_COPY.format(table=table))
    if connection.execute(_HAS_ENVIRONMENTS).fetchone():
        connection.execute(_COPY_ENVIRONMENTS)
    _exempt(connection, policy)
    meant = [(typed, tag_of(policy, typed)) for typed in dict.fromkeys(asked)]
    _table(connection, "meant_tags", ("typed varchar", "tag varchar"), meant)
    _read_again(connection, policy)
    for at, tag in enumerate(policy.virtual):
        connection.execute(_DROP_BLANK.format(at=at), [tag])
        connection.execute(_STAND_IN.format(at=at), [tag])


def _create_splits(connection: DuckDBPyConnection, settings: Settings) -> None:
    policy = settings.tags
    fitting = [_fits(scope) for scope in policy.scopes]
    bits = " + ".join([*(f"case when {one.sql} then {1 << at} else 0 end" for at, one in enumerate(fitting)), "0"])
    columns = ("tag varchar", "basis varchar", "place varchar", "value varchar")
    _table(connection, "virtual_given", columns, given(connection, settings))
    virtual = [_virtual(settings, at, tag) for at, tag in enumerate(policy.virtual)]
    joins = "".join([_WITH_ENVIRONMENTS if needs_environments(policy) else "", *(joins.sql for joins, _ in virtual)])
    params = [value for one in (*fitting, *(joins for joins, _ in virtual)) for value in one.params]
    values = "".join(f", {columns}" for _, columns in virtual)
    connection.execute(_PLACES.format(scopes=bits, joins=joins, values=values), params)
    names = [f"v{at}" for at in range(len(virtual))]
    filled = "".join(f" or {name} is not null" for name in names)
    connection.execute(_SPLITS.format(values="".join(f", {name}, b_{name}" for name in names), filled=filled))
    connection.execute(_COPIES.format(values="".join(f", {name}, b_{name}" for name in names)))


def _virtual(settings: Settings, at: int, tag: str) -> tuple[Clause, str]:
    """The joins and the columns `v0` and `b_v0` (value and basis) of a virtual tag, null where nothing stands in."""
    joins, value, basis = values_sql(settings, at, tag)
    missing = f"facts.x_taggable and coalesce(held{at}.state, 'blank') = 'blank'"
    columns = f"case when {missing} then {value} end as v{at}, case when {missing} then {basis} end as b_v{at}"
    return Clause(joins.sql + _HELD.format(at=at), (*joins.params, tag)), columns


def _fits(scope: TagScope) -> Clause:
    """Whether a line is in the scope: of every key one of its values, which may hold `*` and `?`."""
    parts = []
    for key, values in scope.where.items():
        parts.append("(" + " or ".join([f"coalesce({_COLUMNS[key]}, '') glob ?"] * len(values)) + ")")
    return Clause(" and ".join(parts), tuple(value for values in scope.where.values() for value in values))


def _exempt(connection: DuckDBPyConnection, policy: TagPolicy) -> None:
    masks = [row[0] for row in connection.execute("select distinct scopes from tag_set_copies").fetchall()]
    rows = [(tag, mask) for mask in masks for tag in policy.required if not is_required(policy, tag, mask)]
    connection.executemany(_EXEMPT_COPIES, rows) if rows else None
    for tag in policy.only_scoped:
        connection.execute(_EXEMPT_REST, [tag])


def is_required(policy: TagPolicy, tag: str, mask: int) -> bool:
    """Whether a tag is required where the scopes of `mask` hold, one bit for each: the first that names it decides."""
    for scope in in_force(policy, mask):
        if tag in scope.required or tag in scope.optional:
            return tag in scope.required
    return tag not in policy.only_scoped


def in_force(policy: TagPolicy, mask: int) -> Iterator[TagScope]:
    """The scopes of a mask, in the order of the settings."""
    return (scope for at, scope in enumerate(policy.scopes) if mask >> at & 1)


def in_words(scope: TagScope) -> str:
    """The place a scope speaks of, as the settings name it."""
    return " and ".join(f"{key} is {' or '.join(values)}" for key, values in scope.where.items())


def _read_again(connection: DuckDBPyConnection, policy: TagPolicy) -> None:
    """Read the values that a scope has a rule for by that rule."""
    if not any(scope.values for scope in policy.scopes):
        connection.execute(_NO_SCOPED_VALUES)
        return
    masks = [row[0] for row in connection.execute("select distinct scopes from tag_set_copies").fetchall()]
    rows = [(at, tag, mask) for mask in masks for at, tag in _deciding(policy, mask)]
    _table(connection, "scope_rules", ("scope integer", "tag varchar", "scopes bigint"), rows)
    connection.execute(_SCOPED_VALUES)
    found = connection.execute(_RAW_VALUES).fetchall()
    readings = [
        (scope, typed, raw, *value_reader(policy.scopes[scope].values[tag])(raw)) for scope, typed, tag, raw in found
    ]
    columns = ("scope integer", "typed varchar", "raw varchar", "value varchar", "state varchar")
    _table(connection, "scope_readings", columns, readings)
    connection.execute(_READ_AGAIN)


def _deciding(policy: TagPolicy, mask: int) -> Iterable[tuple[int, str]]:
    decided: dict[str, int] = {}
    for at, scope in enumerate(policy.scopes):
        if mask >> at & 1:
            for tag in scope.values:
                decided.setdefault(tag, at)
    return ((at, tag) for tag, at in decided.items())


def _table(connection: DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    connection.execute(f"create or replace temp table {name} ({', '.join(columns)})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", rows)


_COLUMNS = {
    "environment": "environments.environment",
    "account": "facts.sub_account_id",
    "region": "facts.region_id",
    "service": "facts.x_service_code",
}

_WITH_ENVIRONMENTS = """
left join environments
    on environments.delivery_id = facts.delivery_id and environments.tag_set_id = facts.tag_set_id
    and environments.sub_account_id is not distinct from facts.sub_account_id
    and environments.region_id is not distinct from facts.region_id
"""

_HELD = """
left join tag_values as held{at}
    on held{at}.delivery_id = facts.delivery_id and held{at}.tag_set_id = facts.tag_set_id and held{at}.tag = ?
"""

_PLACES = """
create temp table tag_places as
select distinct
    facts.delivery_id, facts.tag_set_id, facts.sub_account_id, facts.region_id, facts.x_service_code, facts.x_taggable,
    cast({scopes} as bigint) as scopes{values}
from (
    select distinct delivery_id, tag_set_id, sub_account_id, region_id, x_service_code, x_taggable from daily_cost
) as facts
{joins}
"""

_SPLITS = """
create temp table tag_set_splits as
select *, hash(tag_set_id, scopes{values}) as split_id from tag_places where scopes <> 0{filled}
"""

_COPIES = """
create temp table tag_set_copies as
select distinct delivery_id, tag_set_id, scopes, split_id{values} from tag_set_splits
"""

_DROP_BLANK = """
delete from tag_values
using tag_set_copies as copies, meant_tags as meant
where meant.tag = ? and tag_values.tag = meant.typed and copies.v{at} is not null
    and copies.delivery_id = tag_values.delivery_id and copies.split_id = tag_values.tag_set_id
"""

_STAND_IN = """
insert into tag_values (delivery_id, tag_set_id, tag, raw_key, key_rule, raw_value, value, state)
select copies.delivery_id, copies.split_id, meant.typed, '(by ' || copies.b_v{at} || ')', 'virtual',
    copies.v{at}, copies.v{at}, 'valid'
from tag_set_copies as copies, meant_tags as meant
where meant.tag = ? and copies.v{at} is not null
"""

_NO_SCOPED_VALUES = """
create temp table scoped_values (scope integer, tag varchar, delivery_id varchar, tag_set_id ubigint)
"""

_SPLIT_MART = """
create or replace temp view all_{mart} as
select facts.* replace (coalesce(splits.split_id, facts.tag_set_id) as tag_set_id)
from stored_all_{mart} as facts
left join tag_set_splits as splits
    on splits.delivery_id = facts.delivery_id and splits.tag_set_id = facts.tag_set_id
    and splits.sub_account_id is not distinct from facts.sub_account_id
    and splits.region_id is not distinct from facts.region_id
    and splits.x_service_code is not distinct from facts.x_service_code
    and splits.x_taggable is not distinct from facts.x_taggable
"""

_SPLIT_SETS = """
create or replace temp view tag_sets as
select * from stored_tag_sets
union all
select sets.* replace (copies.split_id as tag_set_id)
from stored_tag_sets as sets
join tag_set_copies as copies on copies.delivery_id = sets.delivery_id and copies.tag_set_id = sets.tag_set_id
"""

_COPY = """
insert into {table}
select held.* replace (copies.split_id as tag_set_id)
from {table} as held
join tag_set_copies as copies on copies.delivery_id = held.delivery_id and copies.tag_set_id = held.tag_set_id
"""

_HAS_ENVIRONMENTS = "select 1 from duckdb_tables() where table_name = 'environments'"

_COPY_ENVIRONMENTS = """
insert into environments
select distinct held.* replace (splits.split_id as tag_set_id)
from environments as held
join tag_set_splits as splits
    on splits.delivery_id = held.delivery_id and splits.tag_set_id = held.tag_set_id
    and splits.sub_account_id is not distinct from held.sub_account_id
    and splits.region_id is not distinct from held.region_id
"""

_EXEMPT_COPIES = """
insert into exempt_tags select ?, delivery_id, split_id from tag_set_copies where scopes = ?
"""

_EXEMPT_REST = """
insert into exempt_tags select distinct ?, delivery_id, tag_set_id from tag_places where scopes = 0
"""

_SCOPED_VALUES = """
create temp table scoped_values as
select scope_rules.scope, scope_rules.tag, copies.delivery_id, copies.split_id as tag_set_id
from scope_rules
join tag_set_copies as copies on copies.scopes = scope_rules.scopes
"""

_RAW_VALUES = """
select distinct scoped.scope, meant.typed, meant.tag, coalesce(held.raw_value, '')
from scoped_values as scoped
join meant_tags as meant on meant.tag = scoped.tag
join tag_values as held
    on held.tag = meant.typed and held.delivery_id = scoped.delivery_id and held.tag_set_id = scoped.tag_set_id
"""

_READ_AGAIN = """
update tag_values
set value = again.value, state = again.state
from scope_readings as again
join meant_tags as meant on meant.typed = again.typed
join scoped_values as scoped on scoped.scope = again.scope and scoped.tag = meant.tag
where tag_values.tag = again.typed and coalesce(tag_values.raw_value, '') = again.raw
    and scoped.delivery_id = tag_values.delivery_id and scoped.tag_set_id = tag_values.tag_set_id
"""
