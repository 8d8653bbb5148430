"""The two sides of a comparison: what each says was charged, by period, kind, invoice, service and day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from finops.catalog import Delivery, Problem

THE_EXPORT = "the export"


@dataclass(frozen=True, slots=True)
class Charge:
    """What was charged of one kind. A side that does not tell the invoice, service or day has None, '' or None."""

    period: str
    kind: str
    cost: Decimal
    invoice_id: str | None = None
    service: str = ""
    day: date | None = None


@dataclass(frozen=True)
class Side:
    """One side, read from deliveries: `name` as a person calls it, charges in one currency and one metric."""

    name: str
    currency: str
    charges: tuple[Charge, ...]
    deliveries: tuple[Delivery, ...]
    problems: tuple[Problem, ...] = ()
    payers: frozenset[str] = frozenset()

    @property
    def periods(self) -> list[str]:
        """The billing periods it has, oldest first."""
        return sorted({one.period for one in self.deliveries})

    def of(self, period: str) -> list[Charge]:
        """What was charged in a billing period."""
        return [one for one in self.charges if one.period == period]

    def final(self, period: str) -> bool | None:
        """Whether the period is final; None where nobody can tell."""
        states = {one.final for one in self.deliveries if one.period == period}
        return False if False in states else None if None in states else True

    def loaded_at(self, period: str) -> datetime:
        """When the period's newest delivery was loaded, UTC."""
        return max(one.loaded_at for one in self.deliveries if one.period == period)


@dataclass(frozen=True)
class Invoice:
    """One invoice, in the currency it charges in.

    `amounts` are by kind; what it does not tell apart is under `charges`. `nature` is the kind of charge the whole
    invoice is for, where it says so; `period` None where it does not say of which billing period it is.
    """

    invoice_id: str
    period: str | None
    currency: str | None
    amounts: Mapping[str, Decimal]
    nature: str = ""
    issued: date | None = None
    notes: tuple[Problem, ...] = field(default=())

    @property
    def total(self) -> Decimal:
        """What the invoice sums to."""
        return total(self.amounts.values())


def total(costs: Iterable[Decimal]) -> Decimal:
    """The sum; exact where the caller has set a precision that holds it."""
    return sum(costs, Decimal(0))


def by_kind(charges: Iterable[Charge]) -> dict[str, Decimal]:
    """Kind of charge -> its cost."""
    sums: dict[str, Decimal] = {}
    for one in charges:
        sums[one.kind] = sums.get(one.kind, Decimal(0)) + one.cost
    return sums


def by_service(charges: Iterable[Charge], kind: str) -> dict[str, Decimal]:
    """Service -> its cost, of one kind of charge."""
    sums: dict[str, Decimal] = {}
    for one in charges:
        if one.kind == kind:
            sums[one.service] = sums.get(one.service, Decimal(0)) + one.cost
    return sums
