"""What budgets are held against: cost by day (and by hour, where asked) of each part of the bill a budget names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from finops.config.settings import Budget
from finops.report.windows import Window
from finops.variance.actuals import Charges

# Budgets for an hour or a day are held against those of so many complete days.
SHORT_DAYS = 7


@dataclass(frozen=True)
class Part:
    """A part of the bill and how its cost is counted: dimensions with their values; none is all of it."""

    where: tuple[tuple[str, tuple[str, ...]], ...]
    metric: str
    hourly: bool = False

    @property
    def words(self) -> str:
        """The part for a person: `environment prod`, `service AmazonEC2 or AmazonS3`, `the bill`."""
        return " and ".join(f"{key} {' or '.join(values)}" for key, values in self.where) or "the bill"


@dataclass(frozen=True)
class Spent:
    """The charges of a part, by day; `hours` by the hour they start in, where hours were asked for.

    `in_no_hour` is what the days of these hours were charged for longer than an hour: it is in none of them.
    """

    charges: Charges
    hours: Mapping[datetime, Decimal] = field(default_factory=dict)
    in_no_hour: Decimal = Decimal(0)

    @property
    def nothing(self) -> bool:
        """Whether the loaded data have no charge of the part at all: then it is probably misspelled."""
        return not self.charges.daily and not self.charges.longer


@dataclass(frozen=True)
class Bill:
    """The parts of a bill up to the last complete day, `through`; `first` is the first day of the data.

    A part that cannot be told has the reason in place of its charges. `loaded` are the months (YYYY-MM) that are
    loaded whole: in them a day without a charge has no cost, while a day of another month is not known.
    """

    first: date
    through: date
    loaded: frozenset[str]
    currency: str
    metric: str
    parts: Mapping[Part, Spent | str]

    def lacking(self, window: Window) -> str | None:
        """Why the days of a window up to `through` are not all known; None when they are."""
        days = (day for day in window.days() if day <= self.through)
        lacking = list(dict.fromkeys(f"{day:%Y-%m}" for day in days if not self._knows(day)))
        if not lacking:
            return None
        span = lacking[0] if len(lacking) == 1 else f"{lacking[0]} to {lacking[-1]}"
        return f"the data begin on {self.first}" if span == f"{self.first:%Y-%m}" else f"{span} not loaded"

    def newest_days(self, count: int) -> Window:
        """The last complete days, as far as the data go back."""
        end = self.through + timedelta(days=1)
        return Window(max(self.first, end - timedelta(days=count)), end)

    def _knows(self, day: date) -> bool:
        month = f"{day:%Y-%m}"
        return month in self.loaded or (day >= self.first and month == f"{self.first:%Y-%m}")


def part_of(budget: Budget, metric: str) -> Part:
    """The part of the bill a budget is for, counted by its own metric or else by `metric`."""
    where = tuple((key, tuple(values)) for key, values in budget.where.items())
    return Part(where, budget.metric or metric, budget.period == "hour")


def reference_of(budget: Budget, metric: str) -> Part | None:
    """The environment that a share is of; None for an amount."""
    if budget.share is None:
        return None
    return Part((("environment", (budget.of,)),), budget.metric or metric, budget.period == "hour")


def parts_of(budgets: Iterable[Budget], metric: str) -> list[Part]:
    """Every part that budgets need, each once."""
    wanted = [part for one in budgets for part in (part_of(one, metric), reference_of(one, metric)) if part]
    return list(dict.fromkeys(wanted))
