"""Daily cost of usage, a series per level and key, as the detector takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finops.anomalies.levels import TOTAL, Level
from finops.dimensions import needed_joins
from finops.report.days import Day, read_days

if TYPE_CHECKING:
    from finops.advice.anomaly_baseline import Array
    from finops.reader import Ledger

# What is used, day by day. Fees, tax, support, credits and purchases come by a calendar of their own.
USAGE = (
    "facts.charge_category = 'Usage' and not facts.x_is_long"
    " and coalesce(facts.x_service_code, '') not like 'AWS%Support%'"
)
# AWS reports these later than the rest (AWS Cost Management user guide): their third last day may not be whole.
LATE_SERVICES = ("AmazonS3", "AWSDataTransfer")
_LATE_DAYS = 3


@dataclass(frozen=True)
class Series:
    """Cost by day from `start` on: `keys` name the rows of `costs`, each by level and values of its dimensions."""

    start: date
    days: Sequence[Day]
    keys: tuple[tuple[Level, tuple[str, ...]], ...]
    costs: Array
    complete: Array

    def at(self, day: date) -> int:
        """The column of a day."""
        return (day - self.start).days

    def day(self, at: int) -> date:
        """The day of a column."""
        return self.start + timedelta(days=at)


def read_series(ledger: Ledger, levels: Sequence[Level], least: float) -> Series | None:
    """The series of all levels but those that cost less than `least` in all; None where there is no day of usage."""
    import numpy as np

    days = read_days(ledger)
    if not days:
        return None
    keys: list[tuple[Level, tuple[str, ...]]] = []
    rows: list[Array] = []
    for level in levels:
        for key, costs in _read(ledger, level, days[0].day, len(days)).items():
            if costs.sum() >= least or level.name == TOTAL:
                keys.append((level, key))
                rows.append(costs)
    if not keys:
        return None
    return Series(days[0].day, days, tuple(keys), np.array(rows), _complete(ledger, days, keys))


def _read(ledger: Ledger, level: Level, start: date, days: int) -> Mapping[tuple[str, ...], Array]:
    import numpy as np

    joins = needed_joins(level.dimensions)
    words = "".join(f"{one.expression(at)}, " for at, one in enumerate(level.dimensions))
    sql = (
        f"select {words}facts.charge_day, cast(sum(facts.{ledger.cost}) as double) "
        f"from daily_cost as facts {joins.sql} where {USAGE} group by all"
    )
    found: dict[tuple[str, ...], Array] = {}
    for *key, day, cost in ledger.connection.execute(sql, list(joins.params)).fetchall():
        at = (day - start).days
        if 0 <= at < days:
            found.setdefault(tuple(key), np.zeros(days))[at] = cost or 0
    return found


def _complete(ledger: Ledger, days: Sequence[Day], keys: Sequence[tuple[Level, tuple[str, ...]]]) -> Any:
    """Which days are all there, by series."""
    import numpy as np

    whole = np.array([day.gap is None for day in days])
    found = np.tile(whole, (len(keys), 1))
    if not whole[-1]:
        late = [at for at, (_, key) in enumerate(keys) if any(word in LATE_SERVICES for word in key)]
        found[late, -_LATE_DAYS:] = False
    return found
