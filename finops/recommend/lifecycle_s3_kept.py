"""What the present classes and versions of a bucket cost too much: left early, read too much, kept unseen."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.recommend.lifecycle_classes import S3, STANDARD, storage_classes
from finops.recommend.lifecycle_inventory import Sizes
from finops.recommend.lifecycle_moves import KIB_PER_GB
from finops.recommend.lifecycle_prices import in_words
from finops.recommend.lifecycle_rows import facts_of, more_of, row_of, with_saving
from finops.recommend.lifecycle_s3 import LEAST_COST, Asked
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Recommendation

_NONE = Decimal(0)
# USD a month: what is less rounds away in print.
_LEAST = Decimal("0.01")


def kept_too_dear(bucket: Holder, asked: Asked) -> Iterator[Recommendation]:
    """Every row about one bucket beside the class of its Standard storage."""
    yield from _left_early(bucket, asked)
    yield from _read_too_much(bucket, asked)
    yield from _unfinished(bucket, asked)
    if bucket.name in asked.sizes:
        yield from _unseen(bucket, asked.sizes[bucket.name], asked)


def _left_early(bucket: Holder, asked: Asked) -> Iterator[Recommendation]:
    """Charged for days on which the objects were gone: the class is wrong for how long they live."""
    cost = bucket.monthly_cost("deleted early")
    if cost >= _LEAST:
        action = f"delay the transitions of {bucket.name}: objects leave a class before its minimum days are over"
        facts = f"{facts_of(bucket)}; early deletes cost {cost:,.2f} a month"
        row = row_of(bucket, asked.settings, "s3_early_delete", cost, action, facts, "own rate", "upper bound")
        yield with_saving(row, cost, _NONE)


def _read_too_much(bucket: Holder, asked: Asked) -> Iterator[Recommendation]:
    """A cold class whose retrieval costs more than its storage saves against Standard."""
    standard = asked.prices.price(S3, bucket.region, "TimedStorage-ByteHrs")
    if standard is None:
        return
    for one in storage_classes():
        read, stored = bucket.monthly_cost("retrieved", one.id), bucket.gb(one.id)
        saved = stored * (standard.price - bucket.rate(one.id))
        if not stored or read - saved < _LEAST:
            continue
        action = f"keep what is read of {bucket.name} in Standard or Intelligent-Tiering: {one.name} costs more here"
        facts = (
            f"{stored:,.1f} GB in {one.name} save {saved:,.2f} a month of storage, reading costs {read:,.2f}; "
            f"{in_words('Standard', standard.price, standard)}"
        )
        cost, more = read + bucket.storage_cost(one.id), more_of(STANDARD)
        row = row_of(bucket, asked.settings, "s3_retrieval", cost, action, facts, standard.basis, "upper bound", more)
        yield with_saving(row, read - saved, _NONE)


def _unfinished(bucket: Holder, asked: Asked) -> Iterator[Recommendation]:
    """More multipart uploads begun than completed: their parts are stored, and no line of the bill says how much."""
    begun, ended = bucket.monthly("uploads begun"), bucket.monthly("uploads ended")
    sizes = asked.sizes.get(bucket.name)
    if begun - ended < 1 or (sizes is not None and sizes.multipart_bytes is not None):
        return
    facts = f"{begun:,.0f} multipart uploads begun a month, {ended:,.0f} completed; the bill does not say what is left"
    cost = bucket.storage_cost(STANDARD)
    yield row_of(bucket, asked.settings, "s3_multipart", cost, _abort(bucket), facts, "own rate")


def _unseen(bucket: Holder, sizes: Sizes, asked: Asked) -> Iterator[Recommendation]:
    """Noncurrent versions and parts of uploads, which only a file can tell; some of them may be young."""
    expire = f"expire noncurrent versions of {bucket.name} once nobody can need them"
    found = (
        ("s3_noncurrent", sizes.noncurrent_bytes, expire, Decimal(LEAST_COST)),
        ("s3_multipart", sizes.multipart_bytes, _abort(bucket), _LEAST),
    )
    for kind, size, action, least in found:
        gb, rate = Decimal(size or 0) / 1024 / KIB_PER_GB, bucket.rate(STANDARD)
        if gb * rate >= least:
            facts = f"{gb:,.1f} GB by the inventory at {rate:.6g} a GB-month (own rate)"
            row = row_of(bucket, asked.settings, kind, gb * rate, action, facts, "own rate", "upper bound")
            yield with_saving(row, gb * rate, _NONE, _NONE)


def _abort(bucket: Holder) -> str:
    return f"abort incomplete multipart uploads of {bucket.name} after 7 days, which is always safe"
