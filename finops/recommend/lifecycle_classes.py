"""The storage classes of S3 that lifecycle moves to, each with its price in the region of a bucket."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from finops.prices import Price
from finops.recommend.lifecycle_moves import Move
from finops.recommend.lifecycle_prices import StoragePrices, basis_of, in_words
from finops.recommend.lifecycle_usage import Holder

S3 = "AmazonS3"
STANDARD = "STANDARD"
CLASSES = Path(__file__).with_name("lifecycle_classes.csv")


@dataclass(frozen=True)
class StorageClass:
    """One class to move to. Keys are usage types without region prefix, blank where the class has none of its own.

    `is_instant` is whether it reads as fast as Standard does and is kept in as many zones.
    """

    id: str
    name: str
    storage_key: str
    retrieval_key: str
    transition_key: str
    min_days: int
    floor_kib: int
    own_overhead_kib: int
    standard_overhead_kib: int
    is_instant: bool


@dataclass(frozen=True)
class Target:
    """A class at the prices of a bucket's region: the arithmetic of moving there, the basis, the prices in words."""

    storage_class: StorageClass
    move: Move
    basis: str
    words: str


@dataclass(frozen=True)
class Tiering:
    """Intelligent-Tiering at the prices of a bucket's region: per object moved, per object-month, and of its tiers."""

    fee: Decimal
    monitoring: Decimal
    price_from: Decimal
    infrequent: Decimal
    basis: str
    words: str


@cache
def storage_classes() -> tuple[StorageClass, ...]:
    """The classes of lifecycle_classes.csv, the dearest storage first."""
    with CLASSES.open(newline="", encoding="utf-8") as handle:
        return tuple(_class(row) for row in csv.reader(handle) if row[0] != "storage_class")


def _class(row: list[str]) -> StorageClass:
    days, floor, own, standard, instant = map(int, row[5:])
    return StorageClass(row[0], row[1], row[2], row[3], row[4], days, floor, own, standard, bool(instant))


def targets(bucket: Holder, prices: StoragePrices) -> Iterator[Target]:
    """The classes that read at once whose prices are known in the region of the bucket."""
    for one in storage_classes():
        found = target(bucket, one, prices) if one.is_instant else None
        if found is not None:
            yield found


def target(bucket: Holder, to: StorageClass, prices: StoragePrices) -> Target | None:
    """The class at the prices of the bucket's region, Standard at its own rate; None where one is unknown."""
    storage, fee = prices.price(S3, bucket.region, to.storage_key), _fee(bucket, to.transition_key, to.id, prices)
    retrieval = prices.price(S3, bucket.region, to.retrieval_key) if to.retrieval_key else None
    if storage is None or fee is None or (to.retrieval_key and retrieval is None):
        return None
    standard = bucket.rate(STANDARD)
    named = [(to.name, storage), ("a transition", fee), *([("a GB read", retrieval)] if retrieval else [])]
    move = Move(
        price_from=standard,
        price_to=storage.price,
        fee=fee.price,
        retrieval=retrieval.price if retrieval else Decimal(0),
        floor_kib=to.floor_kib,
        own_overhead_kib=to.own_overhead_kib,
        standard_overhead_kib=to.standard_overhead_kib,
        price_standard=standard,
    )
    return Target(to, move, basis_of(price for _, price in named), _words(standard, named))


def tiering(bucket: Holder, prices: StoragePrices) -> Tiering | None:
    """Intelligent-Tiering for the bucket; None where one of its prices is not known in the region."""
    fee = _fee(bucket, "Requests-Tier4", "INTELLIGENT_TIERING", prices)
    monitoring = prices.price(S3, bucket.region, "Monitoring-Automation-INT")
    infrequent = prices.price(S3, bucket.region, "TimedStorage-INT-IA-ByteHrs")
    if fee is None or monitoring is None or infrequent is None:
        return None
    standard = bucket.rate(STANDARD)
    named = [("its infrequent tier", infrequent), ("monitoring an object", monitoring), ("a transition", fee)]
    words, basis = _words(standard, named), basis_of(price for _, price in named)
    return Tiering(fee.price, monitoring.price, standard, infrequent.price, basis, words)


def _fee(bucket: Holder, own_key: str, storage_class: str, prices: StoragePrices) -> Price | None:
    own = prices.price(S3, bucket.region, own_key) if own_key else None
    return own or prices.price(S3, bucket.region, storage_class, "transition")


def _words(standard: Decimal, named: list[tuple[str, Price]]) -> str:
    # a rate is a quotient: more digits than these are noise
    own = in_words("Standard", Decimal(f"{standard:.6g}"))
    return ", ".join([own, *(in_words(name, Decimal(f"{price.price:.6g}"), price) for name, price in named)])
