"""The answer of `finops recommend waste`: what runs for nothing, fits badly or never sleeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.document import Basis, Column, Document, Rows
from finops.recommend.hours import complete_span
from finops.recommend.row import Recommendation, document
from finops.recommend.waste_facts import used
from finops.recommend.waste_fit import fit
from finops.recommend.waste_idle import idle
from finops.recommend.waste_proxies import PROXIES, proxies
from finops.recommend.waste_schedule import schedule
from finops.recommend.waste_use import GLUE, athena, aurora, glue_jobs

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage

# What is deleted needs no schedule, and what sleeps is charged for fewer hours in any family.
_ORDER = (
    "idle_nat",
    "idle_load_balancer",
    "idle_address",
    "idle_endpoint",
    "schedule",
    "previous_generation",
    "graviton",
)
# Of these one is done, not both.
_EITHER = ("previous_generation", "graviton")
_EXACT = Decimal("1e-10")
_BY_CLASS = (
    Column("class"),
    Column("rows", "count"),
    Column("saving", "money"),
    Column("saving_in_sequence", "money"),
)


def waste(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    """The document: rows with the largest saving first, those without a figure last."""
    span = complete_span(usage.deliveries)
    facts = used(usage, settings, span)
    policy = settings.waste
    found = [
        *idle(facts, policy),
        *schedule(usage, facts, span, policy),
        *fit(facts, book),
        *athena(usage, facts, span),
        *aurora(usage, facts, span),
    ]
    worth = [
        one for one in found if (one.saving if one.saving is not None else one.current_cost or 0) >= policy.min_saving
    ]
    rows = sorted(in_sequence(worth), key=_place)
    return document(
        "recommend waste",
        Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        rows,
        totals={
            "by_class": Rows.of(_BY_CLASS, _by_class(rows)),
            "glue": Rows.of(GLUE, glue_jobs(usage, span)),
            "sustainability": Rows.of(PROXIES, proxies(facts)),
        },
        problems=usage.problems,
        hidden={"saving_low", "region"},
    )


def in_sequence(rows: Sequence[Recommendation]) -> list[Recommendation]:
    """Each row with what it saves after those before it: stop, then schedule, then the family, one of two of them.

    Of what an earlier row takes of a resource's cost, a later one saves nothing.
    """
    left: dict[tuple[str, str], Decimal] = defaultdict(lambda: Decimal(1))
    best = _best_of_either(rows)
    result = []
    for row in sorted(rows, key=lambda one: _ORDER.index(one.kind) if one.kind in _ORDER else len(_ORDER)):
        key = (row.account, row.resource_id or row.id)
        if row.saving is None or not row.current_cost or (row.kind in _EITHER and best[key] != row.id):
            result.append(row)
            continue
        result.append(replace(row, saving_in_sequence=(row.saving * left[key]).quantize(_EXACT)))
        left[key] *= 1 - row.saving / row.current_cost
    return result


def _best_of_either(rows: Sequence[Recommendation]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], Recommendation] = {}
    for row in rows:
        key = (row.account, row.resource_id or row.id)
        if row.kind in _EITHER and (key not in found or (row.saving or 0) > (found[key].saving or 0)):
            found[key] = row
    return {key: row.id for key, row in found.items()}


def _place(row: Recommendation) -> tuple[Any, ...]:
    return row.saving is None, -(row.saving or 0), -(row.current_cost or 0), row.kind, row.where


def _by_class(rows: Sequence[Recommendation]) -> list[tuple[Any, ...]]:
    return [
        (name, len(of), *(_sum(of, field) for field in ("saving", "saving_in_sequence")))
        for name in ("measured", "upper bound", "needs data")
        if (of := [row for row in rows if row.certainty == name])
    ]


def _sum(rows: Sequence[Recommendation], field: str) -> Decimal | None:
    values = [value for row in rows if (value := getattr(row, field)) is not None]
    return sum(values, Decimal(0)) if values else None
