"""What the company's own finops.toml makes of its tags, for truth.json: the rules read plainly."""

import re
import tomllib
from functools import cache
from typing import NamedTuple

from finops.ingest.demo.estate import settings_toml
from finops.ingest.demo.line import Item, Tags
from finops.ingest.demo.metrics import USAGE_TYPES

UNTAGGABLE, UNTAGGED, INVALID = "(untaggable)", "(untagged)", "(invalid)"


class Rule(NamedTuple):
    """One required tag: other spellings of its key, allowed values by lower-case spelling, pattern."""

    key: str
    spellings: tuple[str, ...]
    values: dict[str, str]
    pattern: str


@cache
def rules() -> tuple[Rule, ...]:
    """The required tags, in the order of the settings."""
    tags = tomllib.loads(settings_toml())["tags"]
    found = []
    for key in tags["required"]:
        about = tags["values"].get(key, {})
        values = {value.lower(): value for value in about.get("allowed", ())}
        for value, aliases in about.get("aliases", {}).items():
            values |= {alias.lower(): value for alias in aliases}
        found.append(Rule(key, tuple(tags["keys"].get(key, ())), values, about.get("pattern", "")))
    return tuple(found)


def is_taggable(item: Item) -> bool:
    """Can the line carry a tag at all?"""
    return item.type in USAGE_TYPES and bool(item.resource)


def value_of(item: Item, rule: Rule) -> str:
    """The canonical value of a required tag, or in brackets why there is none."""
    if not is_taggable(item):
        return UNTAGGABLE
    raw = _raw(item.tags, rule).strip()
    if not raw:
        return UNTAGGED
    if rule.values:
        return rule.values.get(raw.lower(), INVALID)
    if rule.pattern and not re.fullmatch(rule.pattern, raw):
        return INVALID
    return raw


def _raw(tags: Tags, rule: Rule) -> str:
    """The exact key if it has a value, else the first spelling of it that has one."""
    exact = dict(tags).get(rule.key, "")
    if exact.strip():
        return exact
    known = {_plain(name) for name in (rule.key, *rule.spellings)}
    return next((value for key, value in tags if _plain(key) in known and value.strip()), "")


def _plain(key: str) -> str:
    """A key without case and separators."""
    return re.sub(r"[^a-z0-9]", "", key.lower())
