"""Discounts: the net cost of each line, and the discount lines that say the same in gross terms.

Per period the gross costs with the discount lines add up to the net costs, which are nothing on those lines.
"""

from collections import defaultdict
from collections.abc import Iterator

from finops.ingest.demo.discount_rates import discount_parts
from finops.ingest.demo.estate import estate
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import is_commitment_purchase
from finops.ingest.demo.periods import HOURS_A_DAY, Period
from finops.ingest.demo.savings_plans import SAVINGS_PLAN_ARN

Parts = tuple[tuple[str, int], ...]
_Place = tuple[str, str, str, str]


def apply_discounts(period: Period, lines: list[Line]) -> list[Line]:
    """The lines with net costs, followed by the discount lines; as they are where nothing is discounted."""
    if not period.discounted:
        return lines
    covered: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        if line.item.type != "SavingsPlanNegation":
            _discount(line, _parts(line))
        if line.item.type == "SavingsPlanCoveredUsage":
            for kind, value in line.discounts:
                covered[_hour_group(line)][kind] -= value
    # What was taken off covered usage is given back with its negation, to the last digit.
    for line in lines:
        if line.item.type == "SavingsPlanNegation":
            _discount(line, tuple(covered[_hour_group(line)].items()))
    return [*lines, *_discount_lines(lines)]


def _discount(line: Line, parts: Parts) -> None:
    line.discounts = parts
    taken = sum(value for _, value in parts)
    line.net = line.unblended - taken
    if taken:
        line.more["discount_total_discount"] = -taken
    bundled = dict(parts).get("BundledDiscount", 0)
    if bundled:
        line.more["discount_bundled_discount"] = -bundled


def _parts(line: Line) -> Parts:
    if is_commitment_purchase(line):
        return ()
    item = line.item
    return discount_parts(line.unblended, item.type, item.meter, item.billing_entity)


def _hour_group(line: Line) -> tuple[str, ...]:
    item = line.item
    arn = dict(item.more)[SAVINGS_PLAN_ARN]
    return (str(line.start), arn, item.account, item.product, item.region, item.operation, item.usage_type)


def _discount_lines(lines: list[Line]) -> Iterator[Line]:
    taken: dict[tuple[_Place, int], int] = defaultdict(int)
    samples: dict[_Place, Item] = {}
    for line in lines:
        for kind, value in line.discounts:
            item = line.item
            place = (kind, item.account, item.product, item.region)
            if place not in samples:
                samples[place] = _discount_item(kind, item)
            taken[place, line.start // HOURS_A_DAY] += value
    for (place, day), value in taken.items():
        if value:
            start = day * HOURS_A_DAY
            yield Line(samples[place], start, start + HOURS_A_DAY, 0, -value, net=0)


def _discount_item(kind: str, item: Item) -> Item:
    words = {str(discount["type"]): str(discount["description"]) for discount in estate().discounts}
    return Item(
        type=kind,
        account=item.account,
        product=item.product,
        servicecode=item.servicecode,
        invoice=item.invoice,
        region=item.region,
        description=words[kind],
    )
