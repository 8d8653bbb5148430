"""The arithmetic of commitments: one hour of a savings plan, one month of a reservation.

All money and amounts are in units of 1e-10. The formulas are those of the AWS cost and usage report: covered
usage plus its negation is nothing, what is left of a commitment is the amortized cost of its fee.
"""

from typing import NamedTuple

from finops.ingest.demo import money

TERM_HOURS = 8760


class Terms(NamedTuple):
    """What a commitment costs for each hour of its term: the share paid in advance and the recurring one."""

    upfront: int
    recurring: int

    @property
    def commitment(self) -> int:
        """The whole of it."""
        return self.upfront + self.recurring

    @property
    def upfront_fee(self) -> int:
        """What is paid once, at the start of the term."""
        return self.upfront * TERM_HOURS

    def net(self, share: int) -> "Terms":
        """After discounts that leave `share` of a recurring dollar; upfront fees are not discounted."""
        return Terms(self.upfront, money.times(self.recurring, share))


def covered_amount(amount: int, plan_rate: int, left: int) -> int:
    """How much of `amount` fits into what is left of the hour's commitment at the plan's rate."""
    if money.times(amount, plan_rate) <= left:
        return amount
    return left * money.ONE // plan_rate


def net_effective(effective: int, plan: Terms, net: Terms) -> int:
    """The net cost of covered usage, rounded down: the hour's sum must not exceed the net commitment."""
    return effective * net.commitment // plan.commitment


class ReservationMonth(NamedTuple):
    """A reservation in one billing period: what was paid, and what no usage took."""

    fee: int
    amortized_upfront: int
    unused_upfront: int
    unused_recurring: int


def reservation_month(upfront_total: int, recurring: int, hours: int, used_hours: int) -> ReservationMonth:
    """A reservation of one unit that is in force for `hours` and used in `used_hours` of them."""
    amortized = money.divide(upfront_total * hours, TERM_HOURS)
    used_upfront = money.divide(upfront_total * used_hours, TERM_HOURS)
    return ReservationMonth(
        fee=recurring * hours,
        amortized_upfront=amortized,
        unused_upfront=amortized - used_upfront,
        unused_recurring=recurring * (hours - used_hours),
    )
