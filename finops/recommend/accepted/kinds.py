"""How each kind of advice is checked on later bills: which lines it is about, and by what it saves."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from finops.recommend.review.asked import Advice

_TABLE = Path(__file__).with_name("kinds.csv")
# What another one decides, such as who reads it, is not what the advice is about.
_NEVER = re.compile(r"DataTransfer|-Bytes$")
_NOT_KNOWN = "nothing here says how a bill shows it"


@dataclass(frozen=True)
class Kind:
    """A row of kinds.csv.

    `scope` is whose lines count: of the resource, of all in the account and region (`place`), of the tasks of a
    cluster, of the instances of a group, of commitments that are bought, or of one that is held; blank where no bill
    tells, and `why` says so. `saves_by` is `usage` where less of it is used, `rate` where the same costs less, `spot`
    where hours run on Spot. `counted` and `level` are patterns of usage types: those that count, and those whose
    quantity is the level of use.
    """

    scope: str
    saves_by: str
    counted: str
    level: str
    why: str

    def counts(self, usage_type: str) -> bool:
        """Whether lines of the usage type are about it."""
        if self.counted:
            return bool(re.search(self.counted, usage_type))
        return not _NEVER.search(usage_type)

    def is_level(self, usage_type: str) -> bool:
        """Whether its quantity says how much is used."""
        return bool(self.level and re.search(self.level, usage_type))


@cache
def _kinds() -> dict[str, Kind]:
    with _TABLE.open(newline="", encoding="utf-8") as handle:
        return {row.pop("kind"): Kind(**row) for row in csv.DictReader(handle)}


def kind_of(advice: Advice) -> Kind:
    """How advice is checked."""
    return check_of(advice.kind, str(advice["service"] or ""), str(advice["resource_id"] or ""))


def check_of(kind: str, service: str, resource_id: str) -> Kind:
    """How advice of a kind about a resource is checked; a scope that is blank says why it cannot be."""
    found = _kinds().get(kind, Kind("", "", "", "", _NOT_KNOWN))
    if found.scope == "tasks" and service not in ("AmazonECS", "AmazonEKS"):
        return _kinds()["spot on instances"]
    if found.scope in ("resource", "tasks") and not resource_id:
        return Kind("", "", "", "", "the bill names no resource")
    return found
