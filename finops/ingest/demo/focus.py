"""FOCUS 1.2: the ledger with discounts and negation folded into the rows they belong to.

A covered line is billed 0 and the negation that made it so is gone. A commitment's fee becomes a Purchase, billed and
of no effect, and a Usage row of status Unused for what nothing used. Every other line is one row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from finops.ingest.demo.cur import COST_CATEGORY, LEGAL_ENTITY, rate_code, seller, sku
from finops.ingest.demo.cur2 import as_json, discount_json
from finops.ingest.demo.estate import estate, table
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import RESERVATION_ARN, USAGE_TYPES, is_commitment_purchase, metrics
from finops.ingest.demo.money import text
from finops.ingest.demo.periods import Period
from finops.ingest.demo.sheet import Column, Sheet, clock

FOLDED = frozenset(
    {"SavingsPlanNegation", "BundledDiscount", "Discount", "EdpDiscount"}
    | {"PrivateRateDiscount", "RiVolumeDiscount", "SppDiscount"}
)
_CLOCK = "%Y-%m-%dT%H:%M:%S.000Z"
_PLAN_ARN = "savings_plan_savings_plan_a_r_n"
_RECURRING_FEES = frozenset({"SavingsPlanRecurringFee", "RIFee"})
_UNITS = {"Hrs": "Hours", "hours": "Hours", "GB-Mo": "GB-Months", "ACU-Hr": "ACU-Hours", "DPU-Hour": "DPU-Hours"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How FOCUS files a row."""

    category: str
    frequency: str
    pricing: str = ""
    status: str = ""
    correction: bool = False


class Charge(NamedTuple):
    """One FOCUS row's money, in units of 1e-10 USD."""

    kind: Kind
    billed: int
    effective: int
    listed: int
    contracted: int


_USAGE = Kind("Usage", "Usage-Based", "Standard")
_SPOT = Kind("Usage", "Usage-Based", "Dynamic")
_COVERED = Kind("Usage", "Usage-Based", "Committed", "Used")
_UNUSED = Kind("Usage", "Usage-Based", "Committed", "Unused")
_RECURRING = Kind("Purchase", "Recurring", "Standard")
_ONE_TIME = Kind("Purchase", "One-Time", "Standard")
_KINDS = {
    "Usage": _USAGE,
    "SavingsPlanCoveredUsage": _COVERED,
    "DiscountedUsage": _COVERED,
    "Fee": _ONE_TIME,
    "FlatRateSubscription": _RECURRING,
    "Tax": Kind("Tax", "Usage-Based"),
    "Credit": Kind("Credit", "One-Time"),
    "Refund": Kind("Usage", "Usage-Based", "Standard", correction=True),
}
_ADJUSTMENT = Kind("Adjustment", "Usage-Based")


def sheet(lines: list[Line], period: Period) -> Sheet:
    """The export; maps are JSON text, as its CSV files hold them."""
    columns = tuple(Column(row["name"], row["kind"]) for row in table("data/focus_columns.csv"))
    return Sheet(columns, _rows([column.name for column in columns], lines, period))


def charges(line: Line) -> list[Charge]:
    """The FOCUS rows of a line: none where it is folded into others, two where a fee leaves something unused."""
    item, cost = line.item, metrics(line)
    if item.type in FOLDED:
        return []
    if is_commitment_purchase(line):
        return [Charge(_ONE_TIME, cost.net_unblended, 0, 0, cost.net_unblended)]
    if item.type in _RECURRING_FEES:
        bought = Charge(_RECURRING, cost.net_unblended, 0, 0, cost.net_unblended)
        unused = Charge(_UNUSED, 0, cost.net_amortized, 0, 0)
        return [bought, unused] if cost.net_amortized else [bought]
    kind = _SPOT if "SpotUsage" in item.usage_type else _KINDS.get(item.type, _ADJUSTMENT)
    billed = 0 if kind is _COVERED else cost.net_unblended
    contracted = line.public - _taken_off(line) if kind is _COVERED else cost.net_unblended
    return [Charge(kind, billed, cost.net_amortized, cost.list, contracted)]


def _taken_off(line: Line) -> int:
    return sum(value for _, value in line.discounts)


def _rows(names: list[str], lines: list[Line], period: Period) -> Iterator[list[str]]:
    place = {name: number for number, name in enumerate(names)}
    patterns: dict[tuple[int, Kind], list[str]] = {}
    for line in lines:
        for charge in charges(line):
            key = (id(line.item), charge.kind)
            if key not in patterns:
                record = _fixed(line.item, charge.kind, period)
                patterns[key] = [record.get(name, "") for name in names]
            row = patterns[key].copy()
            for name, value in _moving(line, charge):
                row[place[name]] = value
            yield row


def _moving(line: Line, charge: Charge) -> Iterator[tuple[str, str]]:
    effective = text(charge.effective)
    yield "ChargePeriodStart", clock(line.start, _CLOCK)
    yield "ChargePeriodEnd", clock(line.end, _CLOCK)
    yield "BilledCost", text(charge.billed)
    yield "EffectiveCost", effective
    yield "PricingCurrencyEffectiveCost", effective
    yield "ListCost", text(charge.listed)
    yield "ContractedCost", text(charge.contracted)
    yield "x_Discounts", discount_json(line)
    if charge.kind.category in ("Usage", "Purchase") and charge.kind is not _UNUSED:
        yield "PricingQuantity", text(line.amount)
    if line.item.type in USAGE_TYPES:
        yield "ConsumedQuantity", text(line.amount)
    if charge.kind.status:
        quantity = charge.effective if _plan(line.item) else _hours(line, charge.kind)
        yield "CommitmentDiscountQuantity", text(quantity)


def _hours(line: Line, kind: Kind) -> int:
    return line.more["reservation_unused_quantity"] if kind is _UNUSED else line.amount


def _fixed(item: Item, kind: Kind, period: Period) -> dict[str, str]:
    return {
        **_accounts(item, period),
        **_what(item, kind),
        **_prices(item, kind),
        **_commitment(item, kind),
        **_resource(item, kind),
        "Tags": as_json(dict(item.tags)),
        "SkuPriceDetails": as_json({}),
        "x_CostCategories": as_json({COST_CATEGORY: item.cost_category} if item.cost_category else {}),
        "x_Operation": item.operation,
        "x_ServiceCode": item.product,
        "x_UsageType": item.usage_type,
    }


def _accounts(item: Item, period: Period) -> dict[str, str]:
    company = estate()
    return {
        "BillingAccountId": company.payer,
        "BillingAccountName": company.accounts[company.payer]["name"],
        "BillingAccountType": "Payer",
        "BillingCurrency": "USD",
        "BillingPeriodStart": clock(period.start, _CLOCK),
        "BillingPeriodEnd": clock(period.end, _CLOCK),
        "InvoiceId": item.invoice,
        "InvoiceIssuerName": LEGAL_ENTITY,
        "ProviderName": "AWS",
        "PublisherName": seller(item),
        "SubAccountId": item.account,
        "SubAccountName": company.accounts[item.account]["name"],
        "SubAccountType": "Linked",
    }


def _what(item: Item, kind: Kind) -> dict[str, str]:
    product = estate().products[item.product]
    region = estate().regions.get(item.region, {"location": ""})
    return {
        "AvailabilityZone": item.zone,
        "ChargeCategory": kind.category,
        "ChargeClass": "Correction" if kind.correction else "",
        "ChargeDescription": item.description,
        "ChargeFrequency": kind.frequency,
        "RegionId": item.region,
        "RegionName": region["location"],
        "ServiceCategory": product["category"],
        "ServiceName": product["focus_name"],
        "ServiceSubcategory": product["subcategory"],
    }


def _prices(item: Item, kind: Kind) -> dict[str, str]:
    priced = kind.category == "Usage" and kind.status != "Unused"
    price = text(item.public_rate) if priced and item.public_rate is not None else ""
    unit = _UNITS.get(item.unit, item.unit)
    return {
        "ConsumedUnit": unit if item.type in USAGE_TYPES else "",
        "ListUnitPrice": price,
        "PricingCategory": kind.pricing,
        "PricingCurrency": "USD",
        "PricingCurrencyListUnitPrice": price,
        "PricingUnit": unit if kind.category in ("Usage", "Purchase") else "",
        "SkuId": sku(item),
        "SkuMeter": item.family,
        "SkuPriceId": rate_code(item),
    }


def _commitment(item: Item, kind: Kind) -> dict[str, str]:
    details = dict(item.more)
    plan = _plan(item)
    arn = plan or details.get(RESERVATION_ARN, "")
    if not arn:
        return {}
    return {
        "CommitmentDiscountCategory": "Spend" if plan else "Usage",
        "CommitmentDiscountId": arn,
        "CommitmentDiscountName": arn.rpartition("/")[2],
        "CommitmentDiscountStatus": kind.status,
        "CommitmentDiscountType": "Savings Plan" if plan else "Reserved Instance",
        "CommitmentDiscountUnit": ("USD" if plan else "Hours") if kind.status else "",
    }


def _plan(item: Item) -> str:
    return dict(item.more).get(_PLAN_ARN, "")


def _resource(item: Item, kind: Kind) -> dict[str, str]:
    if kind.status == "Unused":
        return {"ResourceId": _plan(item) or dict(item.more)[RESERVATION_ARN], "ResourceType": "Commitment"}
    if not item.resource:
        return {}
    name = item.resource.rpartition("/")[2].rpartition(":")[2]
    return {"ResourceId": item.resource, "ResourceName": name, "ResourceType": item.family}
