"""From the tables of [tags.virtual] to what stands in for a tag where it is missing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finops.config.lines import Path
from finops.config.policy import tag_of
from finops.config.schema import Mismatch, nearest
from finops.config.settings import TagPolicy, VirtualTag
from finops.config.valid_values import printed_value

_CATEGORY = "cost_category:"
_BASES = ("account", "environment", "cost_category:NAME")


def with_virtual(policy: TagPolicy, table: Mapping[str, Mapping[str, Any]], has_environments: bool) -> TagPolicy:
    """The policy with its virtual tags. Raises Mismatch where one could never have a value, or not an allowed one."""
    found: dict[str, VirtualTag] = {}
    for key, row in table.items():
        tag, path = tag_of(policy, key), ("tags", "virtual", key)
        if tag not in policy.tags:
            raise Mismatch(path, f'no tag "{key}" is required or optional', nearest(key, policy.tags))
        if tag in found:
            raise Mismatch(path, f"tags.virtual has {tag} twice", f"write one table for {tag}")
        found[tag] = _virtual(row, tag, path, policy, has_environments)
    return replace(policy, virtual=found)


def _virtual(row: Mapping[str, Any], tag: str, path: Path, policy: TagPolicy, has_environments: bool) -> VirtualTag:
    by = tuple(word.strip() for word in row["by"])
    if not by:
        raise Mismatch((*path, "by"), f"{tag} has no basis", f"one of {', '.join(_BASES)}")
    for at, word in enumerate(by):
        named = word.startswith(_CATEGORY) and word.removeprefix(_CATEGORY).strip()
        if not named and word not in _BASES[:2]:
            raise Mismatch((*path, "by", at), f'"{word}" is no basis of a virtual tag', nearest(word, _BASES))
    if "environment" in by and not has_environments:
        raise Mismatch((*path, "by"), "no environment is described", "describe accounts and regions in [environments]")
    if ("account" in by) != bool(row.get("accounts")):
        fix = f'by = ["account"] with accounts = {{ "200000000030" = "..." }} below [tags.virtual.{tag}]'
        raise Mismatch(path, "the basis account and the map accounts need each other", fix)
    accounts = {
        account.strip(): printed_value(value, tag, (*path, "accounts", account), policy)
        for account, value in row.get("accounts", {}).items()
    }
    return VirtualTag(by, accounts)
