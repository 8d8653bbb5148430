"""The answer of `finops recommend commitments`: what to commit to, what is held, what is wasted, what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.recommend.advice import KIND, MORE, Advice, falls, in_sequence, name_of, percent, rows_of
from finops.recommend.candidates import Group, cost_by_item
from finops.recommend.choosing import Advised, Question, choose, windows_of
from finops.recommend.held import Held, alive
from finops.recommend.later import BACK_TEST, LADDER, back_test, ladder
from finops.recommend.offers import Offer
from finops.recommend.row import HOURS_PER_MONTH, Recommendation, document, monthly
from finops.recommend.spot import OnSpot, on_spot
from finops.recommend.spot_prices import spot_book
from finops.recommend.spot_rerun import Pool
from finops.recommend.unused import unused_commitments
from finops.recommend.waste import wasted
from finops.recommend.windows import WINDOWS, advised

if TYPE_CHECKING:
    from finops.recommend.candidates import Floats
    from finops.recommend.choosing import Windows
    from finops.recommend.hours import Facts, Span
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


@dataclass(frozen=True)
class Committed:
    """Advice on commitments in the order it is printed, with what it was made from."""

    rows: Sequence[Recommendation]
    found: Advised
    left: Facts
    windows: Windows


def commitments(usage: Usage, question: Question, problems: Sequence[Problem]) -> tuple[Document, Advised]:
    """The document, and the advice behind it for the curve."""
    book = spot_book(usage, question.book)
    before = wasted(usage, question.settings, question.book)
    pool = Pool(question.facts, question.held, question.book)
    return _document(usage, question, on_spot(usage, question.settings, pool, book, before.rows), problems)


def _document(
    usage: Usage, question: Question, before: OnSpot, problems: Sequence[Problem]
) -> tuple[Document, Advised]:
    committed = on_what_is_left(question, before)
    found, left, span = committed.found, committed.left, question.facts.span
    made = document(
        "recommend commitments",
        Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        committed.rows,
        MORE,
        totals=_totals(question, left, found),
        problems=[*usage.problems, *problems, *_short(committed.windows), *_policy(question), *_after(found)],
        hidden=_HIDDEN,
    )
    return made, found


def on_what_is_left(question: Question, before: OnSpot) -> Committed:
    """Advice on commitments: of the hours as they are, and in sequence of what waste and Spot leave of them."""
    left, windows, span = question.left(), windows_of(question.facts), question.facts.span
    found, costs = choose(question, left, windows), cost_by_item(left)
    later = replace(question, facts=before.facts, known={})
    after = found if before.facts is question.facts else choose(later, later.left(), windows)
    ranked = [pair for one in found.all for pair in _ranked(one, question, found)]
    rows = [
        *_settled(ranked, after, span),
        *((1, row) for row in unused_commitments(question.held, span.end, question.settings)),
        *((4, row) for group, offers in found.unknown for row in _needs_data(group, offers, left, costs)),
        *((0, row) for row in _freed(before, span)),
    ]
    return Committed([row for _, row in sorted(rows, key=_order)], found, left, windows)


def _settled(
    ranked: Sequence[tuple[int, Recommendation]], after: Advised, span: Span
) -> Iterator[tuple[int, Recommendation]]:
    """The rows, those chosen with what is bought of the same usage in the end; and what is only bought then."""
    bought = {one.candidate.group.key: one for one in after.chosen if one.choice}
    for rank, row in ranked:
        yield rank, in_sequence(row, bought.pop(row.where[:4], None)) if row.more["chosen"] else row
    for one in bought.values():
        for row in rows_of(one, span, chosen=True):
            if row.more["chosen"]:
                yield 0, in_sequence(row, one)


def _freed(before: OnSpot, span: Span) -> Iterator[Recommendation]:
    """What commitments that stopped usage leaves cover instead: nobody has to do anything for it."""
    if before.left.freed:
        saving = monthly(before.left.freed, int(span.loaded.sum()))
        yield Recommendation(
            kind="freed_commitment",
            where=(),
            saving=saving,
            saving_low=Decimal(0),
            saving_high=saving,
            saving_in_sequence=saving,
            pay_back_months=Decimal(0),
            basis="own rate",
            certainty="upper bound",
            action="nothing: commitments of what is stopped or asleep cover other usage of the same hours",
            evidence=f"AWS's allocation run again over {int(span.loaded.sum()):,} hours",
            more={"chosen": False},
        )


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
