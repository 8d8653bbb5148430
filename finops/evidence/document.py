"""The explanation of a finding as the document that `finops explain ID` prints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem, store_of
from finops.document import Column, Document, Rows, basis_of
from finops.engines.duckdb import literal
from finops.errors import UsageError
from finops.evidence.conditions import raw
from finops.evidence.subject import Kind, Subject
from finops.evidence.trace import Trace, by_delivery, trace
from finops.evidence.words import counted, exact
from finops.explain import COLUMNS, Line

if TYPE_CHECKING:
    from finops.reader import Ledger

# Findings have 16 hexadecimal digits, advice that shares those has 24, and 8 of them are enough to name one.
_ID = re.compile("[0-9a-f]{8,24}")
# Kinds of usage shown to a person; JSON has every day of the mart.
_USAGE_SHOWN = 12

DAYS = (
    Column("delivery_id"),
    Column("day"),
    Column("rows", "count"),
    Column("line_items", "count"),
    Column("cost", "money"),
)


def is_finding_id(name: str) -> bool:
    """Whether a name may be the id of a finding, or the beginning of one."""
    return bool(_ID.fullmatch(name))


def explain_finding(ledger: Ledger, database: Path, kinds: Sequence[Kind], name: str) -> Document | None:
    """The finding of one of the kinds whose id begins with `name`, among those of the question.

    None where there is no such finding. Raises UsageError when there are several.
    """
    found = _found(ledger, kinds, name)
    if found is None:
        return None
    kind, row = found
    subject = kind.subject(ledger, row)
    followed = trace(subject, database)
    lines = [*subject.lines, *_evidence(subject, followed), *_sql(subject, followed, database)]
    return Document(
        command="explain",
        basis=basis_of(ledger),
        rows=Rows.of(COLUMNS, lines),
        totals=_totals(subject, followed),
        problems=[*ledger.problems, *_unread(followed)],
        folded=frozenset({"days"}),
    )


def no_such_id(ledger: Ledger, name: str, unread: str = "") -> UsageError:
    """What to say when neither findings nor anything else have the id; `unread` is why not all could be looked at."""
    narrowed = any((ledger.ask.where, ledger.ask.period, ledger.ask.last, ledger.ask.start, ledger.ask.end))
    ids = "finops tag-gaps --format csv and finops recommend --format csv have the ids there are"
    what = f"there is no finding {name}, and advice could not be read: {unread}" if unread else ""
    return UsageError(
        what or f"there is no finding or advice {name} in what was asked",
        f"{ledger.start} to {ledger.end}, {ledger.ask.metric}",
        f"the same without --where and --period; {ids}" if narrowed else ids,
    )


def _found(ledger: Ledger, kinds: Sequence[Kind], name: str) -> tuple[Kind, Mapping[str, Any]] | None:
    rows = [
        (kind, row)
        for kind in kinds
        if (table := kind.find(ledger)) is not None
        for row in ledger.rows(f"select * from {table} where starts_with(id, ?) order by id limit 3", [name])
    ]
    if len(rows) > 1:
        ids = ", ".join(str(row["id"]) for _, row in rows)
        days = f"{ledger.start} to {ledger.end}, {ledger.ask.metric}"
        raise UsageError(f"several findings begin with {name}", days, f"one of {ids}")
    return rows[0] if rows else None


def _evidence(subject: Subject, followed: Trace) -> Iterator[Line]:
    currency = subject.ledger.currency
    named = {one.delivery_id: one for one in followed.deliveries}
    for key, total in by_delivery(followed.days).items():
        one = named[key]
        text = (
            f"{counted(total['rows'], 'row')} of resource_daily, {counted(total['line_items'], 'line item')}, "
            f"{exact(total['cost'], currency)}; delivery {one.delivery}"
        )
        yield "computed from", f"{one.export} {one.period}", text, "", ""
    yield from _labels(subject)
    yield from _usage(followed, currency)
    yield "sum", "ties", _ties(subject, followed), "", ""


def _labels(subject: Subject) -> Iterator[Line]:
    """The tags that one resource does have on these lines; a value that is blank says so."""
    if subject.place.get("resource_id") is None:
        return
    for row in subject.ledger.rows(_LABELS):
        yield "tags on these lines", row["key"], ", ".join(value or "(blank)" for value in row["values"]), "", ""


def _usage(followed: Trace, currency: str) -> Iterator[Line]:
    shown = sorted(followed.usage, key=lambda one: (-abs(one.cost), one.line_item_type, one.usage_type))
    for one in shown[:_USAGE_SHOWN]:
        kind = f"{one.line_item_type} {one.usage_type}".strip()
        text = f"{counted(one.line_items, 'line item')}, {exact(one.cost, currency)}"
        yield "line items of the export", kind, text, "", ""
    if rest := shown[_USAGE_SHOWN:]:
        lines = counted(sum(one.line_items for one in rest), "line item")
        cost = exact(sum((one.cost for one in rest), Decimal(0)), currency)
        yield "line items of the export", f"{len(rest):,} other kinds", f"{lines}, {cost}", "", ""


def _ties(subject: Subject, followed: Trace) -> str:
    cost = exact(subject.cost, subject.ledger.currency)
    lines = f" = {counted(sum(one.line_items for one in followed.usage), 'line item')}" if not followed.unread else ""
    return f"{cost} = {counted(sum(one.rows for one in followed.days), 'row')} of the mart{lines}, to the last decimal"


def _sql(subject: Subject, followed: Trace, database: Path) -> Iterator[Line]:
    """Statements for DuckDB's own shell, a line of SQL on a line of its own so that they can be copied."""
    statement = _STATEMENT.format(
        cost=subject.ledger.cost, relation=followed.relation, condition=followed.condition.filled
    )
    for line in statement.strip().splitlines():
        yield f"by day, in: duckdb -readonly {database}", "", "", line, ""
    for one in followed.deliveries:
        condition = raw(one.layout.get("columns", {}), subject)
        rows = store_of(database) / one.delivery_id / "rows"
        if condition and rows.is_dir():
            heading = f"every column of its lines in {one.period}"
            yield heading, "", "", f"select * from read_parquet({literal(f'{rows}/*')}, union_by_name = true)", ""
            yield heading, "", "", f"where {condition};", ""


def _totals(subject: Subject, followed: Trace) -> dict[str, Any]:
    return {
        "rule": subject.rule,
        "id": subject.id,
        "cost": subject.cost,
        "mart_rows": sum(one.rows for one in followed.days),
        "mart_cost": sum(one.cost for one in followed.days),
        "line_items": None if followed.unread else sum(one.line_items for one in followed.usage),
        "line_item_cost": None if followed.unread else sum(one.cost for one in followed.usage),
        "days": Rows.of(
            DAYS, [(one.delivery_id, one.day, one.rows, one.line_items, one.cost) for one in followed.days]
        ),
    }


def _unread(followed: Trace) -> list[Problem]:
    if not followed.unread:
        return []
    text = "the line items are not kept: Cost Explorer has none, and a delivery that was replaced keeps its sums only"
    return [Problem("lines_not_kept", text, ", ".join(followed.unread))]


_STATEMENT = """
select facts.charge_day, count(*) as rows, sum(facts.line_items) as line_items, sum(facts.{cost}) as cost
from {relation} as facts
where {condition}
group by facts.charge_day
order by facts.charge_day;
"""

_LABELS = """
select sets.key, list(distinct trim(sets.value) order by trim(sets.value)) as values
from tag_sets as sets
semi join finding_rows on finding_rows.delivery_id = sets.delivery_id and finding_rows.tag_set_id = sets.tag_set_id
where sets.source = 'resource_tag'
group by sets.key
order by sets.key
"""
