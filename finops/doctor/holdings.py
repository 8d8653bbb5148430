"""What the ledger holds, as far as an examination asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from finops.catalog import MARTS, Delivery, is_all_whole, open_catalog, store_of
from finops.choose import choose


@dataclass(frozen=True)
class Holdings:
    """The deliveries that count, by payer, oldest period first; the files of `lost` are gone, of `damaged` others."""

    by_payer: Mapping[str, tuple[Delivery, ...]]
    lost: tuple[Delivery, ...]
    identities: frozenset[str]
    damaged: tuple[Delivery, ...] = ()

    @property
    def counted(self) -> tuple[Delivery, ...]:
        """Every delivery that counts for some payer, once."""
        return tuple({one.delivery_id: one for group in self.by_payer.values() for one in group}.values())

    @property
    def periods(self) -> list[str]:
        """The billing periods that are loaded, oldest first."""
        return sorted({one.period for one in self.counted})

    @property
    def first_day(self) -> date:
        """The first day of the oldest billing period."""
        return date.fromisoformat(f"{self.periods[0]}-01")


def read_holdings(database: Path) -> Holdings:
    """Raises DataError when there is no database, when it cannot be read, or when nothing is loaded."""
    with open_catalog(database) as catalog:
        chosen = choose(catalog, "unblended")
        payers = catalog.execute("select delivery_id, billing_account_id from delivery_payers order by 1, 2").fetchall()
        known = catalog.execute("select identity from deliveries where state = 'current'").fetchall()
    counted = {one.delivery_id: one for one in chosen.deliveries}
    by_payer: dict[str, list[Delivery]] = defaultdict(list)
    for delivery_id, payer in payers:
        if delivery_id in counted and (delivery_id, payer) not in chosen.payers_left_out:
            by_payer[payer].append(counted[delivery_id])
    lost = tuple(one for one in chosen.deliveries if not _is_stored(database, one))
    store = store_of(database)
    damaged = tuple(one for one in chosen.deliveries if one not in lost and not is_all_whole(store, one.delivery_id))
    groups = {payer: tuple(sorted(group, key=lambda one: one.period)) for payer, group in by_payer.items()}
    return Holdings(groups, lost, frozenset(identity for (identity,) in known), damaged)


def newest_charge(deliveries: tuple[Delivery, ...]) -> datetime | None:
    """The end of the newest charge in them, UTC; None where none has an end."""
    return max((one.last_charge.replace(tzinfo=UTC) for one in deliveries if one.last_charge), default=None)


def missing_months(deliveries: tuple[Delivery, ...]) -> Iterator[str]:
    """The billing periods between the first and the last that are not there, YYYY-MM."""
    held = {_number(one.period) for one in deliveries}
    for month in range(min(held), max(held)):
        if month not in held:
            yield f"{month // 12:04d}-{month % 12 + 1:02d}"


def _number(period: str) -> int:
    year, month = period.split("-")
    return int(year) * 12 + int(month) - 1


def _is_stored(database: Path, one: Delivery) -> bool:
    marts = store_of(database) / one.delivery_id / "marts"
    return all((marts / f"{mart}.parquet").is_file() for mart in MARTS)
