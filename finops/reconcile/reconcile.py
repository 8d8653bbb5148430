"""The reconciliation: every dollar of both sides in one row, each difference with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal, localcontext
from typing import Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.errors import DataError, FinopsError
from finops.reader import described
from finops.reconcile.from_ledger import limited_to
from finops.reconcile.kinds import CHARGE_TYPES, CHARGES, UNEXPLAINED
from finops.reconcile.pairing import with_invoices, with_side
from finops.reconcile.pot import NOTHING, Found, Pot
from finops.reconcile.reasons import reasons
from finops.reconcile.sides import Invoice, Side, total

COLUMNS = (
    Column("period"),
    Column("charge_type"),
    Column("export_cost", "money"),
    Column("other_cost", "money"),
    Column("difference", "money"),
    Column("reason"),
    Column("invoice_id"),
    Column("detail"),
)
BY_PERIOD = (
    Column("period"),
    Column("export_cost", "money"),
    Column("other_cost", "money"),
    Column("difference", "money"),
    Column("unexplained", "money"),
)
# Money has 38 digits, and sums of it are exact.
_DIGITS = 60


@dataclass(frozen=True)
class Line:
    """One row: what both sides have of a kind of charge; None is the reason of no difference."""

    period: str
    kind: str
    ours: Decimal
    theirs: Decimal
    reason: str | None
    invoice_id: str | None
    detail: str

    @property
    def difference(self) -> Decimal:
        """Ours less theirs."""
        return self.ours - self.theirs


def reconcile_side(ours: Side, theirs: Side, metric: str, period: str | None = None) -> Document:
    """The export against Cost Explorer or another export, for every period that both have.

    Raises DataError when one of them lacks the period asked for, every period, or is in another currency.
    """
    if ours.currency != theirs.currency:
        what = f"{ours.name} is in {ours.currency}, {theirs.name} in {theirs.currency}: nothing is converted"
        raise DataError(what, "", f"--where currency={ours.currency}")
    periods, notes = _common(ours, theirs.periods, theirs.name, period)
    with localcontext(prec=_DIGITS):
        pots = [pot for one in periods for pot in with_side(ours, theirs, one)]
        compared = (limited_to(ours, periods), limited_to(theirs, periods))
        return _document(compared, pots, metric, [*ours.problems, *theirs.problems, *notes])


def reconcile_invoices(
    ours: Side, invoices: Sequence[Invoice], metric: str, period: str | None = None, notes: Iterable[Problem] = ()
) -> Document:
    """The export against its invoices, invoice by invoice where the export has their ids.

    Raises DataError when there is no invoice of the period asked for, or of any.
    """
    having = sorted({str(one.period) for one in invoices})
    periods, missing = _common(ours, having, "the invoices", period)
    with localcontext(prec=_DIGITS):
        pots = [pot for one in periods for pot in with_invoices(ours, [i for i in invoices if i.period == one], one)]
        return _document((limited_to(ours, periods),), pots, metric, [*ours.problems, *notes, *missing])


def unexplained(document: Document) -> Decimal:
    """What no reason explains: the sum of such differences, each without its sign, so that none hides another."""
    return Decimal(document.totals[UNEXPLAINED])


def lines_of(pot: Pot) -> Iterator[Line]:
    """The rows of a pot: per kind what agrees, and a part for each reason. Together they are both sides, exactly."""
    found = reasons(pot)
    for kind in sorted(pot.sums, key=_place):
        ours, theirs = pot.sums[kind]
        parts = [one for one in found if one.kind == kind]
        if len(parts) == 1 and not parts[0].shown_as:
            detail = "; ".join(filter(None, (parts[0].detail, _made_of(pot, kind, parts))))
            yield Line(pot.period, kind, ours, theirs, parts[0].reason, pot.invoice_id, detail)
            continue
        cut = [_part(pot, one, ours, theirs) for one in parts]
        rest = ours - total(one.ours for one in cut), theirs - total(one.theirs for one in cut)
        if any(rest):
            yield Line(pot.period, kind, *rest, None, pot.invoice_id, _made_of(pot, kind, parts))
        yield from cut


def _part(pot: Pot, one: Found, ours: Decimal, theirs: Decimal) -> Line:
    """A part of a difference, on the side that has more."""
    on_ours = bool(one.shown_as) or abs(ours) >= abs(theirs)
    sides = (one.difference, NOTHING) if on_ours else (NOTHING, -one.difference)
    return Line(pot.period, one.shown_as or one.kind, *sides, one.reason, pot.invoice_id, one.detail)


def _made_of(pot: Pot, kind: str, parts: Sequence[Found]) -> str:
    """What is in a sum of several kinds, without those that were taken out of it."""
    if kind != CHARGES:
        return ""
    taken = {one.shown_as: one.difference for one in parts if one.shown_as}
    left = {name: cost - taken.get(name, NOTHING) for name, cost in pot.pooled.items()}
    return ", ".join(f"{name} {left[name]:,.2f}" for name in sorted(left, key=_place) if left[name])


def _common(ours: Side, theirs: Sequence[str], name: str, asked: str | None) -> tuple[list[str], list[Problem]]:
    """The periods that both sides have, and what to say of the others."""
    common = sorted(set(ours.periods) & set(theirs))
    if (asked and asked not in common) or not common:
        wanted = asked or "any period that is loaded"
        where = f"{name}: {', '.join(theirs) or 'nothing'}; {ours.name}: {', '.join(ours.periods)}"
        raise DataError(f"one side is missing: nothing of {wanted} is in {name}", where)
    if asked:
        return [asked], []
    lacking = ((name, set(ours.periods) - set(common)), (ours.name, set(theirs) - set(common)))
    return common, [
        Problem("not_compared", f"{', '.join(sorted(missing))} is not compared: it is not in {side}")
        for side, missing in lacking
        if missing
    ]


def _document(sides: Sequence[Side], pots: Sequence[Pot], metric: str, problems: Sequence[Problem]) -> Document:
    lines = [line for pot in pots for line in lines_of(pot)]
    _require_every_dollar(pots, lines)
    rows = [_row(line) for line in lines]
    return Document(
        command="reconcile",
        basis=_basis(sides, metric),
        rows=Rows.of(COLUMNS, rows),
        totals={**_totals(lines), "by_period": Rows.of(BY_PERIOD, list(_by_period(lines)))},
        problems=list(dict.fromkeys(problems)),
        table_rows=len(rows),
    )


def _require_every_dollar(pots: Sequence[Pot], lines: Sequence[Line]) -> None:
    for side, whole, shown in (
        ("export", (c.cost for pot in pots for c in pot.ours), (line.ours for line in lines)),
        ("other", (c.cost for pot in pots for c in pot.theirs), (line.theirs for line in lines)),
    ):
        if (expected := total(whole)) != (found := total(shown)):
            raise FinopsError(f"the rows sum to {found} and the {side} side to {expected}", where="reconcile")


def _row(line: Line) -> tuple[Any, ...]:
    costs = (line.ours, line.theirs, line.difference)
    return (line.period, line.kind, *costs, line.reason, line.invoice_id, line.detail)


def _totals(lines: Sequence[Line]) -> Mapping[str, Decimal]:
    return {
        "export_cost": total(line.ours for line in lines),
        "other_cost": total(line.theirs for line in lines),
        "difference": total(line.difference for line in lines),
        UNEXPLAINED: total(abs(line.difference) for line in lines if line.reason == UNEXPLAINED),
    }


def _by_period(lines: Sequence[Line]) -> Iterator[tuple[Any, ...]]:
    for period in dict.fromkeys(line.period for line in lines):
        yield period, *_totals([line for line in lines if line.period == period]).values()


def _basis(sides: Sequence[Side], metric: str) -> Basis:
    ours = sides[0]
    states = {ours.final(period) for period in ours.periods}
    ends = [one.last_charge.replace(tzinfo=UTC) for one in ours.deliveries if one.last_charge]
    return Basis(
        start=date.fromisoformat(f"{ours.periods[0]}-01"),
        end=_month_after(ours.periods[-1]),
        metric=metric,
        currency=ours.currency,
        final=False if False in states else None if None in states else True,
        as_of=max(ends, default=None),
        deliveries=[described(one) for side in sides for one in side.deliveries],
    )


def _month_after(period: str) -> date:
    year, month = (int(part) for part in period.split("-"))
    return date(year + month // 12, month % 12 + 1, 1)


def _place(kind: str) -> int:
    return CHARGE_TYPES.index(kind) if kind in CHARGE_TYPES else len(CHARGE_TYPES)
