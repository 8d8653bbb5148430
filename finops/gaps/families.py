"""What AWS and the usual tools write on all resources of one family, from families.csv.

A family is a CloudFormation stack, an EKS cluster, an Auto Scaling group, or what names have in common. `evidence`
says what tells it: the `value` of the key, the `stack` in an ARN, the `stem` of a name before its first digit, or what
stands behind the prefix in the `key` itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from finops.config.spellings import signatures


class Family(NamedTuple):
    """How one key of the bill tells a family; `said` is what the key itself tells, blank where its value does."""

    key: str
    basis: str
    evidence: str
    said: str = ""


def families(raw_keys: Iterable[str]) -> list[Family]:
    """Each key of the bill that tells a family, however the export spells it."""
    return [found for raw in raw_keys for found in _of_key(raw)]


def _of_key(raw: str) -> Iterator[Family]:
    signs = signatures(raw)
    for basis, key, evidence in _table():
        wanted = signatures(key.removesuffix("*"))[0]
        if not key.endswith("*"):
            if wanted in signs:
                yield Family(raw, basis, evidence)
        elif rest := next((sign[len(wanted) :] for sign in signs if sign.startswith(wanted)), ""):
            yield Family(raw, basis, evidence, rest)


@cache
def _table() -> tuple[tuple[str, str, str], ...]:
    with Path(__file__).with_name("families.csv").open(newline="", encoding="utf-8") as handle:
        return tuple((row["basis"], row["key"], row["evidence"]) for row in csv.DictReader(handle))
