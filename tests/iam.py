"""What an IAM policy of Allow statements allows, for the grammar that finops writes: StringLike, `*`, `?`, `${*}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def allows(policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether a statement allows an action on a resource. A condition on a key that the request lacks is not met."""
    return any(
        action in statement["Action"]
        and _like(resource, statement["Resource"])
        and all(
            any(_like((context or {}).get(key), pattern) for pattern in _listed(patterns))
            for key, patterns in statement.get("Condition", {}).get("StringLike", {}).items()
        )
        for statement in policy["Statement"]
    )


def _listed(patterns: str | list[str]) -> list[str]:
    return [patterns] if isinstance(patterns, str) else patterns


def _like(text: str | None, pattern: str) -> bool:
    meanings = {"*": ".*", "?": "."}
    parts = re.findall(r"\$\{([*?$])\}|(.)", pattern, re.DOTALL)
    regex = "".join(
        re.escape(literal) if literal else meanings.get(other, re.escape(other)) for literal, other in parts
    )
    return text is not None and re.fullmatch(regex, text, re.DOTALL) is not None
