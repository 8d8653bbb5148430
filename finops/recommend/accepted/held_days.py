"""What commitments did day by day: those bought after advice was accepted, and one that stood idle before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.recommend.accepted.entry import Entry
from finops.recommend.held import Held, held

if TYPE_CHECKING:
    from finops.usage import Usage

_NONE = Decimal(0)
_EXACT = Decimal("1e-10")


@dataclass(frozen=True)
class Covered:
    """Usage that a commitment covered on a day: what it costs on demand, and at the rate of the commitment."""

    on_demand: Decimal
    effective: Decimal


Days = Mapping[tuple[str, date], Covered]


def covered_days(usage: Usage, days: Sequence[date]) -> Days:
    """By commitment and day what it covered."""
    if not days:
        return {}
    rows = usage.connection.execute(_COVERED, [days[0], days[-1]]).fetchall()
    return {(arn, day): Covered(on_demand, effective) for arn, day, on_demand, effective in rows}


def bought_since(usage: Usage, entry: Entry) -> list[Held]:
    """The commitments of the kind that was advised that were not there before."""
    return [one for one in held(usage.connection) if _is_new(one, entry) and _is_of_kind(one, entry)]


def _is_new(one: Held, entry: Entry) -> bool:
    return one.arn not in entry.baseline.known and (one.start is None or one.start.date() >= entry.accepted_on)


def _is_of_kind(one: Held, entry: Entry) -> bool:
    terms = entry.terms
    if one.is_plan:
        return (one.plan_type, one.term, one.payment) == (
            terms.get("plan_type"), terms.get("term"), terms.get("payment_option"),
        )  # fmt: skip
    return terms.get("plan_type", "").endswith(" RI") and (one.service, one.region) == (entry.service, entry.region)


def runs_on(one: Held, day: date) -> bool:
    """Whether a commitment runs the whole of a day."""
    return (one.start is None or one.start.date() < day) and (one.end is None or day < one.end.date())


def net_saving(found: Sequence[Held], covered: Days, day: date) -> Decimal:
    """On-demand cost of what they covered on a day less all that they cost, used or not."""
    total = _NONE
    for one in found:
        if runs_on(one, day):
            total += covered.get((one.arn, day), Covered(_NONE, _NONE)).on_demand - one.hourly * 24
    return total.quantize(_EXACT)


def unused(one: Held, covered: Days, day: date) -> Decimal:
    """What nothing used of a commitment on a day."""
    return (one.hourly * 24 - covered.get((one.arn, day), Covered(_NONE, _NONE)).effective).quantize(_EXACT)


def used_share(found: Sequence[Held], covered: Days, days: Sequence[date]) -> Decimal | None:
    """The part of the commitments that was used over the days, in percent; None where they ran on none."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        for day in days:
            if runs_on(one, day):
                sums["all"] += one.hourly * 24
                sums["used"] += covered.get((one.arn, day), Covered(_NONE, _NONE)).effective
    return 100 * sums["used"] / sums["all"] if sums["all"] else None


def lacks_prices(found: Sequence[Held], covered: Days) -> bool:
    """Whether usage was covered whose price on demand the bill does not give."""
    arns = {one.arn for one in found}
    return any(arn in arns and one.effective > 0 and not one.on_demand for (arn, _), one in covered.items())


_COVERED = """
select
    case x_line_item_type when 'SavingsPlanCoveredUsage' then x_savings_plan_arn else x_reservation_arn end as arn,
    cast(charge_period_start as date) as day,
    cast(sum(case x_line_item_type when 'SavingsPlanCoveredUsage' then unblended
        else coalesce(public_on_demand, 0) end) as decimal(38, 10)),
    cast(sum(case x_line_item_type when 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
        else coalesce(reservation_effective, 0) end) as decimal(38, 10))
from cur
where x_line_item_type in ('SavingsPlanCoveredUsage', 'DiscountedUsage')
    and cast(charge_period_start as date) between ? and ?
group by 1, 2
"""
