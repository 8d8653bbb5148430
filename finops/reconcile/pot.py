"""What is compared in one go: the charges of both sides that belong together, and where their difference stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from finops.reconcile.kinds import CHARGES
from finops.reconcile.sides import Charge, by_kind

CENT = Decimal("0.01")
HALF_A_CENT = CENT / 2
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Pot:
    """The charges of both sides that belong together: of a period, or of one invoice.

    `theirs` has kinds of its own; what it has under `charges` is held against all of `ours` that it tells no kind
    of. `cause` is the reason of every difference where only one side has the pot at all, `estimated` says that
    `ours` is an estimate of what `theirs` charges, `settled` False that either side of the period still changes,
    `in_cents` that the other side is rounded to cents, kind by kind of each service.
    """

    period: str
    ours: tuple[Charge, ...]
    theirs: tuple[Charge, ...]
    our_name: str
    their_name: str
    invoice_id: str | None = None
    cause: str = ""
    cause_detail: str = ""
    estimated: bool = False
    settled: bool = True
    in_cents: bool = False

    @cached_property
    def our_kinds(self) -> dict[str, Decimal]:
        """Kind -> cost on our side, as that side tells it."""
        return by_kind(self.ours)

    @cached_property
    def their_kinds(self) -> dict[str, Decimal]:
        """Kind -> cost on the other side, as that side tells it."""
        return by_kind(self.theirs)

    @cached_property
    def pooled(self) -> dict[str, Decimal]:
        """Our kinds that the other side gives only in one sum."""
        if CHARGES not in self.their_kinds:
            return {}
        return {kind: cost for kind, cost in self.our_kinds.items() if kind not in self.their_kinds}

    @cached_property
    def sums(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Kind, or `charges` for those pooled -> its cost on our side and on the other."""
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        for kind, cost in self.our_kinds.items():
            row = CHARGES if kind in self.pooled else kind
            sums[row] = (sums.get(row, (NOTHING, NOTHING))[0] + cost, NOTHING)
        for kind, cost in self.their_kinds.items():
            sums[kind] = (sums.get(kind, (NOTHING, NOTHING))[0], cost)
        return sums

    @cached_property
    def daily(self) -> dict[str, dict[date, Decimal]]:
        """Kind -> day -> ours less theirs, where both sides tell days."""
        if not all(one.day for one in (*self.ours, *self.theirs)):
            return {}
        daily: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for sign, charges in ((1, self.ours), (-1, self.theirs)):
            for one in charges:
                if one.day is not None:
                    daily[one.kind][one.day] += sign * one.cost
        return daily

    def lines(self, row: str) -> int:
        """How many amounts stand behind a row that were rounded one by one."""
        if not self.in_cents:
            return 1
        return max(1, len({(one.kind, one.service) for one in self.ours if row in (one.kind, self._row(one.kind))}))

    def _row(self, kind: str) -> str:
        return CHARGES if kind in self.pooled else kind


@dataclass(frozen=True)
class Found:
    """A difference that has a reason: where it stands, how much of it, why, and what shows that.

    `kind` is the row it is taken from, `shown_as` the kind of charge it turned out to be of.
    """

    kind: str
    difference: Decimal
    reason: str
    detail: str = ""
    shown_as: str = field(default="")


def days_of(charges: Sequence[Charge], kinds: Sequence[str]) -> tuple[date, date] | None:
    """The first and the last day of charges of some kinds; None where there is none."""
    days = [one.day for one in charges if one.day is not None and one.kind in kinds]
    return (min(days), max(days)) if days else None
