"""The answer of `finops recommend commitments`: what to commit to, what is held, what is wasted, what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.recommend.advice import KIND, MORE, Advice, falls, name_of, percent, rows_of
from finops.recommend.candidates import Group, cost_by_item
from finops.recommend.choosing import Advised, Question, choose, windows_of
from finops.recommend.held import Held, alive
from finops.recommend.later import BACK_TEST, LADDER, back_test, ladder
from finops.recommend.offers import Offer
from finops.recommend.row import HOURS_PER_MONTH, Recommendation, document, monthly
from finops.recommend.unused import unused_commitments
from finops.recommend.windows import WINDOWS, advised

if TYPE_CHECKING:
    from finops.recommend.candidates import Floats
    from finops.recommend.hours import Facts
    from finops.usage import Usage

_EXISTING = (
    Column("commitment"),
    Column("account"),
    Column("plan_type", shown="filled"),
    Column("term"),
    Column("payment_option"),
    Column("hourly_commitment"),
    Column("utilisation", "percent"),
    Column("unused_cost", "money"),
    Column("ends"),
)
_FALLS = (
    Column("plan_type"),
    Column("region", shown="filled"),
    Column("term"),
    Column("payment_option"),
    Column("hourly_commitment"),
    Column("fall_percent", "count"),
    Column("saving", "money"),
)
_UNRATED = (
    Column("plan_type"),
    Column("term"),
    Column("payment_option"),
    Column("service"),
    Column("region"),
    Column("usage_type"),
    Column("operation"),
    Column("cost", "money"),
)
_EXACT = Decimal("1e-10")
# The action says where, and what is chosen stands first with its saving in sequence.
_HIDDEN = {"account", "region", "class", "chosen"}


def commitments(usage: Usage, question: Question, problems: Sequence[Problem]) -> tuple[Document, Advised]:
    """The document, and the advice behind it for the curve."""
    left, span = question.left(), question.facts.span
    windows = windows_of(question.facts)
    found, costs = choose(question, left, windows), cost_by_item(left)
    rows = [
        *(ranked for one in found.all for ranked in _ranked(one, question, found)),
        *((1, row) for row in unused_commitments(question.held, span.end, question.settings)),
        *((4, row) for group, offers in found.unknown for row in _needs_data(group, offers, left, costs)),
    ]
    made = document(
        "recommend commitments",
        Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        [row for _, row in sorted(rows, key=_order)],
        MORE,
        totals=_totals(question, left, found),
        problems=[*usage.problems, *problems, *_short(windows), *_policy(question), *_after(found)],
        hidden=_HIDDEN,
    )
    return made, found


def _ranked(one: Advice, question: Question, found: Advised) -> Iterator[tuple[int, Recommendation]]:
    """The rows of an offer: what is chosen first, then the windows other offers would go by, then the other ones."""
    smallest = advised(one.windows)
    for window, row in zip(one.windows, rows_of(one, question.facts.span, one in found.chosen), strict=True):
        yield 0 if row.more["chosen"] else 2 if window is smallest else 3, row


def _order(ranked: tuple[int, Recommendation]) -> tuple[Any, ...]:
    rank, row = ranked
    return rank, row.kind, -(row.saving or 0), -(row.current_cost or 0), row.where


def _needs_data(group: Group, offers: Sequence[Offer], left: Facts, costs: Floats) -> Iterator[Recommendation]:
    """A row without a figure for each offer whose rates neither the bill nor a price list knows."""
    cost = monthly(float(costs[list(group.items)].sum()), int(left.span.loaded.sum()))
    for offer in offers if cost else ():
        yield Recommendation(
            kind=KIND,
            where=(*group.key, offer.term, offer.payment, "all"),
            region=group.region,
            service=group.service,
            current_cost=cost,
            basis="unknown",
            certainty="needs data",
            action=f"finops prices refresh, for the rate of {name_of(group)} ({offer.term}, {offer.payment})",
            evidence="neither the bill nor a price list has a rate for this usage in its region",
            more={"plan_type": group.plan_type, "term": offer.term, "payment_option": offer.payment, "chosen": False},
        )


def _totals(question: Question, left: Facts, found: Advised) -> dict[str, Any]:
    span = question.facts.span
    chosen = [one for one in found.chosen if one.choice]
    return {
        "if_usage_falls": Rows.of(_FALLS, [row for one in chosen for row in _fallen(one)]),
        "back_test": Rows.of(BACK_TEST, [] if question.fixed is not None else list(back_test(question, left))),
        "ladder": Rows.of(LADDER, list(ladder(chosen, question.held, span.end))),
        "existing": Rows.of(_EXISTING, [_existing(one) for one in alive(question.held, span.end)]),
        "unrated": Rows.of(_UNRATED, sorted(_unrated(left, found.all), key=lambda row: (-row[-1], row[:-1]))),
    }


def _fallen(one: Advice) -> Iterator[tuple[Any, ...]]:
    if one.choice is None:
        return
    group, offer, commitment = one.candidate.group, one.candidate.offer, one.choice.outcome.commitment
    for fall, saving in falls(one.choice.demand, commitment):
        hourly = Decimal(commitment).quantize(_EXACT).normalize()
        yield group.plan_type, group.region, offer.term, offer.payment, hourly, fall, saving


def _existing(one: Held) -> tuple[Any, ...]:
    ends = one.end.date() if one.end else None
    waste = (one.unused_cost * HOURS_PER_MONTH * one.count / one.hours).quantize(_EXACT)
    terms = (one.plan_type or f"{one.service} RI", one.term, one.payment)
    used = percent(float(one.utilisation) / 100)
    return (one.name, one.account, *terms, one.hourly.quantize(_EXACT).normalize(), used, waste, ends)


def _unrated(left: Facts, all_advice: Sequence[Advice]) -> Iterator[tuple[Any, ...]]:
    """Usage that an offer with known rates covers too, but at a rate that is not known: it is in no figure."""
    hours, costs = int(left.span.loaded.sum()), cost_by_item(left)
    for one in all_advice:
        offer, group = one.candidate.offer, one.candidate.group
        for at in one.candidate.unrated:
            yield (group.plan_type, offer.term, offer.payment, *left.items[at].usage, monthly(float(costs[at]), hours))


def _short(windows: Sequence[tuple[int | None, Any]]) -> list[Problem]:
    missing = [str(days) for days in WINDOWS if days not in {have for have, _ in windows}]
    if not missing:
        return []
    text = f"no window of {', '.join(missing)} days: not every hour of it is loaded and complete"
    return [Problem("short_history", text)]


def _after(found: Advised) -> list[Problem]:
    text = "Compute Savings Plans are sized for what the EC2 Instance Savings Plans that are advised leave"
    return [Problem("after_instance_plans", text)] if found.after_families else []


def _policy(question: Question) -> list[Problem]:
    year = question.settings.commitments.at(question.facts.span.end.date())
    if year is None:
        text = "without a policy in [commitments] only one-year terms are advised"
        return [Problem("no_commitment_policy", text)]
    limit = "nothing is to be committed" if not year.share else f"at most {year.share} % of steady usage, "
    terms = "" if not year.share else " or ".join(year.terms)
    return [Problem("commitment_policy", f"[commitments] year {year.year}: {limit}{terms}")]
