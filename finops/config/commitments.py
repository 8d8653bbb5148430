"""The commitment policy of `[commitments]`: in which year of the estate how much may be committed, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.config.lines import Path
from finops.config.schema import Mismatch


@dataclass(frozen=True)
class CommitmentYear:
    """What holds from a year of the estate on (1 is the first): `share` is percent of the steady usage."""

    year: int
    share: Decimal
    terms: tuple[str, ...] = ("1yr", "3yr")
    payments: tuple[str, ...] = ("No Upfront", "Partial Upfront", "All Upfront")


@dataclass(frozen=True)
class CommitmentPolicy:
    """`start` is the first day of year 1. A commitment that ends within `renew_within_days` counts as gone."""

    start: date | None = None
    renew_within_days: int = 30
    years: tuple[CommitmentYear, ...] = ()

    def at(self, day: date) -> CommitmentYear | None:
        """What holds on a day; None where the policy says nothing."""
        if self.start is None or not self.years or day < self.start:
            return None
        passed = (day.month, day.day) >= (self.start.month, self.start.day)
        year = day.year - self.start.year + (1 if passed else 0)
        return max((one for one in self.years if one.year <= year), key=lambda one: one.year, default=None)


def commitment_policy(table: Mapping[str, Any]) -> CommitmentPolicy:
    """The policy of a checked document. Raises Mismatch where its years contradict each other."""
    default = CommitmentPolicy()
    years = [_year(row, ("commitments", "years", at)) for at, row in enumerate(table.get("years", ()))]
    if years and "start" not in table:
        raise Mismatch(("commitments",), "commitments.years needs a start", "start = 2026-01-01")
    if len({one.year for one in years}) < len(years):
        raise Mismatch(("commitments", "years"), "commitments.years has a year twice", "one table for each year")
    return CommitmentPolicy(
        start=table.get("start"),
        renew_within_days=table.get("renew_within_days", default.renew_within_days),
        years=tuple(sorted(years, key=lambda one: one.year)),
    )


def _year(row: Mapping[str, Any], path: Path) -> CommitmentYear:
    if row["year"] < 1:
        raise Mismatch((*path, "year"), "the first year is 1")
    lists = {name: tuple(row[name]) for name in ("terms", "payments") if name in row}
    return CommitmentYear(row["year"], Decimal(row["share"]), **lists)
