"""The ledger as FOCUS 1.2: discounts and negations folded into the rows, fees split from what is unused.

A covered hour is billed nothing, its plan is: the negation takes no row. The fee of a commitment is a
Purchase (billed, effective nothing) and, where something is left of it, an Unused row (billed nothing,
effective the rest). So BilledCost adds up to the net unblended cost, EffectiveCost to the net amortized cost.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from finops.ingest.demo import money
from finops.ingest.demo.cur_cells import Cells, as_json, time_interval
from finops.ingest.demo.focus_cells import Role, focus_cells
from finops.ingest.demo.line import Line
from finops.ingest.demo.metrics import DISCOUNT_TYPES, USAGE_TYPES, is_commitment_purchase, metrics
from finops.ingest.demo.periods import Period
from finops.ingest.demo.table import Field, Table, TableRow, table_fields

_FOLDED = DISCOUNT_TYPES | {"SavingsPlanNegation"}
_RECURRING_FEES = frozenset({"RIFee", "SavingsPlanRecurringFee"})
_SP = "savings_plan_"


class Charge(NamedTuple):
    """One FOCUS row of a line; costs and the quantity of commitment in units of 1e-10."""

    role: Role
    billed: int
    effective: int
    listed: int
    contracted: int
    committed: int


def focus(period: Period, lines: Sequence[Line]) -> Table:
    """Every FOCUS 1.2 column and the five that AWS adds."""
    fields = table_fields("data/focus_columns.csv")
    return Table(fields, lambda: _rows(fields, period, lines))


def charges(line: Line) -> list[Charge]:
    """The rows a line item becomes: none, one or two."""
    kind, cost = line.item.type, metrics(line)
    if kind in _FOLDED:
        return []
    if kind in _RECURRING_FEES:
        paid = Charge(Role.CHARGE, cost.net_unblended, 0, 0, 0, line.amount)
        if not cost.net_amortized:
            return [paid]
        return [paid, Charge(Role.UNUSED, 0, cost.net_amortized, 0, 0, _left(line))]
    if is_commitment_purchase(line):
        return [Charge(Role.CHARGE, cost.net_unblended, 0, 0, 0, 0)]
    billed = 0 if kind == "SavingsPlanCoveredUsage" else cost.net_unblended
    contracted = cost.list - sum(value for _, value in line.discounts)
    return [Charge(Role.CHARGE, billed, cost.net_amortized, cost.list, contracted, _used(line))]


def _used(line: Line) -> int:
    if line.item.type == "SavingsPlanCoveredUsage":
        return line.more[_SP + "savings_plan_effective_cost"]
    return line.amount if line.item.type == "DiscountedUsage" else 0


def _left(line: Line) -> int:
    if line.item.type == "RIFee":
        return line.more["reservation_unused_quantity"]
    return line.more[_SP + "total_commitment_to_date"] - line.more[_SP + "used_commitment"]


def _rows(fields: list[Field], period: Period, lines: Sequence[Line]) -> Iterator[TableRow]:
    position = {field.name: number for number, field in enumerate(fields)}
    known: dict[tuple[int, Role], TableRow] = {}
    start, end = time_interval(period.start), time_interval(period.end)
    for line in lines:
        for charge in charges(line):
            base = known.get((id(line.item), charge.role))
            if base is None:
                cells = focus_cells(line.item, charge.role, start, end)
                base = [cells.get(field.name, "") for field in fields]
                known[id(line.item), charge.role] = base
            row = base.copy()
            for name, value in _changing(line, charge).items():
                row[position[name]] = value
            yield row


def _changing(line: Line, charge: Charge) -> Cells:
    effective = money.text(charge.effective)
    cells = {
        "ChargePeriodStart": time_interval(line.start),
        "ChargePeriodEnd": time_interval(line.end),
        "BilledCost": money.text(charge.billed),
        "EffectiveCost": effective,
        "PricingCurrencyEffectiveCost": effective,
        "ListCost": money.text(charge.listed),
        "ContractedCost": money.text(charge.contracted),
        "x_Discounts": _discounts(line, charge),
    }
    if charge.committed:
        cells["CommitmentDiscountQuantity"] = money.text(charge.committed)
    return cells | _quantities(line, charge)


def _quantities(line: Line, charge: Charge) -> Cells:
    if line.item.type not in USAGE_TYPES or charge.role is Role.UNUSED:
        return {}
    amount = money.text(line.amount)
    cells = {"PricingQuantity": amount, "ConsumedQuantity": amount}
    if line.item.public_rate is not None:
        price = money.text(line.item.public_rate)
        cells |= {"ListUnitPrice": price, "PricingCurrencyListUnitPrice": price}
    return cells


def _discounts(line: Line, charge: Charge) -> str:
    if charge.role is Role.UNUSED or not line.discounts:
        return "{}"
    return as_json({kind: money.text(-value) for kind, value in line.discounts})
