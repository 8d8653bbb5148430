"""What runs and does no work: NAT gateways without bytes, load balancers without requests, addresses, endpoints."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from finops.config.waste import WastePolicy
from finops.recommend.row import Recommendation
from finops.recommend.waste_facts import Used, advice, saving

_TABLE = Path(__file__).with_name("waste_idle.csv")


@dataclass(frozen=True)
class Rule:
    """`runs` and `works` match usage types: of the hours, and of the work (None: the hours alone prove it)."""

    kind: str
    services: tuple[str, ...]
    runs: re.Pattern[str]
    works: re.Pattern[str] | None
    needs: str
    action: str


@cache
def rules() -> tuple[Rule, ...]:
    """The table of what can stand idle."""
    with _TABLE.open(newline="", encoding="utf-8") as handle:
        return tuple(
            Rule(
                row["kind"],
                tuple(row["services"].split("|")),
                re.compile(row["runs"]),
                re.compile(row["works"]) if row["works"] else None,
                row["needs"],
                row["action"],
            )
            for row in csv.DictReader(handle)
        )


def idle(facts: Sequence[Used], policy: WastePolicy) -> Iterator[Recommendation]:
    """A row for each resource that still runs, ran long enough and shows no work.

    Where the bill shows no work of any resource of the kind it does not tell work apart: then there is no figure.
    """
    for rule in rules():
        work: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        among = [one for one in facts if one.service in rule.services]
        for one in among:
            if rule.works and rule.works.search(one.usage_type):
                work[one.resource] += one.quantity
        told = rule.works is None or any(work.values())
        for one in among:
            if rule.runs.search(one.usage_type) and _is_idle(one, work.get(one.resource, Decimal(0)), rule, policy):
                yield _row(rule, one, told)


def _is_idle(one: Used, work: Decimal, rule: Rule, policy: WastePolicy) -> bool:
    long = one.running >= policy.idle_hours or (rule.works is None and one.cost > 0)
    return bool(one.resource_id) and one.still and long and not work


def _row(rule: Rule, one: Used, told: bool) -> Recommendation:
    ran = f"{one.running:,} hours, {one.quantity.normalize():,f} of {one.usage_type}"
    if not told:
        action = f"look whether {one.name} works: the bill shows no {rule.needs} at all"
        return advice(one, rule.kind, "needs data", "unknown", action, ran)
    evidence = f"{ran}, no {rule.needs}" if rule.works else ran
    row = advice(one, rule.kind, "measured", "own rate", rule.action.format(name=one.name), evidence)
    # what a commitment covers is paid on
    return saving(row, one, one.open_cost, one.open_cost)
