"""What Cost Explorer answered about a month, loaded beside an export as an ingest loads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.ingest.cost_explorer import groups
from finops.ingest.cost_explorer.account import Account
from finops.ingest.cost_explorer.plan import ACCOUNTS, CHARGES, METRICS
from finops.ledger.cost_explorer import Month, month_parts
from finops.ledger.load import Loaded, load

PAYER = "000000000001"
_DISCOUNTS = {"EdpDiscount", "PrivateRateDiscount", "BundledDiscount", "Discount", "SppDiscount", "RiVolumeDiscount"}


@dataclass(frozen=True)
class Group:
    """One day's cost of one service and type of line."""

    day: date
    cost: Decimal
    service: str = "AmazonEC2"
    type: str = "Usage"

    @property
    def is_discount(self) -> bool:
        return self.type in _DISCOUNTS

    def keyed(self, key: str) -> groups.Group:
        """The group as Cost Explorer gives it, by service and another key; every metric is the same."""
        return groups.Group(self.day, (self.service, key), "USD", (self.cost,) * len(METRICS))


def load_answer(
    database: Path, given: Iterable[Group], period: str = "2026-10", final: bool = True, payer: str = PAYER
) -> None:
    """Load the groups as what Cost Explorer answers about a period."""
    held = list(given)
    by_account: dict[tuple[date, str], Decimal] = {}
    for one in held:
        by_account[one.day, one.service] = by_account.get((one.day, one.service), Decimal(0)) + one.cost
    month = Month(
        export="cost-explorer",
        identity=f"ce:{payer}",
        source=f"ce:{payer}",
        period=period,
        delivery="20261120T060000Z",
        files=(),
        fingerprint=str(hash((tuple(held), final))),
        vouched=True,
        reason="what Cost Explorer answers",
        account=Account(payer, payer, payer_known=True),
        answers=(
            (CHARGES, tuple(one.keyed(one.type) for one in held)),
            (ACCOUNTS, tuple(Group(day, cost, name).keyed(payer) for (day, name), cost in by_account.items())),
        ),
        estimated=not final,
    )
    (loaded,) = load(database, [month], parts=month_parts)
    assert isinstance(loaded, Loaded), loaded
