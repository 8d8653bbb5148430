"""The estate's own standards held against the bill, as far as a bill can tell: kept, broken or not to be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

from finops.config.lifecycle import BucketStandard, LogStandard
from finops.config.settings import Settings
from finops.recommend.lifecycle_classes import S3, STANDARD
from finops.recommend.lifecycle_others import LOGS, short_name
from finops.recommend.lifecycle_rows import row_of
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Recommendation

State = Literal["kept", "broken", "cannot tell"]
KIND = "lifecycle_standard"
# Growth a month of less than this share is none: some services write without a request on the bill.
_STEADY = Decimal("0.001")


@dataclass(frozen=True)
class Held:
    """One standard held against one bucket or log group; `why` is what the bill says, `cost` a month of it."""

    holder: Holder
    name: str
    standard: str
    rule: str
    state: State
    why: str
    cost: Decimal


def held_standards(holders: Iterable[Holder], settings: Settings) -> list[Held]:
    """Every standard of the settings against everything it is for, what stores nothing any more left out."""
    return [one for holder in holders if holder.is_alive and holder.name for one in _held(holder, settings)]


def broken(found: Iterable[Held], settings: Settings) -> Iterator[Recommendation]:
    """A row for each that is broken. What it would save depends on how old the data are, which no bill says."""
    for one in found:
        if one.state == "broken":
            action = f"set {one.rule} for {one.name}, as {one.standard} asks"
            row = row_of(one.holder, settings, KIND, one.cost, action, one.why, "own rate")
            # one bucket may break several rules
            yield replace(row, where=(*row.where, one.rule))


def _held(holder: Holder, settings: Settings) -> Iterator[Held]:
    name = short_name(holder) if holder.service == LOGS else holder.name
    if holder.service == S3:
        for bucket in [one for one in settings.lifecycle.s3 if _fits(name, one.buckets)][:1]:
            yield from _bucket(holder, bucket)
    elif holder.service == LOGS:
        for group in [one for one in settings.lifecycle.logs if _fits(name, one.groups)][:1]:
            yield _logs(holder, name, group)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _bucket(holder: Holder, asked: BucketStandard) -> Iterator[Held]:
    cost = holder.storage_cost(STANDARD)
    for storage_class, days in asked.transitions.items():
        rule = f"a transition to {storage_class} at {days} days"
        yield Held(holder, holder.name, asked.name, rule, *_moved(holder, storage_class, days), cost)
    if asked.expire_days is not None:
        rule = f"an expiration at {asked.expire_days} days"
        yield Held(holder, holder.name, asked.name, rule, *_expired(holder, asked.expire_days), holder.storage_cost())
    if asked.noncurrent_days is not None:
        rule = f"an expiration of noncurrent versions at {asked.noncurrent_days} days"
        why = "the bill does not tell noncurrent versions apart"
        yield Held(holder, holder.name, asked.name, rule, "cannot tell", why, holder.storage_cost())


def _moved(holder: Holder, storage_class: str, days: int) -> tuple[State, str]:
    """Broken where data is in the bucket for longer, nothing was written since, and none of it is in the class."""
    if holder.gb(storage_class):
        return "kept", f"{holder.gb(storage_class):,.1f} GB are in {storage_class}"
    if not holder.gb(STANDARD):
        return "kept", "nothing is in Standard"
    return _all_older(holder, days, "in Standard", holder.gb(STANDARD))


def _expired(holder: Holder, days: int) -> tuple[State, str]:
    return _all_older(holder, days, "stored", holder.gb())


def _all_older(holder: Holder, days: int, where: str, gb: Decimal) -> tuple[State, str]:
    """What is left is older than so many days for sure where nothing was written for so long."""
    # AWS works rules off once a day and may lag: a few days of grace
    since = holder.window.end - timedelta(days=days + 3)
    if holder.window.start > since:
        return "cannot tell", f"{holder.window.history} days are loaded, fewer than it takes to tell"
    last = max(filter(None, (holder.last_day("writes"), holder.last_day("uploads ended"))), default=None)
    if holder.growth is None or holder.growth > holder.gb() * _STEADY:
        return "cannot tell", "it grows, or too few days are loaded to say that it does not"
    if last is not None and last >= since:
        return "cannot tell", f"last written on {last}: what is {where} may be younger"
    return "broken", f"{gb:,.1f} GB are {where}, and nothing was written since {since}"


def _logs(holder: Holder, name: str, asked: LogStandard) -> Held:
    """Broken where more is kept than was written in so many days, though what is kept is compressed."""
    days = asked.retention_days
    kept, written = holder.gb("logs"), holder.daily("ingested") * days
    state: State = "broken" if kept > written else "cannot tell"
    why = f"{kept:,.1f} GB are kept, {written:,.1f} GB are written in {days} days, before compression"
    return Held(holder, name, asked.name, f"a retention of {days} days", state, why, holder.storage_cost("logs"))
