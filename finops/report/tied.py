"""Whether what the report is made from is what the exports said: cost in their files against cost in the marts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.report.model import Source

if TYPE_CHECKING:
    from finops.reader import Ledger


@dataclass(frozen=True)
class Tied:
    """A delivery: unblended cost as its files were summed when they were loaded, and as the marts sum now."""

    export: str
    period: str
    in_files: Decimal
    in_marts: Decimal

    @property
    def difference(self) -> Decimal:
        """What the marts have more than the files; anything but 0 is a fault."""
        return self.in_marts - self.in_files


def tied(ledger: Ledger) -> tuple[Tied, ...]:
    """Each delivery of the ledger, all of it, whatever days and filters are asked for."""
    sums = {row["delivery_id"]: Decimal(row["unblended"]) for row in ledger.rows(_SUMS)}
    return tuple(
        Tied(one["export"], one["period"], Decimal(one["unblended"]), sums.get(one["delivery_id"], Decimal(0)))
        for one in ledger.deliveries
    )


def tied_source() -> Source:
    """The command that goes on from here to the bill of AWS, and the query of the sums."""
    return Source("finops reconcile", _SUMS.strip())


_SUMS = """
select delivery_id, sum(x_unblended_cost) as unblended
from all_daily_cost
group by delivery_id
"""
