"""Which environment each charge belongs to, by the rules of [environments] in the settings."""

from typing import TYPE_CHECKING

from finops.config.settings import Settings
from finops.config.spellings import fold
from finops.tags import expand_tags

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UNMAPPED = "(unmapped)"
Rule = tuple[str, str, str, str, int]


def create_environments(connection: "DuckDBPyConnection", settings: Settings) -> None:
    """Create the temp table `environments`: delivery_id, tag_set_id, sub_account_id, region_id, environment.

    One row per combination of these in `daily_cost`, nulls included. A tag decides before an account, an
    account before a region; between tags the environment written first in the settings decides. What no rule
    fits is `(unmapped)`. Needs `daily_cost` and `tag_sets` in the connection.
    """
    expand_tags(connection, "environment_tags", settings.tags, tags_of(settings))
    _create_rules(connection, settings)
    connection.execute(f"create temp table environments as {SELECT}", [UNMAPPED])
    connection.execute("drop table environment_tags")
    connection.execute("drop table environment_rules")


def tags_of(settings: Settings) -> list[str]:
    """The tags that the rules go by."""
    return list(dict.fromkeys(tag for environment in settings.environments for tag in environment.tags))


def rules_of(connection: "DuckDBPyConnection", settings: Settings) -> list[Rule]:
    """The rules with the values as the bill has them: kind, tag, value, environment, place."""
    expand_tags(connection, "environment_tags", settings.tags, tags_of(settings))
    rows = _rules(connection, settings)
    connection.execute("drop table environment_tags")
    return rows


def _rules(connection: "DuckDBPyConnection", settings: Settings) -> list[Rule]:
    """One row per kind of rule, tag and value, so that no join can double a combination."""
    rules = [
        (kind, tag, value, environment.name, place)
        for place, environment in enumerate(settings.environments)
        for kind, tag, value in (
            *(("tag", tag, value) for tag, values in environment.tags.items() for value in values),
            *(("account", "", fold(value)) for value in environment.accounts),
            *(("region", "", fold(value)) for value in environment.regions),
        )
    ]
    spelled = _spelled_values(connection)
    return list(
        dict.fromkeys(
            (kind, tag, value, name, place)
            for kind, tag, claimed, name, place in rules
            for value in (spelled.get((tag, fold(claimed)), ()) if kind == "tag" else (claimed,))
        )
    )


def _create_rules(connection: "DuckDBPyConnection", settings: Settings) -> None:
    rows = _rules(connection, settings)
    connection.execute(
        """
        create temp table environment_rules as
        select unnest(cast(? as varchar[])) as kind, unnest(cast(? as varchar[])) as tag,
               unnest(cast(? as varchar[])) as value, unnest(cast(? as varchar[])) as environment,
               unnest(cast(? as integer[])) as place
        """,
        [[row[at] for row in rows] for at in range(5)],
    )


def _spelled_values(connection: "DuckDBPyConnection") -> dict[tuple[str, str], list[str]]:
    """The values of the bill by tag and what they are compared by: `Prod` and `prod` are one value."""
    found: dict[tuple[str, str], list[str]] = {}
    values = "select distinct tag, value from environment_tags where state = 'valid' order by tag, value"
    for tag, value in connection.execute(values).fetchall():
        found.setdefault((tag, fold(value)), []).append(value)
    return found


# Over daily_cost, environment_tags and environment_rules; binds what is called so that no rule fits.
SELECT = """
with combinations as (
    select distinct delivery_id, tag_set_id, sub_account_id, region_id from daily_cost
),
by_tag as (
    select tags.delivery_id, tags.tag_set_id, arg_min(rules.environment, rules.place) as environment
    from environment_tags as tags
    join environment_rules as rules
        on rules.kind = 'tag' and rules.tag = tags.tag and rules.value = tags.value
    where tags.state = 'valid'
    group by tags.delivery_id, tags.tag_set_id
)
select
    combinations.delivery_id, combinations.tag_set_id, combinations.sub_account_id, combinations.region_id,
    coalesce(by_tag.environment, by_account.environment, by_region.environment, ?) as environment
from combinations
left join by_tag
    on by_tag.delivery_id = combinations.delivery_id and by_tag.tag_set_id = combinations.tag_set_id
left join environment_rules as by_account
    on by_account.kind = 'account' and by_account.value = lower(combinations.sub_account_id)
left join environment_rules as by_region
    on by_region.kind = 'region' and by_region.value = lower(combinations.region_id)
"""
