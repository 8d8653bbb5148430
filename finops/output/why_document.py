"""Why cost changed, as the document that `finops variance --why` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from finops.dimensions import Dimension
from finops.document import Column, Document, Rows
from finops.output.why_words import headline, points, sentence
from finops.variance.why.answer import Answer
from finops.variance.why.effects import Effect
from finops.variance.why.parts import Change, Part, cause_of
from finops.variance.why.spans import Spans

COMMAND = "variance --why"
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_SHARE = Decimal("0.0001")
_TABLE_ROWS = 20


def columns(split: Dimension) -> tuple[Column, ...]:
    """The columns of a row; the first is what costs are told apart by."""
    return (
        Column(split.key),
        Column("service"),
        Column("account"),
        Column("region"),
        Column("effect"),
        Column("key"),
        Column("usage_type", shown="filled"),
        Column("operation", shown="never"),
        Column("quantity_before", "text", shown="never"),
        Column("quantity_after", "text", shown="never"),
        Column("unit", shown="never"),
        Column("cost_before", "money"),
        Column("cost_after", "money"),
        Column("change", "money"),
        Column("share", "percent"),
    )


def document(answer: Answer) -> Document:
    """The answer in sentences, by environment and effect, and every effect of every resource or usage type."""
    parts, sums, whole = answer.parts(), answer.sums, answer.whole
    currency = answer.basis.currency or ""
    return Document(
        command=COMMAND,
        basis=answer.basis,
        rows=_rows(answer),
        totals={
            "spans": _spans(answer.spans),
            "values": _values(answer.split, sums, parts, currency),
            "effects": _parts(answer.split, sums, parts),
            "cost_before": whole.before,
            "cost_after": whole.after,
            "change": whole.change,
        },
        problems=answer.problems,
        table_rows=_TABLE_ROWS,
        folded=frozenset({"spans", "values", "effects"}),
        lead=_lead(answer.spans, whole, sums, parts, currency),
    )


def _lead(spans: Spans, whole: Change, sums: Sequence[Change], parts: Sequence[Part], currency: str) -> tuple[str, ...]:
    """What changed, in words: all of it, then each value of the split with its effects as points."""
    after, before = spans.after, spans.before
    lines = [f"{after.name} ({_days(after.days.length)}) against {before.name} ({_days(before.days.length)})."]
    if len(sums) != 1:
        lines.append(f"{headline(whole, currency)}.")
    for one in sums:
        said = points([part for part in parts if part.split == one.name], currency)
        lines += [f"{headline(one, currency)}{':' if said else '.'}", *(f"  {point}" for point in said)]
    return tuple(lines)


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"


def _spans(held: Spans) -> Rows:
    names = (Column("span"), Column("start"), Column("end"), Column("days", "count"))
    both = (("before", held.before.days), ("after", held.after.days))
    return Rows.of(names, [(name, days.start, days.end, days.length) for name, days in both])


def _values(split: Dimension, sums: Sequence[Change], parts: Sequence[Part], currency: str) -> Rows:
    names = (
        Column(split.key),
        Column("cost_before", "money"),
        Column("cost_after", "money"),
        Column("change", "money"),
        Column("percent", "percent"),
        Column("answer", shown="never"),
    )
    rows = [
        (
            one.name, one.before, one.after, one.change, _rounded(one.percent),
            sentence(one, [part for part in parts if part.split == one.name], currency),
        )
        for one in sums
    ]  # fmt: skip
    return Rows.of(names, rows)


def _parts(split: Dimension, sums: Sequence[Change], parts: Sequence[Part]) -> Rows:
    names = (
        Column(split.key),
        Column("effect"),
        Column("change", "money"),
        Column("share", "percent"),
        Column("keys", "count"),
    )
    rows = [
        (part.split, part.name, part.change, _share(part.change, one.change), part.keys)
        for one in sums
        for part in parts
        if part.split == one.name
    ]
    return Rows.of(names, rows)


def _rows(answer: Answer) -> Rows:
    """Every effect of every cell, the largest first; sorted only as far as they are read."""
    changes = {one.name: one.change for one in answer.sums}

    def read(limit: int | None) -> Iterator[tuple[Any, ...]]:
        held = answer.largest(limit)
        first = sorted(held, key=_order) if limit is None else nsmallest(limit, held, key=_order)
        return (_row(one, changes[one.cell.split]) for one in first)

    return Rows(columns(answer.split), answer.count, read)


def _order(one: Effect) -> tuple[Any, ...]:
    cell = one.cell
    told = (cell.split, cause_of(one), one.name, cell.service, cell.account, cell.region)
    return (-abs(one.change), *told, cell.usage_type or "", cell.operation or "", cell.unit or "")


def _row(one: Effect, change: Decimal) -> tuple[Any, ...]:
    cell = one.cell
    return (
        cell.split, cell.service, cell.account, cell.region, one.name, cause_of(one), cell.usage_type, cell.operation,
        cell.quantity0, cell.quantity1, cell.unit, one.before, one.after, one.change, _share(one.change, change),
    )  # fmt: skip


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a change in percent of it, at 4 decimals; None where nothing changed."""
    return _rounded(part * _HUNDRED / whole) if whole else None


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_SHARE) + _ZERO
