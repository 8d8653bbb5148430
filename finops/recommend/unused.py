"""What is paid for commitments that nothing used: reserved hours that stood idle, hours of a plan not taken up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from finops.config.settings import Settings
from finops.recommend.held import Held
from finops.recommend.row import HOURS_PER_MONTH, Recommendation

_EXACT = Decimal("1e-10")


def unused_commitments(found: Iterable[Held], until: datetime, settings: Settings) -> Iterator[Recommendation]:
    """One row per commitment that still runs at `until` and was not used whole.

    The waste is measured; that it can be saved is not: neither a plan nor a reservation can be cancelled, so the class
    is `upper bound` and no total holds it.
    """
    for one in found:
        if one.unused_cost > 0 and not one.ends_by(until):
            yield _row(one, settings)


def _row(one: Held, settings: Settings) -> Recommendation:
    per_month = HOURS_PER_MONTH * one.count / one.hours
    waste = (one.unused_cost * per_month).quantize(_EXACT)
    return Recommendation(
        kind="unused_savings_plan" if one.is_plan else "unused_reservation",
        where=(one.arn,),
        account=one.account,
        region=one.region,
        service=one.service,
        resource_id=one.arn,
        owner=owner_of(one.account, settings),
        current_cost=(one.cost * per_month).quantize(_EXACT),
        saving=waste,
        saving_low=Decimal(0),
        saving_high=waste,
        pay_back_months=Decimal(0),
        basis="own rate",
        certainty="upper bound",
        action=_action(one),
        evidence=_evidence(one),
        more=_terms(one),
    )


def _action(one: Held) -> str:
    until = f"; it ends {one.end:%Y-%m-%d}, do not renew it as it is" if one.end else ""
    if one.is_plan:
        return f"run usage it covers in the idle hours, share it with the other accounts{until}"
    if one.service == "AmazonEC2":
        return f"run {one.name} under it, change it to a size in use, or sell it on the RI Marketplace{until}"
    return f"run {one.name} under it{until}"


def _evidence(one: Held) -> str:
    count = f"{one.count:f} x " if one.count != 1 else ""
    what = f"{count}{one.name}" if not one.is_plan else f"plan {one.name[:8]}"
    idle = f", {one.unused_hours:,.0f} of {one.hours:,.0f} reserved hours idle" if one.unused_hours else ""
    periods = ", ".join(f"{period} {cost:,.2f}" for period, cost in one.by_period)
    return f"{what}: {one.utilisation:.1f} % used{idle}; unused by month: {periods}"


def _terms(one: Held) -> dict[str, object]:
    return {
        "plan_type": one.plan_type or None,
        "term": one.term or None,
        "payment_option": one.payment or None,
        "hourly_commitment": one.hourly.quantize(_EXACT),
        "utilisation": one.utilisation.quantize(Decimal("0.0001")),
        "chosen": False,
    }


def owner_of(account: str, settings: Settings) -> str:
    """Whom [owners] names for an account, as they are written to; blank where nobody is."""
    owner = settings.owners.accounts.get(account, "")
    return settings.owners.handles.get(owner, owner)
