"""What stands in for a missing tag where the settings say so: a value by account, by environment or by cost category.

It counts as tagged, under the key `(by account)` and the like, so that nobody takes it for a tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from finops.config.policy import value_reader
from finops.config.settings import Settings
from finops.config.spellings import fold
from finops.dimensions import Clause

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CATEGORY = "cost_category:"
# tag, basis, what it is told by, value
Given = tuple[str, str, str, str]


def categories(settings: Settings) -> list[str]:
    """The cost categories that virtual tags are told by."""
    words = (word for one in settings.tags.virtual.values() for word in one.by if word.startswith(CATEGORY))
    return list(dict.fromkeys(word.removeprefix(CATEGORY).strip() for word in words))


def given(connection: DuckDBPyConnection, settings: Settings) -> list[Given]:
    """Each value that a basis gives. Needs `cost_category_values` of the categories; a value not allowed is none."""
    return [
        row
        for tag, one in settings.tags.virtual.items()
        for word in one.by
        for row in (
            _by_category(connection, settings, tag, word)
            if word.startswith(CATEGORY)
            else _by_account(settings, tag)
            if word == "account"
            else _by_environment(settings, tag)
        )
    ]


def values_sql(settings: Settings, at: int, tag: str) -> tuple[Clause, str, str]:
    """The joins on `facts` that find the value of one virtual tag, the value, and the basis it is by.

    `at` numbers the tag; tables are `virtual_given` and `cost_category_values`.
    """
    joins, params, values, bases = [], [], [], []
    for number, word in enumerate(settings.tags.virtual[tag].by):
        for place, kind, column in _places(word):
            alias = f"v{at}_{number}_{place}"
            if word.startswith(CATEGORY):
                joins.append(_CATEGORY_JOIN.format(alias=alias))
                params.append(word.removeprefix(CATEGORY).strip())
            joins.append(_JOIN.format(alias=alias, column=column.format(alias=alias)))
            params += [tag, kind]
            values.append(f"{alias}.value")
            bases.append(f"when {alias}.value is not null then {alias}.word")
    found = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return Clause("".join(joins), tuple(params)), found, f"case {' '.join(bases)} end"


def _places(word: str) -> list[tuple[str, str, str]]:
    if word.startswith(CATEGORY):
        return [("category", word, "c_{alias}.value")]
    if word == "account":
        return [("account", "account", "lower(facts.sub_account_id)")]
    # As everywhere an account speaks before a region.
    return [
        ("account", "environment account", "lower(facts.sub_account_id)"),
        ("region", "environment region", "lower(facts.region_id)"),
    ]


def _by_account(settings: Settings, tag: str) -> Iterator[Given]:
    return ((tag, "account", fold(account), value) for account, value in settings.tags.virtual[tag].accounts.items())


def _by_environment(settings: Settings, tag: str) -> Iterator[Given]:
    read = value_reader(settings.tags.values.get(tag))
    for one in settings.environments:
        value, _ = read((*one.tags.get(tag, ()), one.name)[0])
        if value is not None:
            yield from ((tag, "environment account", fold(account), value) for account in one.accounts)
            # A region speaks only for an environment that names no accounts: others may share it.
            regions = () if one.accounts else one.regions
            yield from ((tag, "environment region", fold(region), value) for region in regions)


def _by_category(connection: DuckDBPyConnection, settings: Settings, tag: str, word: str) -> Iterator[Given]:
    read = value_reader(settings.tags.values.get(tag))
    name = word.removeprefix(CATEGORY).strip()
    found = connection.execute("select distinct value from cost_category_values where name = ?", [name]).fetchall()
    return ((tag, word, raw, value) for (raw,) in found if (value := read(raw)[0]) is not None)


_CATEGORY_JOIN = """
left join cost_category_values as c_{alias}
    on c_{alias}.delivery_id = facts.delivery_id and c_{alias}.tag_set_id = facts.tag_set_id and c_{alias}.name = ?
"""
_JOIN = """
left join (select *, split_part(basis, ' ', 1) as word from virtual_given) as {alias}
    on {alias}.tag = ? and {alias}.basis = ? and {alias}.place = {column}
"""
