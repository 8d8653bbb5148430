"""AWS's own recommendation beside ours: Cost Explorer is asked, and its number is put to our hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.advice.commitment import outcome
from finops.aws import aws_errors
from finops.document import Column, Rows
from finops.recommend.advice import Advice
from finops.recommend.offers import Offer
from finops.recommend.row import monthly
from finops.recommend.windows import Windowed

if TYPE_CHECKING:
    from finops.aws import Door

SERVICE = "ce"
OPERATION = "GetSavingsPlansPurchaseRecommendation"
LOOK_BACK_DAYS = 30
COLUMNS = (
    Column("plan_type"),
    Column("term"),
    Column("payment_option"),
    Column("aws_commitment"),
    Column("aws_saving", "money"),
    Column("saving_here", "money"),
    Column("optimum"),
    Column("optimum_saving", "money"),
    Column("advised"),
    Column("why"),
)
_TYPES = {
    "Compute": "COMPUTE_SP",
    "EC2Instance": "EC2_INSTANCE_SP",
    "SageMaker": "SAGEMAKER_SP",
    "Database": "DATABASE_SP",
}
_TERMS = {"1yr": "ONE_YEAR", "3yr": "THREE_YEARS"}
_EXACT = Decimal("1e-10")
# By how many pools of ours a kind of plan has.
_INCOMPARABLE = ("we know no rate of this plan", "we have no window of 30 days", "ours is by instance family")


def questions(advice: Iterable[Advice]) -> list[Offer]:
    """What Cost Explorer is asked, one request each: every plan whose rates we know, or else the most common one."""
    offers = [one.candidate.offer for one in advice if one.candidate.offer.plan_type in _TYPES]
    return list(dict.fromkeys(offers)) or [Offer("Compute", "1yr", "No Upfront")]


def beside_aws(door: Door, advice: Sequence[Advice]) -> Rows:
    """One row per plan: what AWS recommends from its last 30 days, and what that would have done on our hours.

    Raises EngineError where Cost Explorer refuses.
    """
    client = door.client(SERVICE)
    rows = [row for offer in questions(advice) for row in _row(offer, _asked(client, offer), advice)]
    return Rows.of(COLUMNS, rows)


def _asked(client: Any, offer: Offer) -> dict[str, Any]:
    with aws_errors(f"AWS's recommendation for {offer.plan_type} {offer.term} {offer.payment}"):
        answer = client.get_savings_plans_purchase_recommendation(
            SavingsPlansType=_TYPES[offer.plan_type],
            TermInYears=_TERMS[offer.term],
            PaymentOption=offer.payment.upper().replace(" ", "_"),
            LookbackPeriodInDays="THIRTY_DAYS",
            AccountScope="PAYER",
        )
    found: dict[str, Any] = answer.get("SavingsPlansPurchaseRecommendation", {})
    summary: dict[str, Any] = found.get("SavingsPlansPurchaseRecommendationSummary", {})
    return summary


def _row(offer: Offer, summary: dict[str, Any], advice: Sequence[Advice]) -> Iterator[tuple[Any, ...]]:
    theirs = Decimal(summary.get("HourlyCommitmentToPurchase") or 0)
    saving = Decimal(summary.get("EstimatedMonthlySavingsAmount") or 0)
    same = [one for one in advice if one.candidate.offer == offer]
    window = next((found for one in same for found in one.windows if found.days == LOOK_BACK_DAYS), None)
    if len(same) != 1 or window is None:
        why = _INCOMPARABLE[min(len(same), 2)]
        yield (*offer, theirs, saving, None, None, None, None, why)
        return
    hours, advised = window.demand.hours, same[0].choice
    here = monthly(outcome(window.demand, float(theirs)).saving, hours)
    ours = Decimal(window.outcome.commitment).quantize(_EXACT).normalize()
    bought = Decimal(advised.outcome.commitment).quantize(_EXACT).normalize() if advised else Decimal(0)
    figures = (here, ours, monthly(window.outcome.saving, hours), bought)
    yield (*offer, theirs, saving, *figures, _why(same[0], window, theirs, ours, bought))


def _why(one: Advice, window: Windowed, theirs: Decimal, ours: Decimal, bought: Decimal) -> str:
    """What sets the two apart, as far as our hours tell."""
    reasons = []
    if bought < ours and one.choice:
        reasons.append(f"we advise the smallest of all windows, here that of {one.choice.days} days")
    if one.choice is None:
        reasons.append("we advise none of this kind")
    if one.candidate.unrated:
        reasons.append(f"{len(one.candidate.unrated)} usage types have no rate that we know, AWS knows all")
    if theirs != ours:
        reasons.append("AWS takes plans that end soon for held, we take their usage for free again")
        reasons.append("its 30 days may be other ones than ours")
    return "; ".join(reasons) or "nothing sets them apart"
