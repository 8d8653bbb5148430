"""The anomalies as the document that `finops anomalies` prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.anomalies.events import Event
from finops.anomalies.find import Found
from finops.catalog import Problem
from finops.document import Column, Document, Rows, basis_of

if TYPE_CHECKING:
    from finops.reader import Ledger

TABLE_ROWS = 20
COLUMNS = (
    Column("start"),
    Column("end", "text", "never"),
    Column("detected", "text", "never"),
    Column("level", "text", "never"),
    Column("key", "text", "never"),
    Column("account", "text", "filled"),
    Column("service", "text", "filled"),
    Column("region", "text", "filled"),
    Column("kind"),
    Column("expected", "money", "never"),
    Column("actual", "money", "never"),
    Column("impact", "money"),
    Column("severity"),
    Column("confidence", "text", "never"),
    Column("cause"),
    Column("owner", "text", "filled"),
    Column("evidence"),
    Column("id", "text", "never"),
)
MOVED = (
    Column("start"),
    Column("level"),
    Column("source"),
    Column("target"),
    Column("daily", "money"),
)
PARTS = (
    Column("id"),
    Column("account"),
    Column("region"),
    Column("service"),
    Column("usage_type"),
    Column("resource_id"),
    Column("expected", "money"),
    Column("actual", "money"),
    Column("excess", "money"),
)
OTHER = (Column("charge"), Column("service"), Column("account"), Column("lines", "count"), Column("cost", "money"))
"""What is not usage of a day: a calendar of its own, so it is listed and never judged."""


def anomalies(ledger: Ledger, found: Found) -> Document:
    """The events, dearest first; totals tell what is no anomaly: re-attributions, planned changes, other charges."""
    first, last = found.judged or (None, None)
    return Document(
        command="anomalies",
        basis=replace(basis_of(ledger), start=first, end=last) if found.judged else basis_of(ledger),
        rows=Rows.of(COLUMNS, [row(one) for one in found.events]),
        totals={
            "impact": sum((one.impact for one in found.events), Decimal(0)),
            "re_attributions": Rows.of(
                MOVED, [(str(one.start), one.level, one.source, one.target, one.daily) for one in found.moved]
            ),
            "planned": Rows.of(COLUMNS, [row(one) for one in found.planned]),
            "other_charges": _other_charges(ledger, first, last),
            "contributions": Rows.of(PARTS, [line for one in found.events for line in _parts(one)]),
        },
        problems=[*ledger.problems, *found.unchecked, *_watched(found)],
        table_rows=TABLE_ROWS,
        folded=frozenset({"contributions", "other_charges"}),
    )


def row(one: Event) -> tuple[object, ...]:
    """One event as the values of `COLUMNS`."""
    return (
        str(one.start), str(one.end), str(one.detected), one.level, one.key, one.account, one.service, one.region,
        one.kind, one.expected, one.actual, one.impact, one.severity, one.confidence, one.cause, one.owner,
        one.evidence, one.id,
    )  # fmt: skip


def _parts(one: Event) -> list[tuple[object, ...]]:
    return [
        (one.id, part.account, part.region, part.service, part.usage_type, part.resource_id, part.expected, part.actual,
         part.excess)
        for part in one.parts
    ]  # fmt: skip


def _watched(found: Found) -> list[Problem]:
    """How much was looked at, so that silence means something."""
    if not found.judged:
        return []
    first, last = found.judged
    text = f"{found.series:,} series judged, {(last - first).days:,} days"
    return [Problem("judged", text, f"{first} to {last}")]


def _other_charges(ledger: Ledger, first: date | None, last: date | None) -> Rows:
    rows = ledger.connection.execute(_OTHER.format(cost=ledger.cost), [first, first, last, last]).fetchall()
    return Rows.of(OTHER, rows)


_OTHER = """
select x_charge_type, coalesce(x_service_code, '(none)'), coalesce(sub_account_id, '(none)'),
    cast(sum(line_items) as bigint), cast(sum({cost}) as decimal(38, 10)) as cost
from resource_daily
where (charge_category <> 'Usage' or x_is_long or coalesce(x_service_code, '') like 'AWS%Support%')
    and (?::date is null or charge_day >= ?) and (?::date is null or charge_day < ?)
group by all
order by cost desc, 1, 2, 3
"""
