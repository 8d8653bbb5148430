"""The estate's own standards of `[lifecycle]`: when objects move or expire, how long logs are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finops.config.schema import Mismatch

# What CloudWatch Logs takes for a retention; without one logs are kept for good.
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
# These take objects from 30 days on.
_FROM_30_DAYS = ("STANDARD_IA", "ONEZONE_IA")


@dataclass(frozen=True)
class BucketStandard:
    """What holds for buckets whose name fits one of `buckets` (`*` and `?`); days from when an object was made.

    `transitions` maps storage classes to days. None is not asked for.
    """

    name: str
    buckets: tuple[str, ...]
    transitions: Mapping[str, int] = field(default_factory=dict)
    expire_days: int | None = None
    noncurrent_days: int | None = None


@dataclass(frozen=True)
class LogStandard:
    """How many days log groups whose name fits one of `groups` (`*` and `?`) are kept."""

    name: str
    groups: tuple[str, ...]
    retention_days: int


@dataclass(frozen=True)
class LifecycleStandards:
    """All of them; the first one that fits a bucket or a log group holds for it."""

    s3: tuple[BucketStandard, ...] = ()
    logs: tuple[LogStandard, ...] = ()


def lifecycle_standards(table: Mapping[str, Any]) -> LifecycleStandards:
    """The standards of a checked document. Raises Mismatch for days that AWS does not take."""
    return LifecycleStandards(
        s3=tuple(_bucket(row, at) for at, row in enumerate(table.get("s3", ()))),
        logs=tuple(_log(row, at) for at, row in enumerate(table.get("logs", ()))),
    )


def _bucket(row: Mapping[str, Any], at: int) -> BucketStandard:
    for name, days in row.get("transitions", {}).items():
        if name in _FROM_30_DAYS and days < 30:
            raise Mismatch(("lifecycle", "s3", at, "transitions", name), f"{name} takes objects from 30 days on")
    return BucketStandard(**{**row, "buckets": tuple(row["buckets"])})


def _log(row: Mapping[str, Any], at: int) -> LogStandard:
    days = row["retention_days"]
    if days not in RETENTION_DAYS:
        near = min(RETENTION_DAYS, key=lambda one: abs(one - days))
        what = f"CloudWatch Logs has no retention of {days} days"
        raise Mismatch(("lifecycle", "logs", at, "retention_days"), what, f"retention_days = {near}")
    return LogStandard(row["name"], tuple(row["groups"]), days)
