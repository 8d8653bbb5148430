"""What it saves to move an object into a colder storage class, and from which size on: pure arithmetic.

A GB is 2^30 bytes, as AWS bills storage. Formulas: saving of an object-month = what it costs where it is, less what it
is billed for in the class (a floor of 128 KiB in some, 32 KiB more in the archives and 8 KiB in Standard), less what is
read times the retrieval price. A transition costs one request per object.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

KIB_PER_GB = Decimal(1024 * 1024)
_NONE = Decimal(0)


@dataclass(frozen=True)
class Move:
    """Prices of one move: storage per GB-month, `fee` per object, `retrieval` per GB; sizes in KiB.

    `floor_kib` is the least an object is billed for; the overheads are billed on top, at the price of the class and at
    that of Standard.
    """

    price_from: Decimal
    price_to: Decimal
    fee: Decimal
    retrieval: Decimal = _NONE
    floor_kib: int = 0
    own_overhead_kib: int = 0
    standard_overhead_kib: int = 0
    price_standard: Decimal = _NONE

    @property
    def overhead(self) -> Decimal:
        """What an object costs a month on top of its size, times KIB_PER_GB."""
        return self.own_overhead_kib * self.price_to + self.standard_overhead_kib * self.price_standard


def object_saving(move: Move, kib: Decimal, reads: Decimal = _NONE) -> Decimal:
    """What one object of `kib` KiB saves a month when it is read whole `reads` times a month; negative is a loss."""
    billed = max(kib, Decimal(move.floor_kib))
    kept = kib * move.price_from - billed * move.price_to - move.overhead - kib * reads * move.retrieval
    return kept / KIB_PER_GB


def pay_back_months(move: Move, kib: Decimal, reads: Decimal = _NONE) -> Decimal | None:
    """Months until the transition of an object has paid for itself; None where it never does."""
    saving = object_saving(move, kib, reads)
    return move.fee / saving if saving > 0 else None


def break_even_kib(move: Move, months: int | None = None) -> Decimal | None:
    """The smallest object, in KiB, whose move pays back within `months`; without them, that saves once moved.

    None where no size does, because the class is no cheaper.
    """
    fee = _NONE if months is None else move.fee * KIB_PER_GB / months
    due = fee + move.overhead
    below = (move.floor_kib * move.price_to + due) / move.price_from
    if below <= move.floor_kib:
        return below
    cheaper = move.price_from - move.price_to
    return due / cheaper if cheaper > 0 else None


def break_even_reads(move: Move) -> Decimal | None:
    """How often a month all data may be read before the class costs more; None where reading is free."""
    return (move.price_from - move.price_to) / move.retrieval if move.retrieval else None


def tiering_break_even_kib(monitoring: Decimal, price_from: Decimal, price_tier: Decimal) -> Decimal | None:
    """The smallest object, in KiB, that Intelligent-Tiering pays for once it has sunk into a tier; None where none.

    `monitoring` is per object-month; smaller than 128 KiB it is neither monitored nor moved.
    """
    cheaper = price_from - price_tier
    return monitoring * KIB_PER_GB / cheaper if cheaper > 0 else None
