"""gp2 volumes as gp3 with the same performance: size, IOPS and throughput priced one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.catalog import Problem
from finops.config.settings import Settings
from finops.prices import Price
from finops.recommend.lifecycle_prices import StoragePrices, basis_of, in_words
from finops.recommend.lifecycle_rows import more_of, row_of, with_saving
from finops.recommend.lifecycle_usage import Holder
from finops.recommend.row import Recommendation

EC2, GP2 = "AmazonEC2", "gp2"
# The day gp3 could first be had.
GP3_SINCE = date(2020, 12, 1)
# gp3 has so much included.
FREE_IOPS, FREE_MIBPS = 3000, 125
# gp2: IOPS a GB and at most; MiB/s up to 170 GB, and above, where smaller ones need burst credits for it.
_IOPS_PER_GB, _MOST_IOPS = 3, 16_000
_SMALL_GB, _SMALL_MIBPS, _MIBPS = 170, 128, 250
_LEAST = Decimal("0.01")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Gp3:
    """What gp3 costs a month: per GB, per IOPS above 3,000, per MiB/s above 125."""

    gb: Decimal
    iops: Decimal
    mibps: Decimal


def extra_iops(gb: Decimal) -> Decimal:
    """IOPS that a gp2 volume of the size has beyond those that are included in gp3; bursts are within these."""
    return max(min(gb * _IOPS_PER_GB, Decimal(_MOST_IOPS)) - FREE_IOPS, _NONE)


def extra_mibps(gb: Decimal) -> Decimal:
    """MiB/s that a gp2 volume of the size can reach beyond those that are included in gp3."""
    return Decimal((_SMALL_MIBPS if gb <= _SMALL_GB else _MIBPS) - FREE_MIBPS)


def gp3_cost(gb: Decimal, prices: Gp3, throughput: bool = True) -> Decimal:
    """A month of a gp3 volume that does what a gp2 volume of the size does; without `throughput` 125 MiB/s."""
    mibps = extra_mibps(gb) * prices.mibps if throughput else _NONE
    return gb * prices.gb + extra_iops(gb) * prices.iops + mibps


def to_gp3(volumes: Sequence[Holder], prices: StoragePrices, settings: Settings) -> Iterator[Recommendation]:
    """One row for each gp2 volume that is cheaper as gp3, and for each whose region has no known price of it."""
    for one in volumes:
        if one.is_alive and not _is_young(one) and one.window.end > GP3_SINCE and one.rate(GP2):
            yield from _of_volume(one, prices, settings)


def _is_young(one: Holder) -> bool:
    """Whether it may have been there for a part of the window only: then its size is not known."""
    return min(row.first_day for row in one.rows) > one.window.first or any(
        row.last_day < one.window.end.fromordinal(one.window.end.toordinal() - 1) for row in one.rows
    )


def _of_volume(one: Holder, prices: StoragePrices, settings: Settings) -> Iterator[Recommendation]:
    cost, gb = one.storage_cost(GP2), one.gb(GP2)
    known = _prices(one.region, prices)
    facts = f"{gb:,.1f} GB of gp2 at {one.rate(GP2):.6g} (own rate)"
    if known is None:
        action = f"{one.name}: prices of gp3 in {one.region} are not known; finops prices refresh"
        yield row_of(one, settings, "gp2_to_gp3", cost, action, facts, "unknown")
        return
    gp3, listed = known
    saving = cost - gp3_cost(gb, gp3)
    if saving >= _LEAST:
        action = f"change {one.name} from gp2 to gp3 with {_wanted(gb)}"
        words = ", ".join(in_words(name, price.price, price) for name, price in listed)
        facts += f"; {words}; high: {FREE_MIBPS} MiB/s are enough; at most once in 6 hours, while in use"
        basis, more = basis_of(p for _, p in listed), more_of(None, gb=gb)
        row = row_of(one, settings, "gp2_to_gp3", cost, action, facts, basis, "measured", more)
        yield with_saving(row, saving, saving, _NONE, cost - gp3_cost(gb, gp3, throughput=False))


def _wanted(gb: Decimal) -> str:
    return f"{FREE_IOPS + extra_iops(gb):,.0f} IOPS and {FREE_MIBPS + extra_mibps(gb):,.0f} MiB/s"


def _prices(region: str, prices: StoragePrices) -> tuple[Gp3, list[tuple[str, Price]]] | None:
    gb, iops, mibps = (
        prices.price(EC2, region, f"EBS:{key}.gp3") for key in ("VolumeUsage", "VolumeP-IOPS", "VolumeP-Throughput")
    )
    if gb is None or iops is None or mibps is None or not mibps.unit:
        return None
    # the bill counts GiB/s, price lists either
    per_mibps = mibps.price / 1024 if mibps.unit.lower().startswith("gib") else mibps.price
    return Gp3(gb.price, iops.price, per_mibps), [("gp3", gb), ("an IOPS", iops), (f"a {mibps.unit}", mibps)]


def not_judged(volumes: Iterable[Holder]) -> list[Problem]:
    """What to say of gp2 volumes that no advice can be given for."""
    found = [one for one in volumes if one.is_alive]
    if found and found[0].window.end <= GP3_SINCE:
        text = f"{len(found)} gp2 volumes: gp3 is offered since {GP3_SINCE}, and the bill ends before"
        return [Problem("older_than_gp3", text)]
    young = [one for one in found if _is_young(one)]
    if not young:
        return []
    cost = sum((one.storage_cost(GP2) for one in young), _NONE)
    text = f"{len(young)} gp2 volumes ({cost:,.2f} a month) were there on a part of the last days only: size unknown"
    return [Problem("young_volumes", text, ", ".join(one.name for one in young[:3]))]
