"""From a candidate and its windows to rows: what to buy, what it saves, and what would make that wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.advice.commitment import Demand, Outcome, outcome
from finops.document import Column
from finops.recommend.candidates import Candidate, Group
from finops.recommend.row import HOURS_PER_MONTH, Recommendation, monthly
from finops.recommend.windows import FALLS, Windowed, break_even, fallen

if TYPE_CHECKING:
    from finops.recommend.hours import Span

KIND = "commitment"
MORE = (
    Column("plan_type", shown="never"),
    Column("term", shown="never"),
    Column("payment_option", shown="never"),
    Column("window_days", "count"),
    Column("hourly_commitment", shown="never"),
    Column("commitment_in_sequence", shown="never"),
    Column("utilisation", "percent"),
    Column("coverage", "percent", shown="never"),
    Column("break_even_utilisation", "percent", shown="never"),
    Column("chosen", "flag"),
    Column("instance_family", shown="never"),
)
_PERCENT = Decimal("0.0001")
_HOURLY = Decimal("1e-10")
_STEP = Decimal("0.00001")
_NOTHING_LEFT = "with all other advice taken none is worth it"
# The share of the fee that is paid at once. A plan paid in part is sold from half on; of a reservation the price
# lists give only the hour it comes to.
_UPFRONT = {"No Upfront": 0.0, "Partial Upfront": 0.5, "All Upfront": 1.0}
_PLAN_NAMES = {"EC2Instance": "EC2 Instance"}
# What the operation of a database or cache says it runs; any other one is told as it is.
_ENGINES = {
    "CreateCacheCluster:0001": "Memcached",
    "CreateCacheCluster:0002": "Redis",
    "CreateDBInstance:0002": "MySQL",
    "CreateDBInstance:0014": "PostgreSQL",
    "CreateDBInstance:0016": "Aurora MySQL",
    "CreateDBInstance:0018": "MariaDB",
    "CreateDBInstance:0021": "Aurora PostgreSQL",
    "ESDomain": "",
}
_TERM_HOURS = {"1yr": 8760, "3yr": 26280}


@dataclass(frozen=True)
class Advice:
    """A candidate over its windows. `choice` is the window whose commitment is advised, None where nothing is."""

    candidate: Candidate
    windows: Sequence[Windowed]
    choice: Windowed | None

    @property
    def saving(self) -> float:
        """What the advised commitment saves an hour, on the window it was sized on."""
        return self.choice.outcome.saving / self.choice.demand.hours if self.choice else 0.0


def rows_of(advice: Advice, span: Span, chosen: bool) -> Iterator[Recommendation]:
    """One row per window; `chosen` says whether the advised one is what to buy."""
    for window in advice.windows:
        yield _row(advice, window, span, chosen and window is advice.choice)


def in_sequence(row: Recommendation, after: Advice | None) -> Recommendation:
    """The row with what is bought once all other advice is taken: `after`, None where nothing is worth it any more."""
    if after is None or after.choice is None:
        nothing = {**row.more, "commitment_in_sequence": Decimal(0)}
        return replace(row, saving_in_sequence=Decimal(0), more=nothing, action=f"{row.action}; {_NOTHING_LEFT}")
    found, hours = after.choice.outcome, after.choice.demand.hours
    hourly = Decimal(found.commitment).quantize(_HOURLY).normalize()
    differs = abs(hourly - Decimal(row.more["hourly_commitment"])) >= _STEP
    then = f"; with all other advice taken {action_of(after.candidate, found.commitment)}" if differs else ""
    more = {**row.more, "commitment_in_sequence": hourly}
    return replace(row, saving_in_sequence=monthly(found.saving, hours), more=more, action=f"{row.action}{then}")


def _row(advice: Advice, window: Windowed, span: Span, chosen: bool) -> Recommendation:
    candidate, found, hours = advice.candidate, window.outcome, window.demand.hours
    saving = monthly(found.saving, hours)
    low = monthly(outcome(fallen(window.demand, 20), found.commitment).saving, hours)
    group = candidate.group
    return Recommendation(
        kind=KIND,
        where=(*group.key, candidate.offer.term, candidate.offer.payment, str(window.days or "all")),
        region=group.region,
        service=group.service,
        current_cost=monthly(float(window.demand.on_demand.sum()), hours),
        saving=saving,
        saving_low=min(low, saving),
        saving_high=max(low, saving),
        pay_back_months=_pay_back(candidate, found, hours),
        basis=candidate.basis,
        certainty="measured",
        action=action_of(candidate, found.commitment),
        evidence=_evidence(window, span),
        more=_more(candidate, window, chosen),
    )


def _more(candidate: Candidate, window: Windowed, chosen: bool) -> dict[str, object]:
    found = window.outcome
    return {
        "plan_type": candidate.group.plan_type,
        "term": candidate.offer.term,
        "payment_option": candidate.offer.payment,
        "window_days": window.days,
        "hourly_commitment": Decimal(found.commitment).quantize(_HOURLY).normalize(),
        "utilisation": percent(found.utilisation),
        "coverage": percent(found.coverage),
        "break_even_utilisation": percent(break_even(found)),
        "chosen": chosen,
        # of an EC2 Instance plan, which is for one family
        "instance_family": candidate.group.what if candidate.group.plan_type == "EC2Instance" else None,
    }


def action_of(candidate: Candidate, commitment: float) -> str:
    """What to buy, in words; that nothing is worth buying where the commitment is 0."""
    offer, group = candidate.offer, candidate.group
    how = f"{offer.term}, {offer.payment}"
    if commitment <= 0:
        return f"buy no {name_of(group)} ({how}): none would pay for itself"
    if candidate.unit_cost:
        count = round(commitment / candidate.unit_cost)
        any_size = "" if candidate.unit == group.what else ", for any size of its family"
        return f"reserve {count:,} x {node_name(candidate.unit)} in {group.region}{any_size} ({how})"
    return f"commit {commitment:.5f} an hour to {name_of(group)} ({how})"


def name_of(group: Group) -> str:
    """What is bought, in words: a plan and what it is for, or a node and its engine."""
    if group.is_reservation:
        return node_name(group.what)
    plan = _PLAN_NAMES.get(group.plan_type, group.plan_type)
    return f"{plan} Savings Plans{f' for {group.what} in {group.region}' if group.what else ''}"


def node_name(what: str) -> str:
    """A usage type and operation as a person knows them: `Multi-AZ db.m5.large (PostgreSQL)`."""
    usage_type, _, operation = what.partition("|")
    engine = _ENGINES.get(operation, operation)
    zones = "Multi-AZ " if usage_type.startswith("Multi-AZ") else ""
    return f"{zones}{usage_type.partition(':')[2]}" + (f" ({engine})" if engine else "")


def _evidence(window: Windowed, span: Span) -> str:
    import numpy as np

    asked = window.demand
    hourly = np.bincount(asked.hour, asked.plan_cost, asked.hours)
    low, middle, high = (float(value) for value in np.quantile(hourly, (0.1, 0.5, 0.9)))
    what = "all loaded hours" if window.days is None else f"{window.days} days"
    return (
        f"{what} to {span.end:%Y-%m-%d %H:%M} UTC, {asked.hours:,} hours; demand an hour at this rate: "
        f"P10 {low:.5f}, median {middle:.5f}, P90 {high:.5f}"
    )


def falls(asked: Demand, commitment: float) -> list[tuple[int, Decimal]]:
    """What the commitment saves a month (a loss is negative) if all usage falls by so many percent."""
    return [(fall, monthly(outcome(fallen(asked, fall), commitment).saving, asked.hours)) for fall in FALLS]


def _pay_back(candidate: Candidate, found: Outcome, hours: int) -> Decimal | None:
    """Months until what is not paid on demand any more has made up for what was paid at once."""
    offer = candidate.offer
    share = _UPFRONT[offer.payment]
    if not share or not found.commitment:
        return Decimal(0)
    if candidate.group.is_reservation and offer.payment == "Partial Upfront":
        return None
    upfront = found.commitment * share * _TERM_HOURS[offer.term]
    kept = (found.covered / hours - found.commitment * (1 - share)) * HOURS_PER_MONTH
    return Decimal(upfront / kept).quantize(Decimal("0.01")) if kept > 0 else None


def percent(share: float | None) -> Decimal | None:
    """A share from 0 to 1 in percent, to 4 decimals."""
    return None if share is None else Decimal(share * 100).quantize(_PERCENT)
