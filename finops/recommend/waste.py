"""The answer of `finops recommend waste`: what runs for nothing, fits badly or never sleeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from finops.document import Basis, Column, Document, Rows
from finops.recommend.hours import Span, complete_span
from finops.recommend.row import BY_CLASS, Recommendation, document
from finops.recommend.sequence import by_class, settled
from finops.recommend.waste_facts import Used, used
from finops.recommend.waste_fit import fit
from finops.recommend.waste_idle import idle
from finops.recommend.waste_proxies import PROXIES, proxies
from finops.recommend.waste_schedule import schedule
from finops.recommend.waste_use import GLUE, athena, aurora, glue_jobs

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage


MORE = (Column("successor", shown="never"), Column("operation", shown="never"))


@dataclass(frozen=True)
class Wasted:
    """Advice on waste, settled in sequence and the largest saving first, with what every resource ran and cost."""

    rows: Sequence[Recommendation]
    facts: Sequence[Used]
    span: Span


def waste(usage: Usage, settings: Settings, book: PriceBook) -> Document:
    """The document: rows with the largest saving first, those without a figure last."""
    found = wasted(usage, settings, book)
    span = found.span
    return document(
        "recommend waste",
        Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        found.rows,
        MORE,
        totals={
            "by_class": Rows.of(BY_CLASS, by_class(found.rows)),
            "glue": Rows.of(GLUE, glue_jobs(usage, span)),
            "sustainability": Rows.of(PROXIES, proxies(found.facts)),
        },
        problems=usage.problems,
        hidden={"saving_low", "region"},
    )


def wasted(usage: Usage, settings: Settings, book: PriceBook) -> Wasted:
    """What runs for nothing, fits badly or never sleeps; rows below the least saving of the settings left out."""
    span = complete_span(usage.deliveries)
    facts = used(usage, settings, span)
    policy = settings.waste
    found = told_apart(
        [
            *idle(facts, policy),
            *schedule(usage, facts, span, policy),
            *fit(facts, book),
            *athena(usage, facts, span),
            *aurora(usage, facts, span),
        ]
    )
    worth = [
        one for one in found if (one.saving if one.saving is not None else one.current_cost or 0) >= policy.min_saving
    ]
    return Wasted(sorted(settled(worth), key=_place), facts, span)


def told_apart(rows: Sequence[Recommendation]) -> list[Recommendation]:
    """The rows, those that would share an id told apart by their operation.

    All others keep the id they have always had, as it stands in ledgers of accepted advice; the longer ids begin with
    the one that is shared, so that it never comes to mean one of them.
    """
    shared = Counter(one.id for one in rows)
    return [_by_operation(one) if shared[one.id] > 1 else one for one in rows]


def _by_operation(row: Recommendation) -> Recommendation:
    operation = row.cost_of[-1]
    evidence = f"{row.evidence}; operation {operation or 'blank'}"
    return replace(row, apart=operation, evidence=evidence, more={**row.more, "operation": operation})


def _place(row: Recommendation) -> tuple[Any, ...]:
    return row.saving is None, -(row.saving or 0), -(row.current_cost or 0), row.kind, row.where, row.apart or ""
