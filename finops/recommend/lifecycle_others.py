"""Logs, snapshots, images and backups: what they cost to keep, and how much of it could be saved at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from finops.config.settings import Settings
from finops.recommend.lifecycle_prices import StoragePrices, in_words
from finops.recommend.lifecycle_rows import row_of, with_saving
from finops.recommend.lifecycle_s3 import LEAST_COST, UNREAD_DAYS
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Class, Recommendation

LOGS = "AmazonCloudWatch"
_NONE = Decimal(0)


@dataclass(frozen=True)
class _Kept:
    """One kind of thing that is kept: what to do about it, what the bill cannot say. `of_all`: no row for each one."""

    service: str
    storage_class: str
    kind: str
    of_all: bool
    certainty: Class
    action: str
    unknown: str


_KEPT = (
    _Kept(
        "AmazonECR", "images", "ecr_images", False, "needs data",
        "give {name} a lifecycle policy that keeps the last images and those in use",
        "which images are in use is not in the bill",
    ),
    _Kept(
        "AmazonRDS", "backup", "rds_backups", True, "upper bound",
        "shorten the backup retention, and delete manual snapshots of databases that are gone, in {region}",
        "charged is what exceeds the storage of the databases; it cannot be told apart by database",
    ),
    _Kept(
        "AmazonDynamoDB", "pitr", "dynamodb_pitr", False, "upper bound",
        "switch point-in-time recovery of {name} off if its data can be made again",
        "whether it can is not in the bill",
    ),
)  # fmt: skip


def kept(holders: Iterable[Holder], settings: Settings) -> Iterator[Recommendation]:
    """A row for each thing of 5 a month or more that is kept: images, backups, point-in-time recovery."""
    known = list(holders)
    for rule in _KEPT:
        found = [one for one in known if one.service == rule.service and one.gb(rule.storage_class)]
        for one in _together(found) if rule.of_all else found:
            cost = one.storage_cost(rule.storage_class)
            if one.is_alive and cost >= LEAST_COST:
                grown = one.growth
                grows = f", {grown:+,.1f} GB a month" if grown is not None else ""
                facts = f"{one.gb(rule.storage_class):,.1f} GB{grows}; {rule.unknown}"
                action = rule.action.format(name=one.name or "the resource", region=one.region)
                row = row_of(one, settings, rule.kind, cost, action, facts, "own rate", rule.certainty)
                yield row if rule.certainty == "needs data" else with_saving(row, cost, _NONE, _NONE)


def snapshots(holders: Iterable[Holder], settings: Settings) -> Iterator[Recommendation]:
    """One row by account and region: what snapshots cost that are older than 90 days, as far as the bill goes back."""
    found = [one for one in holders if one.service == "AmazonEC2" and one.gb("snapshot") and one.is_alive]
    for together in _together(found):
        mine = [one for one in found if (one.account, one.region) == (together.account, together.region)]
        old = [one for one in mine if _first_day_before(one)]
        cost = sum((one.storage_cost("snapshot") for one in mine), _NONE)
        of_old = sum((one.storage_cost("snapshot") for one in old), _NONE)
        if of_old >= LEAST_COST:
            action = f"delete what nobody needs of {len(old):,} EBS snapshots in {together.region} older than 90 days"
            facts = (
                f"{len(mine):,} snapshots, {len(old):,} of them in the bill for {UNREAD_DAYS} days cost {of_old:,.2f}; "
                "deleting one frees only blocks that no other snapshot has; leave those of AMIs and of AWS Backup"
            )
            row = row_of(together, settings, "ebs_snapshots", cost, action, facts, "own rate", "upper bound")
            yield with_saving(row, of_old, _NONE, _NONE)


def _first_day_before(one: Holder) -> bool:
    return min(row.first_day for row in one.rows) <= one.window.end - timedelta(days=UNREAD_DAYS)


def _together(holders: Iterable[Holder]) -> list[Holder]:
    """One holder without a name for all of an account in a region."""
    found: dict[tuple[str, str, str], list[Holder]] = defaultdict(list)
    for one in holders:
        found[one.service, one.account, one.region].append(one)
    return [
        Holder(*key, "", tuple(row for one in several for row in one.rows), several[0].window)
        for key, several in found.items()
    ]


def log_groups(holders: Iterable[Holder], prices: StoragePrices, settings: Settings) -> Iterator[Recommendation]:
    """Retention saves what is kept, which is little beside what is written; the class decides what writing costs."""
    for one in holders:
        if one.service == LOGS and one.name:
            yield from _retention(one, settings)
            yield from _class(one, prices, settings)


def _retention(one: Holder, settings: Settings) -> Iterator[Recommendation]:
    cost, written = one.storage_cost("logs"), one.monthly_cost("ingested")
    if cost < LEAST_COST or not one.is_alive:
        return
    name = short_name(one)
    action = f"set a retention for {name}: keeping its logs costs {cost:,.2f} a month, writing them {written:,.2f}"
    facts = (
        f"{one.gb('logs'):,.1f} GB kept; the bill says neither their age nor the retention; deleting may lag 72 hours"
    )
    row = row_of(one, settings, "logs_retention", cost, action, facts, "own rate", "upper bound")
    yield with_saving(row, cost, _NONE, _NONE)


def _class(one: Holder, prices: StoragePrices, settings: Settings) -> Iterator[Recommendation]:
    """The class Infrequent Access, which is chosen when a log group is made and cannot do everything."""
    written, gb = one.monthly_cost("ingested"), one.monthly("ingested")
    if written < LEAST_COST:
        return
    name = short_name(one)
    facts = (
        f"{gb:,.1f} GB written a month; the class is fixed: it takes a new log group, "
        "without metric filters, subscriptions and Live Tail"
    )
    price = prices.price(LOGS, one.region, "DataProcessingIA-Bytes")
    if price is None:
        action = f"write less to {name}, or to a group of class Infrequent Access, whose price here is not known"
        yield row_of(one, settings, "logs_class", written, action, facts, "unknown")
        return
    saving = written - gb * price.price
    if saving > 0:
        action = f"write {name} to a log group of class Infrequent Access if it is only searched"
        facts += f"; {in_words('Infrequent Access', price.price, price)}"
        row = row_of(one, settings, "logs_class", written, action, facts, price.basis, "upper bound")
        yield with_saving(row, saving, _NONE, _NONE)


def short_name(one: Holder) -> str:
    """The name of a log group without its ARN."""
    return one.name.partition(":log-group:")[2].removesuffix(":*") or one.name
