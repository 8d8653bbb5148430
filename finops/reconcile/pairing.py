"""Which charges of the two sides belong together: a period's with a period's, an invoice's with its invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from finops.reconcile.kinds import CHARGES, NAMED, NOT_DELIVERED, NOT_FINAL, UNEXPLAINED
from finops.reconcile.pot import CENT, HALF_A_CENT, Pot
from finops.reconcile.sides import THE_EXPORT, Charge, Invoice, Side, by_kind, total

INVOICES = "the invoices"
MARKETPLACE = "marketplace"
# Kinds an invoice's summary gives by words, which may be none of ours: they count only where they fit.
_BY_WORDS = ("discount", "credit", "refund")


def with_side(ours: Side, theirs: Side, period: str) -> list[Pot]:
    """One pot: the period of both sides."""
    settled = False not in (ours.final(period), theirs.final(period))
    pair = (tuple(ours.of(period)), tuple(theirs.of(period)))
    return [Pot(period, *pair, ours.name, theirs.name, settled=settled)]


def with_invoices(ours: Side, invoices: Sequence[Invoice], period: str) -> list[Pot]:
    """A pot for each invoice of the period that both sides know, and for what only one side knows."""
    charges = ours.of(period)
    ids = {one.invoice_id for one in charges if one.invoice_id}
    known = {one.invoice_id: one for one in invoices if one.invoice_id in ids}
    pots = [_tied(period, [c for c in charges if c.invoice_id == key], one) for key, one in known.items()]
    pots += _without_id(ours, period, [one for one in invoices if one.invoice_id not in ids])
    for key in sorted(ids - known.keys()):
        pots.append(_without_summary(period, key, [one for one in charges if one.invoice_id == key]))
    return pots


def _tied(period: str, charges: Sequence[Charge], invoice: Invoice) -> Pot:
    theirs = _fitting(period, charges, [invoice])
    return _pot(period, charges, theirs, f"invoice {invoice.invoice_id}", invoice_id=invoice.invoice_id)


def _without_id(ours: Side, period: str, invoices: Sequence[Invoice]) -> Iterator[Pot]:
    """Charges without an invoice id and the invoices the export does not know: AWS's together, the sellers' together.

    They are the same money when the export was delivered before the invoices were made.
    """
    open_ = [one for one in ours.of(period) if not one.invoice_id]
    estimated = ours.final(period) is False
    apart = any(one.nature == MARKETPLACE for one in invoices)
    for of_sellers in (False, True) if apart else (False,):
        charges = [one for one in open_ if (apart and one.kind == MARKETPLACE) is of_sellers]
        issued = [one for one in invoices if (one.nature == MARKETPLACE) is of_sellers]
        if charges and issued:
            yield _pot(period, charges, _fitting(period, charges, issued), _named(issued), estimated=estimated)
        elif charges and any(one.cost for one in charges):
            cause, detail = (NOT_FINAL, "no invoice id yet") if estimated else (UNEXPLAINED, "no invoice was given")
            yield _pot(period, charges, [], INVOICES, cause=cause, cause_detail=detail)
        else:
            yield from (_unknown(ours, period, one) for one in issued)


def _unknown(ours: Side, period: str, invoice: Invoice) -> Pot:
    """An invoice of which the export has no line."""
    later = invoice.issued is not None and invoice.issued > ours.loaded_at(period).date()
    cause = NOT_DELIVERED if later else invoice.nature or UNEXPLAINED
    unmatched = f"no line of the export has this id{_look_alike(ours, period, invoice)}"
    detail = f"issued {invoice.issued}, after the export was loaded" if later else unmatched
    theirs = _charges_of(period, invoice)
    name = f"invoice {invoice.invoice_id}"
    return _pot(period, [], theirs, name, invoice_id=invoice.invoice_id, cause=cause, cause_detail=detail)


def _look_alike(ours: Side, period: str, invoice: Invoice) -> str:
    """An id of the export whose lines sum to the invoice: one of the two ids may be mistyped."""
    charges = [one for one in ours.of(period) if one.invoice_id]
    ids = sorted({str(one.invoice_id) for one in charges})
    sums = {key: total(one.cost for one in charges if one.invoice_id == key) for key in ids}
    alike = [key for key, cost in sums.items() if abs(cost - invoice.total) < CENT]
    return f"; those of {alike[0]} sum to the same" if alike else ""


def _without_summary(period: str, invoice_id: str, charges: Sequence[Charge]) -> Pot:
    """Charges of an invoice that was not given; one that is all for one named kind is an invoice of its own."""
    kinds = {kind for kind, cost in by_kind(charges).items() if cost} - {"tax"} or {"tax"}
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    cause = kind if kind in NAMED else UNEXPLAINED
    detail = "this invoice was not given" if cause == UNEXPLAINED else "on an invoice of its own, which was not given"
    return _pot(period, charges, [], INVOICES, invoice_id=invoice_id, cause=cause, cause_detail=detail)


def _pot(
    period: str,
    charges: Sequence[Charge],
    theirs: Iterable[Charge],
    name: str,
    invoice_id: str | None = None,
    estimated: bool = False,
    cause: str = "",
    cause_detail: str = "",
) -> Pot:
    return Pot(
        period,
        tuple(charges),
        tuple(theirs),
        THE_EXPORT,
        name,
        invoice_id=invoice_id,
        cause=cause,
        cause_detail=cause_detail,
        estimated=estimated,
        in_cents=True,
    )


def _fitting(period: str, charges: Sequence[Charge], invoices: Sequence[Invoice]) -> list[Charge]:
    """The amounts of invoices, told apart as far as that fits the charges.

    What an invoice's words call a discount or a credit counts apart where the charges have the same amount of that
    kind, or none. Otherwise it stays in the one sum. Where that sum is held against one kind only, it is of that kind.
    """
    ours = by_kind(charges)
    amounts = [one for invoice in invoices for one in _charges_of(period, invoice)]
    theirs = by_kind(amounts)
    unfit = {kind for kind in _BY_WORDS if kind in theirs and kind in ours and _differ(ours[kind], theirs[kind])}
    told = theirs.keys() - unfit - {CHARGES}
    pooled = [kind for kind in ours if kind not in told]
    name = pooled[0] if len(pooled) == 1 else CHARGES
    return [one if one.kind in told else replace(one, kind=name) for one in amounts]


def _charges_of(period: str, invoice: Invoice) -> list[Charge]:
    return [Charge(period, kind, cost, invoice.invoice_id) for kind, cost in invoice.amounts.items()]


def _differ(ours: Decimal, theirs: Decimal) -> bool:
    return abs(ours - theirs) > HALF_A_CENT


def _named(invoices: Sequence[Invoice]) -> str:
    ids = [one.invoice_id for one in invoices]
    return f"invoice {ids[0]}" if len(ids) == 1 else f"invoices {', '.join(ids)}"
