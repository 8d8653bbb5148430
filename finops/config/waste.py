"""`[waste]`: from when on something counts as idle, and when nobody works."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class WastePolicy:
    """`idle_hours` of running without work make a resource idle; rows below `min_saving` a month are left out.

    In `environments` compute may stop outside `office_start` to `office_end` (hours, UTC, Monday to Friday); it is told
    where it runs in at least `night_share` percent of those hours.
    """

    idle_hours: int = 336
    min_saving: Decimal = Decimal(1)
    environments: tuple[str, ...] = ("dev", "test")
    office_start: int = 7
    office_end: int = 19
    night_share: Decimal = Decimal(80)
