"""`[waste]`: from when on something counts as idle, and when nobody works."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from finops.config.schema import Mismatch


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


def waste_policy(table: Mapping[str, Any]) -> WastePolicy:
    """The policy of a checked document. Raises Mismatch where office hours do not begin before they end."""
    lists = {"environments": tuple(table["environments"])} if "environments" in table else {}
    numbers = {name: Decimal(table[name]) for name in ("min_saving", "night_share") if name in table}
    found = WastePolicy(**{**table, **lists, **numbers})
    if not found.office_start < found.office_end <= 24:
        what = f"office hours cannot be from {found.office_start} to {found.office_end}"
        raise Mismatch(("waste",), what, "office_start = 7, office_end = 19")
    return found
