"""The answer of `finops recommend accepted`: what was promised, what came of it so far, and whether it still holds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.recommend.accepted.realised import Realised, realised
from finops.recommend.accepted.status import STATUSES
from finops.recommend.hours import complete_span

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.recommend.accepted.entry import Entry
    from finops.usage import Usage

_COLUMNS = (
    Column("id", "id"),
    Column("kind", shown="never"),
    Column("account", shown="never"),
    Column("region", shown="never"),
    Column("service", shown="never"),
    Column("resource_id", shown="never"),
    Column("operation", shown="never"),
    Column("owner", shown="filled"),
    Column("accepted_on"),
    Column("days", "count"),
    Column("promised", "money"),
    Column("promised_low", "money", shown="never"),
    Column("promised_high", "money", shown="never"),
    Column("due", "money"),
    Column("realised", "money"),
    Column("realised_monthly", "money"),
    Column("usage_change", "money", shown="never"),
    Column("rate_change", "money", shown="never"),
    Column("commitment_change", "money", shown="never"),
    Column("status"),
    Column("reason"),
    Column("action"),
    Column("note", shown="filled"),
)
_BY_STATUS = (
    Column("status"),
    Column("advice", "count"),
    Column("promised", "money"),
    Column("due", "money"),
    Column("realised", "money"),
)


_NOTHING = Problem("nothing_accepted", "no advice is accepted: finops recommend accept ID")


def accepted_advice(usage: Usage, settings: Settings, entries: Sequence[Entry]) -> Document:
    """The document, in the order in which advice was accepted."""
    span = complete_span(usage.deliveries)
    found = realised(usage, settings, sorted(entries, key=lambda one: (one.accepted_on, one.id)))
    rows = [_row(one) for one in found]
    return Document(
        command="recommend accepted",
        basis=Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        rows=Rows.of(_COLUMNS, rows),
        totals={
            "promised": _sum(one.entry.promised for one in found),
            "due": _sum(one.due for one in found),
            "realised": _sum(one.own for one in found),
            "by_status": Rows.of(_BY_STATUS, _by_status(found)),
        },
        problems=[*usage.problems, *([] if entries else [_NOTHING])],
    )


def _row(one: Realised) -> tuple[Any, ...]:
    entry = one.entry
    usage_change, rate_change = _changes(one)
    return (
        entry.id,
        entry.kind,
        entry.account,
        entry.region,
        entry.service,
        entry.resource_id,
        entry.operation,
        entry.owner,
        entry.accepted_on,
        one.days,
        entry.promised,
        entry.promised_low,
        entry.promised_high,
        one.due,
        one.own,
        one.monthly,
        usage_change,
        rate_change,
        one.by_commitments,
        one.status,
        one.reason,
        entry.action,
        entry.note,
    )


def _changes(one: Realised) -> tuple[Decimal | None, Decimal | None]:
    """What a change of use saved, and a change of rates; None where the bill does not tell them apart."""
    if one.other is None:
        return None, None
    return (one.own, one.other) if one.kind.saves_by == "usage" else (one.other, one.own)


def _by_status(found: Sequence[Realised]) -> list[tuple[Any, ...]]:
    return [
        (
            status,
            len(of),
            _sum(one.entry.promised for one in of),
            _sum(one.due for one in of),
            _sum(one.own for one in of),
        )
        for status in STATUSES
        if (of := [one for one in found if one.status == status])
    ]


def _sum(values: Any) -> Decimal | None:
    """The sum of what is known; None where nothing is."""
    known = [one for one in values if one is not None]
    return sum(known, Decimal(0)) if known else None
