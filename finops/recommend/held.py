"""The commitments that are held already: what each is, when it ends, and how much of it nothing used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.models import model

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What an export calls a plan -> what the API calls it.
PLAN_TYPES = {
    "ComputeSavingsPlans": "Compute",
    "EC2InstanceSavingsPlans": "EC2Instance",
    "SageMakerSavingsPlans": "SageMaker",
    "DatabaseSavingsPlans": "Database",
}
_YEAR_AND_A_HALF = timedelta(days=548)


@dataclass(frozen=True)
class Held:
    """One Savings Plan or reservation. Costs are over `hours` hours of it (all units together), upfront share included.

    `plan_type`, `term` and `payment` are blank where the export does not say. `name` is what a person knows it by;
    `by_period` the unused cost of each billing period.
    """

    arn: str
    is_plan: bool
    name: str
    account: str
    region: str
    service: str
    plan_type: str
    term: str
    payment: str
    start: datetime | None
    end: datetime | None
    count: Decimal
    hours: Decimal
    unused_hours: Decimal | None
    cost: Decimal
    unused_cost: Decimal
    by_period: tuple[tuple[str, Decimal], ...]

    @property
    def utilisation(self) -> Decimal:
        """The used share of its cost, or of its hours where it costs nothing, in percent."""
        if self.cost:
            return 100 * (1 - self.unused_cost / self.cost)
        return 100 * (1 - (self.unused_hours or Decimal(0)) / self.hours)

    @property
    def hourly(self) -> Decimal:
        """What an hour of all its units costs."""
        return self.cost * self.count / self.hours

    def ends_by(self, moment: datetime) -> bool:
        """Whether it is known to end by then."""
        return self.end is not None and self.end <= moment


def held(connection: DuckDBPyConnection) -> list[Held]:
    """Every plan and reservation whose fee is on the bill, in the view `cur`, the dearest waste first."""
    found = [*_plans(connection), *_reservations(connection)]
    return sorted(found, key=lambda one: (-one.unused_cost, one.arn))


def _plans(connection: DuckDBPyConnection) -> Iterator[Held]:
    rows = connection.execute(_PLANS.format(model("cur_savings_plan_hours").sql)).fetchall()
    for arn, account, kind, term, payment, start, end, hours, cost, unused, periods, by_period in rows:
        yield Held(
            arn=arn,
            is_plan=True,
            name=arn.rpartition("/")[2],
            account=account,
            region="",
            service=kind or "ComputeSavingsPlans",
            plan_type=PLAN_TYPES.get(kind or "", ""),
            term=term or "",
            payment=payment or "",
            start=moment(start),
            end=moment(end),
            count=Decimal(1),
            hours=Decimal(hours),
            unused_hours=None,
            cost=cost,
            unused_cost=unused,
            by_period=tuple(zip(periods, by_period, strict=True)),
        )


def _reservations(connection: DuckDBPyConnection) -> Iterator[Held]:
    rows = connection.execute(_RESERVATIONS.format(model("cur_reservations").sql)).fetchall()
    for arn, account, region, service, usage_type, operation, *rest in rows:
        start, end, count, hours, unused_hours, fee, upfront, unused, periods, by_period = rest
        first, last = moment(start), moment(end)
        yield Held(
            arn=arn,
            is_plan=False,
            name=_name(usage_type or "", operation or "") or arn,
            account=account,
            region=region or "",
            service=service,
            plan_type="",
            term=_term(first, last),
            payment=_payment(fee, upfront),
            start=first,
            end=last,
            count=Decimal(count or 1),
            hours=hours,
            unused_hours=unused_hours,
            cost=fee + upfront,
            unused_cost=unused,
            by_period=tuple(zip(periods, by_period, strict=True)),
        )


def _name(usage_type: str, operation: str) -> str:
    # the only platform told in the bill itself that a person would miss
    return usage_type.rpartition(":")[2] + (" (Windows)" if operation == "RunInstances:0002" else "")


def _term(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return ""
    return "1yr" if end - start < _YEAR_AND_A_HALF else "3yr"


def _payment(fee: Decimal, upfront: Decimal) -> str:
    if not upfront:
        return "No Upfront"
    return "Partial Upfront" if fee else "All Upfront"


def moment(text: str | None) -> datetime | None:
    """A time as an export spells it (ISO 8601, UTC); None where it gives none or it cannot be read."""
    try:
        read = datetime.fromisoformat((text or "").replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def alive(found: Iterable[Held], at: datetime) -> list[Held]:
    """Those that have not ended."""
    return [one for one in found if not one.ends_by(at)]


_PLANS = """
with plans as ({}),
periods as (
    select x_savings_plan_arn, strftime(charge_period_start, '%Y-%m') as period,
        cast(sum(committed_cost - used_cost) as decimal(38, 10)) as unused
    from plans group by all
),
lists as (
    select x_savings_plan_arn, list(period order by period) as periods, list(unused order by period) as by_period
    from periods group by x_savings_plan_arn
)
select
    x_savings_plan_arn, max(sub_account_id), max(x_savings_plan_type), max(x_savings_plan_term),
    max(x_savings_plan_payment), max(x_savings_plan_start), max(x_savings_plan_end), count(*),
    cast(sum(committed_cost) as decimal(38, 10)), cast(sum(committed_cost - used_cost) as decimal(38, 10)),
    any_value(periods), any_value(by_period)
from plans join lists using (x_savings_plan_arn)
where x_savings_plan_arn is not null
group by x_savings_plan_arn
"""
_RESERVATIONS = """
select
    x_reservation_arn, max(sub_account_id), max(region_id), max(x_service_code), max(x_usage_type), max(x_operation),
    max(x_reservation_start), max(x_reservation_end), max(x_reservation_count),
    cast(sum(reserved_hours) as decimal(38, 10)), cast(sum(unused_hours) as decimal(38, 10)),
    cast(sum(fee_cost) as decimal(38, 10)), cast(sum(upfront_cost) as decimal(38, 10)),
    cast(sum(unused_cost) as decimal(38, 10)),
    list(strftime(billing_period_start, '%Y-%m') order by billing_period_start),
    list(unused_cost order by billing_period_start)
from ({})
group by x_reservation_arn
having sum(reserved_hours) > 0
"""
