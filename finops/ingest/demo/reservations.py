"""Reserved Instances: their hours of usage, their monthly fee, their upfront fee.

In the open month the monthly fee is that of the hours so far, so that used and unused parts add up to it.
"""

from collections.abc import Iterator
from dataclasses import replace

from finops.ingest.demo import money
from finops.ingest.demo.commitment import TERM_HOURS, ReservationMonth, Terms, reservation_month
from finops.ingest.demo.discount_rates import net_share
from finops.ingest.demo.estate import Table, estate
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import RESERVATION_ARN
from finops.ingest.demo.periods import Period, hour_of, iso

_RI = "reservation_"
_NET = _RI + "net_"


def apply_reservations(period: Period, lines: list[Line]) -> list[Line]:
    """The lines with the reserved hours at no cost, and the fees of every reservation in force."""
    for reservation in estate().reservations:
        lines = _apply(period, reservation, lines)
    return lines


def _apply(period: Period, reservation: Table, lines: list[Line]) -> list[Line]:
    start = hour_of(reservation["start"])
    first, last = max(start, period.start), min(start + TERM_HOURS, period.cutoff)
    if first >= last:
        return lines
    reserved = [line for line in lines if _is_reserved(line, reservation) and first <= line.start < last]
    if not reserved:
        return lines
    sample = reserved[0].item
    items = {id(line.item): _discounted_item(line.item, reservation) for line in reserved}
    costs = _hour_costs(_terms(reservation), period.discounted)
    for line in reserved:
        line.item, line.unblended = items[id(line.item)], 0
        line.more = dict(costs)
    return [*lines, *_fees(period, reservation, sample, first, last, len(reserved))]


def _is_reserved(line: Line, reservation: Table) -> bool:
    return (line.item.key, line.item.meter) == (reservation["resource"], reservation["meter"])


def _terms(reservation: Table) -> Terms:
    return Terms(money.units(reservation["upfront"]), money.units(reservation["recurring"]))


def _hour_costs(terms: Terms, discounted: bool) -> dict[str, int]:
    costs = {
        _RI + "amortized_upfront_cost_for_usage": terms.upfront,
        _RI + "recurring_fee_for_usage": terms.recurring,
        _RI + "effective_cost": terms.commitment,
    }
    if discounted:
        net = terms.net(net_share("RIFee"))
        costs[_NET + "amortized_upfront_cost_for_usage"] = net.upfront
        costs[_NET + "recurring_fee_for_usage"] = net.recurring
        costs[_NET + "effective_cost"] = net.commitment
    return costs


def _fees(period: Period, reservation: Table, sample: Item, first: int, last: int, used: int) -> Iterator[Line]:
    terms, hours = _terms(reservation), last - first
    total = terms.upfront_fee
    month = reservation_month(total, terms.recurring, hours, used)
    fee = _fee_item(sample, reservation, "RIFee")
    more = _fee_costs("", month) | {
        _RI + "unused_quantity": (hours - used) * money.ONE,
        _RI + "upfront_value": total,
    }
    if period.discounted:
        net = terms.net(net_share("RIFee"))
        more |= _fee_costs("net_", reservation_month(total, net.recurring, hours, used))
    yield Line(fee, first, period.end, hours * money.ONE, month.fee, more=more)
    if total and first == hour_of(reservation["start"]):
        yield Line(_fee_item(sample, reservation, "Fee"), first, first + 1, money.ONE, total)


def _fee_costs(net: str, month: ReservationMonth) -> dict[str, int]:
    return {
        f"{_RI}{net}amortized_upfront_fee_for_billing_period": month.amortized_upfront,
        f"{_RI}{net}unused_amortized_upfront_fee_for_billing_period": month.unused_upfront,
        f"{_RI}{net}unused_recurring_fee": month.unused_recurring,
    }


def _discounted_item(item: Item, reservation: Table) -> Item:
    return replace(
        item,
        type="DiscountedUsage",
        description=f"{item.instance_type} reserved instance applied",
        rate=0,
        term="Reserved",
        more=tuple(_texts(reservation, item).items()),
    )


def _fee_item(item: Item, reservation: Table, kind: str) -> Item:
    dollars = reservation["recurring"] if kind == "RIFee" else "one-time"
    return replace(
        item,
        type=kind,
        resource="",
        key="",
        zone="",
        usage_type=item.usage_type.split("BoxUsage")[0].split("NodeUsage")[0] + reservation["usage_type"],
        description=f"USD {dollars} fee per {item.instance_type} reserved instance",
        rate=money.units(reservation["recurring"]) if kind == "RIFee" else None,
        public_rate=None,
        term="Reserved" if kind == "RIFee" else "",
        bill_type="Anniversary" if kind == "RIFee" else "Purchase",
        tags=(),
        cost_category="",
        more=tuple(_texts(reservation, item).items()),
    )


def _texts(reservation: Table, item: Item) -> dict[str, str]:
    start = hour_of(reservation["start"])
    return {
        RESERVATION_ARN: reservation["arn"].format(key=reservation["key"]),
        _RI + "start_time": iso(start),
        _RI + "end_time": iso(start + TERM_HOURS),
        _RI + "number_of_reservations": "1",
        _RI + "modification_status": "Original",
        _RI + "availability_zone": item.zone,
        "pricing_lease_contract_length": "1yr",
        "pricing_offering_class": "standard",
        "pricing_purchase_option": reservation["payment"],
    }
