"""The rows of the bill with what their tags say: environment, owner, and the values of single keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.catalog import mart_sql, store_of
from finops.config.spellings import fold
from finops.environments import UNMAPPED, create_environments
from finops.models import model
from finops.recommend.spot_groups import keys
from finops.tags import expand_tags

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.usage import Usage

_ENVIRONMENT = "Environment"


def tag_rows(usage: Usage, settings: Settings) -> None:
    """Create the view `tagged_cur` (`cur` behind its delivery_id) and the table `places`, what is known of its rows.

    `places`: delivery_id, tag_set_id, sub_account_id, region_id, environment, owner, and `tags`, the values of the keys
    that tell what could be Spot. Where no rule of [environments] fits, the environment is the value of the tag; blank
    where there is none. All advice on the same rows reads what the first one made.
    """
    connection = usage.connection
    if connection.execute(_IS_THERE).fetchone():
        return
    ids = [one.delivery_id for one in usage.deliveries]
    connection.execute(f"create or replace temp view tag_sets as {mart_sql(store_of(usage.database), ids, 'tag_sets')}")
    rows = model("cur").sql.replace("select\n", "select\n    delivery_id,\n", 1)
    connection.execute(f"create or replace temp view tagged_cur as {rows}")
    connection.execute(_COMBINATIONS)
    create_environments(connection, settings)
    owner = settings.owners.tag
    expand_tags(connection, "advice_tags", settings.tags, list(dict.fromkeys([*keys(), _ENVIRONMENT, owner])))
    _create_handles(usage, settings)
    connection.execute(_PLACES, [_ENVIRONMENT, owner, UNMAPPED])


def _create_handles(usage: Usage, settings: Settings) -> None:
    """Whom an owner's value and an account are written to."""
    owners = settings.owners
    handles = {fold(value): handle for value, handle in owners.handles.items()}
    usage.connection.execute("create or replace temp table owner_handles (value varchar, owner varchar)")
    usage.connection.execute("create or replace temp table account_owners (account varchar, owner varchar)")
    for value, handle in handles.items():
        usage.connection.execute("insert into owner_handles values (?, ?)", [value, handle])
    for account, owner in owners.accounts.items():
        usage.connection.execute("insert into account_owners values (?, ?)", [account, handles.get(fold(owner), owner)])


_IS_THERE = "select 1 from duckdb_tables() where table_name = 'places' and temporary"
_COMBINATIONS = """
create or replace temp table daily_cost as
select distinct delivery_id, tag_set_id, sub_account_id, region_id from tagged_cur
"""
_PLACES = """
create or replace temp table places as
with said as (
    select delivery_id, tag_set_id, map(list(tag), list(value)) as tags
    from advice_tags
    where state = 'valid'
    group by delivery_id, tag_set_id
),
read as (
    select
        environments.*,
        coalesce(said.tags, map([]::varchar[], []::varchar[])) as tags,
        said.tags[?] as own_environment,
        said.tags[?] as own_owner
    from environments
    left join said
        on said.delivery_id = environments.delivery_id and said.tag_set_id = environments.tag_set_id
)
select
    read.delivery_id, read.tag_set_id, read.sub_account_id, read.region_id,
    case when read.environment = ? then coalesce(lower(trim(read.own_environment)), '') else read.environment
    end as environment,
    coalesce(owner_handles.owner, read.own_owner, account_owners.owner, '') as owner,
    read.tags
from read
left join owner_handles on owner_handles.value = lower(trim(read.own_owner))
left join account_owners on account_owners.account = read.sub_account_id
"""
