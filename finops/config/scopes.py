"""From the `[[tags.scope]]` tables of a document to the scopes of the tag policy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from finops.config.lines import Path
from finops.config.policy import tag_of
from finops.config.schema import Mismatch, close_to, nearest
from finops.config.settings import Environment, TagPolicy, TagScope
from finops.config.value_rules import value_rule

_NEARLY_THE_SAME = 0.85


def with_scopes(policy: TagPolicy, rows: Sequence[Mapping[str, Any]], environments: Sequence[Environment]) -> TagPolicy:
    """The policy with its scopes. Raises Mismatch where one says nothing, or names what there is not."""
    names = tuple(one.name for one in environments)
    scopes = tuple(_scope(row, ("tags", "scope", at), policy, names) for at, row in enumerate(rows))
    added = dict.fromkeys(tag for one in scopes for tag in one.required if tag not in policy.required)
    return replace(
        policy,
        required=(*policy.required, *added),
        optional=tuple(tag for tag in policy.optional if tag not in added),
        scopes=scopes,
        only_scoped=tuple(added),
    )


def _scope(row: Mapping[str, Any], path: Path, policy: TagPolicy, environments: tuple[str, ...]) -> TagScope:
    where = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in row["where"].items()}
    if not where:
        raise Mismatch((*path, "where"), "a scope needs a place", 'where = { environment = "dev" }')
    if not any(row.get(part) for part in ("required", "optional", "values")):
        raise Mismatch(path, "a scope says what is required, optional or allowed in it", 'optional = ["CostCenter"]')
    for name in where.get("environment", ()):
        if name not in environments:
            known = nearest(name, environments) if environments else "describe it under [environments]"
            raise Mismatch((*path, "where", "environment"), f"no environment is called {name}", known)
    required = _tags(row, "required", path, policy)
    optional = _tags(row, "optional", path, policy)
    twice = next((tag for tag in required if tag in optional), None)
    if twice is not None:
        raise Mismatch((*path, "optional"), f"{twice} cannot be required and optional in one place", "name it once")
    _refuse_idle(optional, path, policy)
    return TagScope(where, required, optional, _values(row.get("values", {}), path, policy))


def _tags(row: Mapping[str, Any], part: str, path: Path, policy: TagPolicy) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for at, key in enumerate(row.get(part, ())):
        tag = _tag(key, (*path, part, at), policy)
        if tag in found:
            raise Mismatch((*path, part, at), f"{tag} is named twice", "name it once")
        found[tag] = None
    return tuple(found)


def _tag(key: str, path: Path, policy: TagPolicy) -> str:
    """The tag in the policy's spelling; a slip of the pen is an error, a tag of the scope's own is not."""
    tag = tag_of(policy, key)
    if tag not in policy.tags and close_to(key, policy.tags, _NEARLY_THE_SAME):
        raise Mismatch(path, f'no tag "{key}" is required or optional', nearest(key, policy.tags))
    return tag


def _refuse_idle(optional: Sequence[str], path: Path, policy: TagPolicy) -> None:
    idle = next((tag for tag in optional if tag not in policy.required), None)
    if idle is not None:
        what = f"{idle} is not required anyway"
        raise Mismatch((*path, "optional"), what, f"required in [tags]: {', '.join(policy.required)}")


def _values(table: Mapping[str, Any], path: Path, policy: TagPolicy) -> dict[str, Any]:
    found = {}
    for key, rule in table.items():
        place = (*path, "values", key)
        tag = _tag(key, place, policy)
        if tag in found:
            raise Mismatch(place, f"values has {tag} twice", f"write one table for {tag}")
        found[tag] = value_rule(place, rule)
    return found
