"""The estate's own policy on commitments, applied to an advice: which terms, and how much of the steady usage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.advice.commitment import outcome
from finops.config.commitments import CommitmentYear
from finops.recommend.held import Held, alive

if TYPE_CHECKING:
    from finops.recommend.advice import Advice

# The steady part of the demand: what nine hours in ten have at least.
_STEADY = 0.1


# Without a policy nothing longer is advised: three months of hours say little of three years.
_CAUTIOUS = CommitmentYear(1, Decimal(100), ("1yr",))


def allowed(advice: Advice, year: CommitmentYear | None) -> bool:
    """Whether the policy's year admits the term and payment of an offer, and any commitment at all."""
    offer, says = advice.candidate.offer, year or _CAUTIOUS
    return says.share > 0 and offer.term in says.terms and offer.payment in says.payments


def capped(advice: Advice, year: CommitmentYear | None, found: Sequence[Held], at: datetime) -> Advice:
    """The advice with no more than the policy's share of the steady usage, what is held already counted in.

    The steady usage is the 10th percentile of hourly demand at the plan's rate, plus what live plans of the same kind
    commit.
    """
    choice = advice.choice
    if year is None or choice is None:
        return advice
    limit = _limit(advice, float(year.share) / 100, found, at)
    if choice.outcome.commitment <= limit:
        return advice
    step = advice.candidate.unit_cost or 1e-5
    less = math.floor(limit / step + 1e-9) * step
    smaller = replace(choice, outcome=outcome(choice.demand, less))
    windows = [smaller if window is choice else window for window in advice.windows]
    return replace(advice, windows=windows, choice=smaller)


def _limit(advice: Advice, share: float, found: Sequence[Held], at: datetime) -> float:
    import numpy as np

    group = advice.candidate.group
    asked = advice.choice.demand if advice.choice else advice.windows[-1].demand
    hourly = np.bincount(asked.hour, asked.plan_cost, asked.hours)
    held = sum(float(one.hourly) for one in alive(found, at) if one.is_plan and one.plan_type == group.plan_type)
    return max(0.0, share * (float(np.quantile(hourly, _STEADY)) + held) - held)
