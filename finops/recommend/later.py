"""Whether the advice would have been right, and how to buy it: the back-test, and the ladder of purchases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.advice.commitment import outcome
from finops.document import Column
from finops.recommend.advice import Advice, action_of, percent
from finops.recommend.choosing import Question, choose, windows_of
from finops.recommend.held import Held, alive
from finops.recommend.row import monthly

if TYPE_CHECKING:
    from finops.recommend.hours import Facts

BACK_TEST = (
    Column("plan_type"),
    Column("region", shown="filled"),
    Column("term"),
    Column("payment_option"),
    Column("bought_on"),
    Column("action"),
    Column("hours", "count"),
    Column("saving", "money"),
    Column("utilisation", "percent"),
    Column("coverage", "percent"),
)
LADDER = (
    Column("plan_type"),
    Column("region", shown="filled"),
    Column("day"),
    Column("buy"),
    Column("bought"),
    Column("held"),
    Column("ending", "count"),
)
_DAYS_AGO = 90
_QUARTERS = 4
_EXACT = Decimal("1e-10")


def back_test(question: Question, left: Facts) -> Iterator[tuple[Any, ...]]:
    """What this advice, given 90 days ago from the hours before, would have done in the hours since, per month.

    With too little before that, it is given in the middle of the hours there are; the day is told.
    """
    hours = len(left.span.loaded)
    since = _DAYS_AGO * 24 if hours >= (_DAYS_AGO + 14) * 24 else hours // 2
    windows = windows_of(left, since)
    if not any(days for days, _ in windows):
        return
    later = [hour for hour in range(hours - since, hours) if left.span.loaded[hour]]
    bought = left.span.end - timedelta(hours=since)
    for one in choose(question, left, windows).chosen:
        if one.choice:
            yield _tested(one, one.choice.outcome.commitment, later, bought)


def _tested(one: Advice, commitment: float, later: Sequence[int], bought: datetime) -> tuple[Any, ...]:
    import numpy as np

    found = outcome(one.candidate.pool.within(np.asarray(later)), commitment)
    offer, group = one.candidate.offer, one.candidate.group
    told = (bought.date(), action_of(one.candidate, commitment), len(later), monthly(found.saving, len(later)))
    shares = (percent(found.utilisation), percent(found.coverage))
    return (group.plan_type, group.region, offer.term, offer.payment, *told, *shares)


def ladder(chosen: Sequence[Advice], found: Sequence[Held], until: datetime) -> Iterator[tuple[Any, ...]]:
    """A quarter of each advised plan every quarter, so that each quarter something ends; USD per hour.

    `bought` is what is bought by then, `held` what live plans of the same kind commit beside it, `ending` how many of
    them have ended by then.
    """
    for one in chosen:
        if one.choice and not one.candidate.unit_cost:
            for quarter in range(_QUARTERS):
                yield _rung(one, one.choice.outcome.commitment, quarter, found, until)


def _rung(one: Advice, commitment: float, quarter: int, found: Sequence[Held], until: datetime) -> tuple[Any, ...]:
    group, day = one.candidate.group, _quarter_later(until.date(), quarter)
    same = [held for held in alive(found, until) if held.is_plan and held.plan_type == group.plan_type]
    live = alive(same, until + (day - until.date()))
    step = Decimal(commitment) / _QUARTERS
    rungs = ((step).quantize(_EXACT), (step * (quarter + 1)).quantize(_EXACT))
    held = sum((one.hourly for one in live), Decimal(0)).quantize(_EXACT)
    return (group.plan_type, group.region, day, *rungs, held, len(same) - len(live))


def _quarter_later(day: date, quarters: int) -> date:
    month = day.month - 1 + 3 * quarters
    # every month has 28 days
    return date(day.year + month // 12, month % 12 + 1, min(day.day, 28))
