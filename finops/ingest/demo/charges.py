"""What is no usage: subscriptions, support, one-off fees, credits, refunds, tax."""

from collections import defaultdict
from collections.abc import Iterator

from finops.ingest.demo import money
from finops.ingest.demo.estate import Table, estate
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.periods import HOURS_A_DAY, Period
from finops.ingest.demo.usage import invoice

_CENT = money.units("0.01")
_OWN_INVOICE = frozenset({"Refund"})


def charge_lines(period: Period) -> Iterator[Line]:
    """The fixed charges that the delivery has."""
    for charge in estate().charges:
        if _is_due(charge, period):
            yield _charge_line(charge, period)


def tax_lines(period: Period, lines: list[Line]) -> Iterator[Line]:
    """One month-long line per taxed account and product, in whole cents, on what is really paid."""
    tax = estate().tax
    bases: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        item = line.item
        if item.account in tax["accounts"] and item.billing_entity == "AWS":
            bases[item.account, item.product] += line.unblended if line.net is None else line.net
    for (account, product), base in sorted(bases.items()):
        cents = money.divide(money.times(base, money.units(tax["rate"])), _CENT)
        if cents > 0:
            item = _tax_item(period, account, product)
            yield Line(item, period.start, period.end, money.ONE, cents * _CENT, net=_net(period, cents * _CENT))


def _is_due(charge: Table, period: Period) -> bool:
    if charge.get("late") and not period.final:
        return False
    if period.key not in charge.get("months", [period.key]):
        return False
    return _day(charge, period) < period.cutoff


def _charge_line(charge: Table, period: Period) -> Line:
    start, cost = _day(charge, period), money.units(charge["cost"])
    end = period.end if charge.get("long") else start + HOURS_A_DAY
    return Line(_charge_item(charge, period), start, end, money.ONE, cost, net=_net(period, cost))


def _charge_item(charge: Table, period: Period) -> Item:
    bill_type = charge["type"] if charge["type"] in _OWN_INVOICE else "Anniversary"
    return Item(
        type=charge["type"],
        account=charge["account"],
        product=charge["product"],
        servicecode=charge["product"],
        invoice=invoice(period),
        region=charge.get("region", ""),
        usage_type=charge["usage_type"],
        operation=charge.get("operation", ""),
        description=charge["description"],
        bill_type=bill_type,
    )


def _tax_item(period: Period, account: str, product: str) -> Item:
    return Item(
        type="Tax",
        account=account,
        product=product,
        servicecode=product,
        invoice=invoice(period),
        description=f"Tax for product code {product}",
        more=(("line_item_tax_type", str(estate().tax["type"])),),
    )


def _day(charge: Table, period: Period) -> int:
    return period.start + (int(charge["day"]) - 1) * HOURS_A_DAY


def _net(period: Period, cost: int) -> int | None:
    return cost if period.discounted else None
