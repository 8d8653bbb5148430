"""Service control policies that deny creating what could carry a required tag and does not."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from finops.config.settings import TagPolicy
from finops.gaps.fixable import Fixable
from finops.output.fixes import Files

# Characters of one policy, white space counted (AWS: "Quotas for AWS Organizations").
MOST_CHARACTERS = 5120


def files(found: Fixable, policy: TagPolicy) -> Files:
    """One statement per tag, as conditions of one statement are joined by and; as many files as the limit asks for.

    A tag that is not required in every place has none: a policy holds for a whole account.
    """
    documents = list(_documents([_statement(tag) for tag in policy.everywhere]))
    for number, document in enumerate(documents, 1):
        name = "scp.json" if len(documents) == 1 else f"scp-{number}.json"
        yield name, _text(document)


def _documents(statements: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    for statement in statements:
        if held and len(_text([*held, statement])) > MOST_CHARACTERS:
            yield held
            held = []
        held.append(statement)
    if held:
        yield held


def _statement(tag: str) -> dict[str, Any]:
    # On `*` RunInstances would be denied for its image and its subnet, which have no request tags.
    return {
        "Sid": "RequireTag" + (re.sub(r"[^A-Za-z0-9]", "", tag) or "".join(f"{ord(c):x}" for c in tag)),
        "Effect": "Deny",
        "Action": list(dict.fromkeys(action for action, _ in _creates())),
        "Resource": list(dict.fromkeys(resource for _, resource in _creates())),
        "Condition": {"Null": {f"aws:RequestTag/{tag}": "true"}},
    }


def _text(statements: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1, ensure_ascii=False) + "\n"


@cache
def _creates() -> tuple[tuple[str, str], ...]:
    """Calls that take tags as they create, each with the resources that get them."""
    with Path(__file__).with_name("creates.csv").open(newline="", encoding="utf-8") as handle:
        return tuple((row["action"], row["resource"]) for row in csv.DictReader(handle))
