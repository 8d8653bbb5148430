"""Who can close a gap: the owner that a resource's own tag names, or else the owner of its account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.config.settings import Settings
from finops.config.spellings import fold
from finops.gaps.faults import fill
from finops.tags import expand_tags

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def create_owners(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Create the temp tables `fault_details` (fault_id, key, value, suggestion, owner) and `account_owners`.

    The first says what each of `tag_faults` and `tag_conflicts` holds, and whom the set of tags names as owner: the
    handle that [owners] gives for the tag's value, or the value itself. The second has account and owner.
    """
    owners = settings.owners
    expand_tags(connection, "owner_values", settings.tags, [owners.tag])
    handles = {fold(value): handle for value, handle in owners.handles.items()}
    values = connection.execute("select distinct value from owner_values where state = 'valid'").fetchall()
    fill(
        connection,
        "owner_handles",
        ("value", "owner"),
        [(value, handles.get(fold(value), value)) for (value,) in values],
    )
    fill(
        connection,
        "account_owners",
        ("account", "owner"),
        [(account, handles.get(fold(owner), owner)) for account, owner in owners.accounts.items()],
    )
    connection.execute("""
        create or replace temp table tag_owners as
        select held.delivery_id, held.tag_set_id, handles.owner
        from owner_values as held
        join owner_handles as handles on handles.value = held.value
        where held.state = 'valid'
    """)
    connection.execute(_DETAILS)
    connection.execute("drop table tag_owners")
    connection.execute("drop table owner_values")
    connection.execute("drop table owner_handles")


_DETAILS = """
create or replace temp table fault_details as
with faults as (
    select fault_id, delivery_id, tag_set_id, key, value, suggestion from tag_faults
    union all
    select fault_id, delivery_id, tag_set_id, key, value, suggestion from tag_conflicts
)
select faults.fault_id, faults.key, faults.value, faults.suggestion, owners.owner
from faults
left join tag_owners as owners
    on owners.delivery_id = faults.delivery_id and owners.tag_set_id = faults.tag_set_id
"""
