"""Usage at on-demand and Spot rates: every resource through every hour or day that it ran."""

from collections.abc import Iterator
from datetime import date
from zlib import crc32

from finops.ingest.demo import money
from finops.ingest.demo.company_tags import segments
from finops.ingest.demo.estate import Row, estate
from finops.ingest.demo.line import Item, Line, Tags
from finops.ingest.demo.periods import HOURS_A_DAY, Period, hour_of, months_since, weekday

_SATURDAY = 5
_PERCENT, _PER_MILLE = 100, 1000
_GROWTH_FROM = (2026, 8)
# Amounts have six decimals, counts of requests none: exactly what most meters of AWS report.
_SIXTH_DECIMAL = 10_000
_COUNTED_FROM = money.units("1000")


def usage_lines(period: Period) -> Iterator[Line]:
    """The usage of every resource in the period, before any commitment or discount."""
    for resource in estate().resources:
        start = _later(resource["from"], period.start)
        end = _earlier(resource["until"], period.cutoff)
        for left, right, tags in segments(resource, start, end):
            yield from _lines(resource, period, _item(resource, period, tags), left, right)


def invoice(period: Period, billing_entity: str = "AWS") -> str:
    """The invoice id of the period's usage; blank until the period is final."""
    if not period.final:
        return ""
    return period.key.replace("-", "") + ("4711" if billing_entity == "AWS" else "8152")


def _lines(resource: Row, period: Period, item: Item, start: int, end: int) -> Iterator[Line]:
    every = estate().meters[resource["meter"]]["every"]
    if every == "month":
        yield _line(item, period.start, period.end, money.units(resource["amount"]))
        return
    step = HOURS_A_DAY if every == "day" else 1
    base, profile = money.units(resource["amount"]), estate().profiles[resource["profile"]]
    for hour in range(start, end, step):
        until = min(hour + step, end)
        amount = _amount(base * (until - hour) // step, profile, item, hour, daily=step > 1)
        if amount:
            yield _line(item, hour, until, amount)


def _line(item: Item, start: int, end: int, amount: int) -> Line:
    cost = money.times(amount, item.rate or 0)
    return Line(item, start, end, amount, cost, money.times(amount, item.public_rate or 0))


def _amount(base: int, profile: Row, item: Item, hour: int, daily: bool) -> int:
    shape = profile["hours"].split()
    percent = _PERCENT if daily else int(shape[hour % HOURS_A_DAY % len(shape)])
    if weekday(hour) >= _SATURDAY:
        percent = percent * int(profile["weekend"]) // _PERCENT
    growth = _PER_MILLE + int(profile["growth"]) * months_since(hour, *_GROWTH_FROM)
    noise = _PER_MILLE + _noise(f"{item.resource}/{item.meter}/{hour}", int(profile["noise"]))
    value = base * percent * growth * noise // (_PERCENT * _PER_MILLE * _PER_MILLE)
    grain = money.ONE if base >= _COUNTED_FROM else _SIXTH_DECIMAL
    return value // grain * grain


def _noise(seed: str, width: int) -> int:
    # A checksum of the name and the hour: the same noise in every run, on every machine.
    return crc32(seed.encode()) % (2 * width + 1) - width if width else 0


def _item(resource: Row, period: Period, tags: Tags) -> Item:
    company = estate()
    meter, region = company.meters[resource["meter"]], company.regions.get(resource["region"], {})
    # Spot and Marketplace are not in the public price list.
    listed = bool(meter["family"])
    entity = "AWS" if listed or meter["product"] == "AmazonEC2" else "AWS Marketplace"
    rate = money.units(meter["rate"])
    places = {"region": resource["region"], "account": resource["account"]}
    return Item(
        type="Usage",
        account=resource["account"],
        product=meter["product"],
        invoice=invoice(period, entity),
        meter=meter["meter"],
        key=resource["key"],
        resource=resource["resource_id"].format(**places),
        region=resource["region"],
        zone=resource["az"],
        usage_type=meter["usage_type"].format(p=region.get("old", ""), P=region.get("new", "")),
        operation=meter["operation"],
        description=meter["description"].format(location=region.get("location", "Global")),
        unit=meter["unit"],
        family=meter["family"],
        servicecode=meter["servicecode"] or company.products[meter["product"]]["servicecode"],
        instance_type=meter["instance_type"],
        rate=rate,
        public_rate=rate if listed else None,
        term="OnDemand" if listed else "",
        billing_entity=entity,
        tags=tags,
        cost_category=company.projects[resource["project"]]["budget"] if resource["project"] else "",
    )


def _later(day: str, hour: int) -> int:
    return max(hour, _midnight(day)) if day else hour


def _earlier(day: str, hour: int) -> int:
    return min(hour, _midnight(day)) if day else hour


def _midnight(day: str) -> int:
    return hour_of(date.fromisoformat(day))
