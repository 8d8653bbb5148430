"""The same size in a newer family or on Graviton, at the actual ratio of two prices of the same region."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from finops.prices.lookup import Price, PriceBook, price_of
from finops.recommend.row import Class, Recommendation
from finops.recommend.waste_facts import Used, advice, saving

_TABLE = Path(__file__).with_name("waste_families.csv")
_TYPE = re.compile(
    r"^(?P<before>.*(?:BoxUsage|InstanceUsage|Multi-AZUsage|NodeUsage|ESInstance):)(?P<type>[a-z0-9.-]+)$"
)
# What arm64 runs: Linux without a licence, and engines that Graviton has.
_ARM = {
    "AmazonEC2": re.compile(r"RunInstances"),
    "AmazonRDS": re.compile(r"CreateDBInstance:00(02|14|16|18|21)"),
    "AmazonElastiCache": re.compile(r"CreateCacheCluster(:.*)?"),
    "AmazonES": re.compile(r"ESDomain"),
}
_CLASS: dict[str, Class] = {"previous_generation": "measured", "graviton": "upper bound"}


@dataclass(frozen=True)
class Better:
    """A successor, its price and that of what runs."""

    name: str
    usage_type: str
    price: Price
    before: Price

    @property
    def ratio(self) -> Decimal:
        """What the successor costs as a share of what runs."""
        return self.price.price / self.before.price


@cache
def families() -> dict[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]]:
    """By service and family: kinds of change, each with its successors, the newest first."""
    found: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    with _TABLE.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            change = (row["kind"], tuple(row["successors"].split()))
            found.setdefault((row["service"], row["family"]), []).append(change)
    return {key: tuple(changes) for key, changes in found.items()}


def family_and_size(usage_type: str) -> tuple[str, str, str] | None:
    """What stands before the type, its family, its size: `USE2-BoxUsage:`, `m5`, `large`; None of other usage."""
    found = _TYPE.match(usage_type)
    if not found:
        return None
    family, _, size = found["type"].removesuffix(".search").rpartition(".")
    return found["before"], family, size


def fit(facts: Sequence[Used], book: PriceBook) -> Iterator[Recommendation]:
    """A row for each instance or node on demand whose successor is cheaper, or whose price nobody knows."""
    for one in facts:
        parts = family_and_size(one.usage_type)
        if parts is None or not one.still or one.open_cost <= 0:
            continue
        for kind, successors in families().get((one.service, parts[1]), ()):
            if kind == "graviton" and not _ARM[one.service].fullmatch(one.operation):
                continue
            yield from _rows(one, kind, parts, successors, book)


def _rows(
    one: Used, kind: str, parts: tuple[str, str, str], successors: Sequence[str], book: PriceBook
) -> Iterator[Recommendation]:
    before = price_of(book, (one.service, one.region, one.usage_type, one.operation))
    names = [f"{family}.{parts[2]}" for family in successors]
    known = [found for name in names if before and (found := _better(one, parts[0], name, before, book))]
    if not known:
        action = f"hold {one.name} against {' or '.join(names)}, whose price in {one.region} no list here has"
        evidence = f"{one.running:,} hours of {one.usage_type}; no price of a successor in its region"
        yield advice(one, kind, "needs data", "unknown", action, evidence)
        return
    best = min(known, key=lambda found: found.price.price)
    if best.ratio < 1:
        yield _cheaper(one, kind, best, known)


def _better(one: Used, before: str, name: str, price: Price, book: PriceBook) -> Better | None:
    ending = ".search" if one.usage_type.endswith(".search") else ""
    usage_type = f"{before}{name}{ending}"
    found = price_of(book, (one.service, one.region, usage_type, one.operation))
    return Better(name, usage_type, found, price) if found and found.currency == price.currency else None


def _cheaper(one: Used, kind: str, best: Better, known: Sequence[Better]) -> Recommendation:
    dearest = max(known, key=lambda found: found.price.price)
    arm = ", once its images and libraries are built for arm64" if kind == "graviton" else ""
    basis = " and ".join(sorted({best.before.basis, best.price.basis}))
    evidence = (
        f"{one.running:,} hours of {one.usage_type} at {best.before.price.normalize():f} ({best.before.basis}); "
        f"{best.name} is {best.price.price.normalize():f} ({best.price.basis})"
    )
    row = advice(one, kind, _CLASS[kind], basis, f"run {one.name} as {best.name}{arm}", evidence)
    row = replace(row, more={"successor": best.usage_type})
    low = Decimal(0) if arm else max(one.open_cost * (1 - dearest.ratio), Decimal(0))
    return saving(row, one, low, one.open_cost * (1 - best.ratio))
