"""`[spot]`: which environments may lose an instance at two minutes' notice, and how much of a group is moved."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class SpotPolicy:
    """Shares in percent. `tolerant` are environments where an interruption hurts nobody who pays.

    `share` is how much of a group moves to Spot (Batch and EMR task nodes move whole), `fallback` how much of that runs
    on demand all the same for want of Spot capacity, `lost_minutes` the work an interruption destroys.
    """

    tolerant: tuple[str, ...] = ("dev", "test")
    share: Decimal = Decimal(70)
    fallback: Decimal = Decimal(10)
    lost_minutes: Decimal = Decimal(30)
