"""Savings Plans hour by hour: covered usage, its negation, the recurring fee, the upfront fee."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from finops.ingest.demo import money
from finops.ingest.demo.commitment import TERM_HOURS, Terms, covered_amount, net_effective
from finops.ingest.demo.discount_rates import net_share
from finops.ingest.demo.estate import Table, estate
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import NET_USED
from finops.ingest.demo.periods import Period, hour_of, iso
from finops.ingest.demo.usage import invoice

SAVINGS_PLAN_ARN = "savings_plan_savings_plan_a_r_n"
EFFECTIVE_COST = "savings_plan_savings_plan_effective_cost"
_NET_EFFECTIVE_COST = "savings_plan_net_savings_plan_effective_cost"
_SP = "savings_plan_"
_NET = _SP + "net_"


def apply_savings_plans(period: Period, lines: list[Line]) -> list[Line]:
    """The lines with what the plans cover, the negations and the fees of every plan in force."""
    for plan in estate().savings_plans:
        lines = _Cover(period, plan).apply(lines)
    return lines


class _Cover:
    """One plan in one period; keeps the items it makes, so that each is made once."""

    def __init__(self, period: Period, plan: Table) -> None:
        self.period, self.plan = period, plan
        self.terms = Terms(money.units(plan["upfront"]), money.units(plan["recurring"]))
        self.net = self.terms.net(net_share("SavingsPlanRecurringFee"))
        self.left_share = money.ONE - money.units(plan["discount"])
        start = hour_of(plan["start"])
        self.start = start
        self.hours = range(max(start, period.start), min(start + TERM_HOURS, period.cutoff))
        self.items: dict[tuple[str, int | tuple[str, ...]], Item] = {}

    def apply(self, lines: list[Line]) -> list[Line]:
        if not self.hours:
            return lines
        eligible: dict[int, list[Line]] = defaultdict(list)
        others: list[Line] = []
        for line in lines:
            (eligible[line.start] if self._is_eligible(line) else others).append(line)
        for hour in self.hours:
            others.extend(self._hour(hour, eligible[hour]))
        if self.start == self.hours.start:
            others.extend(self._upfront_fee())
        return others

    def _is_eligible(self, line: Line) -> bool:
        item, plan = line.item, self.plan
        known = item.type == "Usage" and item.meter in plan["meters"] and item.account in plan["accounts"]
        return known and line.start in self.hours

    def _hour(self, hour: int, lines: list[Line]) -> Iterator[Line]:
        used = net_used = 0
        negated: dict[tuple[str, ...], list[Line]] = defaultdict(list)
        for line in sorted(lines, key=self._turn):
            for part in self._split(line, self.terms.commitment - used):
                if part.item.type == "SavingsPlanCoveredUsage":
                    used += part.more[EFFECTIVE_COST]
                    net_used += part.more.get(_NET_EFFECTIVE_COST, 0)
                    negated[_group(part.item)].append(part)
                yield part
        for group, parts in negated.items():
            yield self._negation(group, parts)
        yield self._recurring_fee(hour, used, net_used)

    def _turn(self, line: Line) -> tuple[bool, int]:
        """AWS's order: the owner's usage before that of others; at one discount the lowest rate first."""
        return line.item.account != self.plan["account"], line.item.rate or 0

    def _split(self, line: Line, left: int) -> Iterator[Line]:
        rate = money.times(line.item.rate or 0, self.left_share)
        amount = covered_amount(line.amount, rate, left)
        if amount:
            yield self._covered(line, amount, rate)
        if amount < line.amount:
            rest = line.amount - amount
            cost = line.unblended - money.times(amount, line.item.rate or 0)
            yield Line(line.item, line.start, line.end, rest, cost, cost)

    def _covered(self, line: Line, amount: int, rate: int) -> Line:
        cost, effective = money.times(amount, line.item.rate or 0), money.times(amount, rate)
        more = {EFFECTIVE_COST: effective}
        if self.period.discounted:
            more[_NET_EFFECTIVE_COST] = net_effective(effective, self.terms, self.net)
        return Line(self._covered_item(line.item, rate), line.start, line.end, amount, cost, cost, more=more)

    def _negation(self, group: tuple[str, ...], parts: list[Line]) -> Line:
        first = parts[0]
        cost = -sum(part.unblended for part in parts)
        amount = sum(part.amount for part in parts)
        return Line(self._negation_item(group, first.item), first.start, first.end, amount, cost, -cost)

    def _recurring_fee(self, hour: int, used: int, net_used: int) -> Line:
        more = {
            _SP + "total_commitment_to_date": self.terms.commitment,
            _SP + "used_commitment": used,
            _SP + "amortized_upfront_commitment_for_billing_period": self.terms.upfront,
            _SP + "recurring_commitment_for_billing_period": self.terms.recurring,
        }
        if self.period.discounted:
            more[_NET + "amortized_upfront_commitment_for_billing_period"] = self.net.upfront
            more[_NET + "recurring_commitment_for_billing_period"] = self.net.recurring
            more[NET_USED] = net_used
        item = self._fee_item("SavingsPlanRecurringFee")
        return Line(item, hour, hour + 1, money.ONE, self.terms.recurring, more=more)

    def _upfront_fee(self) -> Iterator[Line]:
        if self.terms.upfront:
            item, cost = self._fee_item("SavingsPlanUpfrontFee"), self.terms.upfront_fee
            yield Line(item, self.start, self.start + 1, money.ONE, cost)

    def _covered_item(self, item: Item, rate: int) -> Item:
        key = ("covered", id(item))
        if key not in self.items:
            texts = {_SP + "savings_plan_rate": money.text(rate)} | self._texts()
            self.items[key] = replace(
                item, type="SavingsPlanCoveredUsage", term="SavingsPlan", more=tuple(texts.items())
            )
        return self.items[key]

    def _negation_item(self, group: tuple[str, ...], sample: Item) -> Item:
        key = ("negation", group)
        if key not in self.items:
            self.items[key] = replace(
                sample,
                type="SavingsPlanNegation",
                resource="",
                key="",
                zone="",
                description=f"SavingsPlanNegation used by AccountId : {sample.account} and UsageSku : " + sample.meter,
                tags=(),
                cost_category="",
                more=tuple(self._texts().items()),
            )
        return self.items[key]

    def _fee_item(self, kind: str) -> Item:
        if (kind, 0) not in self.items:
            self.items[kind, 0] = Item(
                type=kind,
                account=self.plan["account"],
                product="ComputeSavingsPlans",
                servicecode="ComputeSavingsPlans",
                invoice=invoice(self.period),
                usage_type="ComputeSP:1yr" + self.plan["payment"].replace(" ", ""),
                description=f"1 year {self.plan['payment']} Compute Savings Plan",
                unit="Hrs",
                bill_type="Purchase" if kind == "SavingsPlanUpfrontFee" else "Anniversary",
                more=tuple(self._texts().items()),
            )
        return self.items[kind, 0]

    def _texts(self) -> dict[str, str]:
        arn = f"arn:aws:savingsplans::{self.plan['account']}:savingsplan/{self.plan['key']}"
        return {
            SAVINGS_PLAN_ARN: arn,
            _SP + "offering_type": "ComputeSavingsPlans",
            _SP + "payment_option": self.plan["payment"],
            _SP + "purchase_term": "1yr",
            _SP + "start_time": iso(self.start),
            _SP + "end_time": iso(self.start + TERM_HOURS),
        }


def _group(item: Item) -> tuple[str, ...]:
    return (item.account, item.product, item.region, item.operation, item.usage_type)
