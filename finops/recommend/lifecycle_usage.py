"""What the bill says of stored data: how much, of which class, how it grew, what was read, written and moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.engines.duckdb import literal
from finops.models import model
from finops.recommend.hours import complete_span

if TYPE_CHECKING:
    from finops.usage import Usage

KINDS = Path(__file__).with_name("lifecycle_kinds.csv")
WINDOW_DAYS = 30
# A day of daylight saving has 25 hours in some exports.
_LONGEST_DAY = 25.02
_MONTH = Decimal(365) / 12


@dataclass(frozen=True)
class Window:
    """The last loaded days, which figures are made from: [first, end), `days` of them loaded.

    `start` is the first day loaded at all, `history` how many days are loaded; the first 30 of them hold `first_days`.
    """

    start: date
    first: date
    end: date
    days: int
    history: int
    first_days: int


@dataclass(frozen=True)
class Stored:
    """One kind of usage of one resource, quantities in the unit of the usage type over the days of the window.

    `held` is GB times days, of storage. `first_held` is that of the first 30 loaded days, `all_quantity` of all days.
    """

    service: str
    account: str
    region: str
    resource: str
    usage_type: str
    operation: str
    measure: str
    storage_class: str
    quantity: Decimal
    held: Decimal
    cost: Decimal
    first_quantity: Decimal
    first_held: Decimal
    all_quantity: Decimal
    first_day: date
    last_day: date
    longest_hours: float


@dataclass(frozen=True)
class Holder:
    """One resource that stores something (a bucket, a volume, a log group) with all its usage that is known."""

    service: str
    account: str
    region: str
    name: str
    rows: tuple[Stored, ...]
    window: Window

    def _of(self, measure: str, storage_class: str | None = None) -> list[Stored]:
        return [
            one
            for one in self.rows
            if one.measure == measure and (storage_class is None or one.storage_class == storage_class)
        ]

    def gb(self, storage_class: str | None = None) -> Decimal:
        """GB stored, the mean of the window; of one class or of all."""
        return sum((one.held for one in self._of("stored", storage_class)), Decimal(0)) / self.window.days

    def rate(self, storage_class: str) -> Decimal:
        """What a GB-month of the class costs here, by this resource's own lines; 0 where it has none."""
        rows = self._of("stored", storage_class)
        quantity = sum((one.quantity for one in rows), Decimal(0))
        return sum((one.cost for one in rows), Decimal(0)) / quantity if quantity else Decimal(0)

    def storage_cost(self, storage_class: str | None = None) -> Decimal:
        """What storing it costs a month."""
        classes = self.classes if storage_class is None else [storage_class]
        return sum((self.gb(one) * self.rate(one) for one in classes), Decimal(0))

    @property
    def classes(self) -> list[str]:
        """The storage classes with data in the window."""
        return sorted({one.storage_class for one in self._of("stored") if one.held})

    def daily(self, measure: str, storage_class: str | None = None) -> Decimal:
        """How much of it there is in a day, in the unit of its usage type."""
        return sum((one.quantity for one in self._of(measure, storage_class)), Decimal(0)) / self.window.days

    def monthly(self, measure: str, storage_class: str | None = None) -> Decimal:
        """How much of it there is in a month, in the unit of its usage type."""
        return self.daily(measure, storage_class) * _MONTH

    def monthly_cost(self, measure: str, storage_class: str | None = None) -> Decimal:
        """What it costs a month."""
        return sum((one.cost for one in self._of(measure, storage_class)), Decimal(0)) * _MONTH / self.window.days

    def last_day(self, measure: str) -> date | None:
        """The last day with any of it, of all that is loaded."""
        return max((one.last_day for one in self._of(measure)), default=None)

    @property
    def written(self) -> Decimal:
        """Objects written a month."""
        return self.monthly("writes") + self.monthly("uploads ended")

    @property
    def is_alive(self) -> bool:
        """Whether anything was stored on the last days of the window."""
        last = self.last_day("stored")
        return last is not None and last >= self.window.end - timedelta(days=3)

    @property
    def growth(self) -> Decimal | None:
        """GB a month, from the first 30 loaded days to the window; None where these are less than 30 days apart."""
        window = self.window
        apart = (window.first - window.start).days
        if apart < WINDOW_DAYS:
            return None
        first = sum((one.first_held for one in self._of("stored")), Decimal(0)) / window.first_days
        return (self.gb() - first) * _MONTH / apart


def stored_usage(usage: Usage) -> tuple[list[Holder], Window, list[Problem]]:
    """Everything that stores, in the last 30 days that are complete; what has no days is left out and named.

    Raises UsageError where no hour of the bill is complete.
    """
    window = _window(usage)
    connection = usage.connection
    connection.execute(
        "create or replace temp table storage_kinds as "
        f"select * replace (coalesce(storage_class, '') as storage_class) "
        f"from read_csv({literal(str(KINDS))}, header = true, all_varchar = true)"
    )
    connection.execute(
        "create or replace temp table advice_window as "
        "select cast(? as date) as first_day, cast(? as date) as end_day, cast(? as date) as first_end_day",
        [window.first, window.end, window.start + timedelta(days=WINDOW_DAYS)],
    )
    found = [Stored(*row) for row in connection.execute(_ROWS.format(model("cur_stored_usage").sql)).fetchall()]
    long = [one for one in found if one.longest_hours > _LONGEST_DAY]
    return _holders((one for one in found if one not in long), window), window, _without_days(long)


def _window(usage: Usage) -> Window:
    span = complete_span(usage.deliveries)
    start, end = span.start.date(), span.end.date()
    first = max(start, end - timedelta(days=WINDOW_DAYS))

    def loaded(day: date, until: date) -> int:
        return int(span.loaded[(day - start).days * 24 : (until - start).days * 24].sum()) // 24

    first_end = min(end, start + timedelta(days=WINDOW_DAYS))
    return Window(start, first, end, loaded(first, end), loaded(start, end), loaded(start, first_end))


def _holders(rows: Iterable[Stored], window: Window) -> list[Holder]:
    found: dict[tuple[str, str, str, str], list[Stored]] = defaultdict(list)
    for one in rows:
        found[one.service, one.account, one.region, one.resource].append(one)
    return [Holder(*key, tuple(kept), window) for key, kept in sorted(found.items())]


def of_service(holders: Iterable[Holder], service: str) -> list[Holder]:
    """Those of one service that the bill names and that stored something in the window, the dearest first."""
    named = [one for one in holders if one.service == service and one.name and one.gb()]
    return sorted(named, key=lambda one: (-one.storage_cost(), one.name))


def _without_days(rows: list[Stored]) -> list[Problem]:
    if not rows:
        return []
    cost = sum((one.cost for one in rows), Decimal(0))
    names: Mapping[str, None] = dict.fromkeys(one.usage_type for one in rows)
    text = f"usage billed in lines longer than a day ({cost:,.2f}) is in no lifecycle advice: its days are not known"
    return [Problem("usage_without_days", text, ", ".join(list(names)[:3]))]


_ROWS = """
select x_service_code, coalesce(sub_account_id, ''), coalesce(region_id, ''), coalesce(resource_id, ''),
    coalesce(x_usage_type, ''), coalesce(x_operation, ''), measure, storage_class, quantity, held_quantity, cost,
    first_quantity, first_held_quantity, all_quantity, first_day, last_day, longest_hours
from ({})
order by all
"""
