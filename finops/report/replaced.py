"""What the deliveries behind a report changed against those they replaced."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import NONE
from finops.report.windows import Window

if TYPE_CHECKING:
    from finops.reader import Ledger

# A part of a thousand of a month is worth a word on the first screen; less is told beside the deliveries.
NOTABLE = Decimal("0.001")


@dataclass(frozen=True)
class Replaced:
    """A period that was delivered anew: what all of it cost before and costs now, whatever `--where` leaves of it.

    `restated` is the part of the difference on days that were complete before, `moved` the same without signs, place
    by place; `service` in `account` changed most there, by `most`. Costs are None where the metric cannot be compared.
    """

    period: str
    export: str
    old: Decimal | None
    new: Decimal | None
    restated: Decimal | None
    moved: Decimal = Decimal(0)
    service: str = NONE
    account: str = NONE
    most: Decimal = Decimal(0)

    @property
    def difference(self) -> Decimal | None:
        """Now less before."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def is_notable(self) -> bool:
        """Whether what was reported before has changed enough to say so at once."""
        return self.old is not None and self.moved > 0 and self.moved >= abs(self.old) * NOTABLE


def replaced(ledger: Ledger, window: Window) -> tuple[Replaced, ...]:
    """The periods with a charge in the window whose delivery changed something, the oldest first."""
    periods = {row["billing_period"] for row in ledger.rows(_PERIODS, [window.start, window.end])}
    changed = {row["delivery_id"]: row for row in ledger.rows(_CHANGES, [ledger.ask.metric, ledger.currency])}
    return tuple(
        _replaced(one["period"], one["export"], changed[one["delivery_id"]])
        for one in ledger.deliveries
        if one["period"] in periods and one["delivery_id"] in changed
    )


def _replaced(period: str, export: str, row: dict[str, Any]) -> Replaced:
    if row["old_cost"] is None:
        return Replaced(period, export, None, None, None)
    return Replaced(
        period,
        export,
        Decimal(row["old_cost"]),
        Decimal(row["new_cost"]),
        Decimal(row["restated_cost"]),
        Decimal(row["moved"]),
        row["service"] or NONE,
        row["account"] or NONE,
        Decimal(row["most"]),
    )


_PERIODS = "select distinct billing_period from daily_cost where charge_day >= ? and charge_day < ?"

# A delivery whose changes have rows, but none of the metric, is one that cannot be compared by it.
_CHANGES = """
with
places as (
    select
        delivery_id, x_service_code, sub_account_id, metric = ? as is_asked, bool_or(is_change) as is_change,
        sum(old_cost) as old_cost, sum(new_cost) as new_cost, sum(restated_cost) as restated_cost
    from cost_changes
    where billing_currency = ?
    group by delivery_id, x_service_code, sub_account_id, is_asked
)
select
    delivery_id,
    sum(old_cost) filter (where is_asked) as old_cost,
    sum(new_cost) filter (where is_asked) as new_cost,
    sum(restated_cost) filter (where is_asked) as restated_cost,
    sum(abs(restated_cost)) filter (where is_asked) as moved,
    arg_max(restated_cost, abs(restated_cost)) filter (where is_asked) as most,
    arg_max(x_service_code, abs(restated_cost)) filter (where is_asked) as service,
    arg_max(sub_account_id, abs(restated_cost)) filter (where is_asked) as account
from places
group by delivery_id
having bool_or(is_change) filter (where is_asked) or not bool_or(is_asked)
"""
