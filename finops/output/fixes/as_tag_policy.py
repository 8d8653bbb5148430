"""A tag policy of AWS Organizations from the settings: the spelling of keys, and the values that are allowed."""

from __future__ import annotations

import json
import re
from typing import Any

from finops.config.settings import TagPolicy, ValueRule
from finops.gaps.fixable import Fixable
from finops.output.fixes import Files

_FIXED_START = re.compile(r"[A-Za-z0-9 _:/@=-]*")


def files(found: Fixable, policy: TagPolicy) -> Files:
    """One policy document. It enforces nothing until `enforced_for` names resource types, and never demands a tag."""
    tags = {tag: _tag(tag, policy.values.get(tag)) for tag in policy.tags}
    yield "tag-policy.json", json.dumps({"tags": tags}, indent=2, ensure_ascii=False) + "\n"


def _tag(tag: str, rule: ValueRule | None) -> dict[str, Any]:
    values = list(rule.allowed) if rule else []
    if rule and rule.pattern and not values:
        # A tag policy knows a value that ends in `*` and no other pattern.
        start = _fixed_start(rule.pattern)
        values = [f"{start}*"] if start and "|" not in rule.pattern else []
    return {"tag_key": {"@@assign": tag}, **({"tag_value": {"@@assign": values}} if values else {})}


def _fixed_start(pattern: str) -> str:
    """The text every match of the pattern begins with, as far as it is plain text."""
    found = _FIXED_START.match(pattern)
    start = found[0] if found else ""
    # The sign behind it makes the last character optional or repeated.
    return start[:-1] if pattern[len(start) : len(start) + 1] in ("*", "+", "?", "{") else start
