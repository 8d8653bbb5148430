"""The cells of a FOCUS 1.2 row that stay the same from hour to hour, and its kind of charge."""

from enum import StrEnum

from finops.ingest.demo.cur_cells import COST_CATEGORY, Cells, as_json, sku
from finops.ingest.demo.estate import estate
from finops.ingest.demo.line import Item
from finops.ingest.demo.metrics import RESERVATION_ARN
from finops.ingest.demo.savings_plans import SAVINGS_PLAN_ARN

_USED_TYPES = frozenset({"DiscountedUsage", "SavingsPlanCoveredUsage"})
_USAGE = ("Usage", "Usage-Based")
_RECURRING, _ONE_TIME = ("Purchase", "Recurring"), ("Purchase", "One-Time")
_OTHER = ("Adjustment", "One-Time")
_CHARGES = {
    "Usage": _USAGE,
    "DiscountedUsage": _USAGE,
    "SavingsPlanCoveredUsage": _USAGE,
    "Refund": _USAGE,
    "RIFee": _RECURRING,
    "SavingsPlanRecurringFee": _RECURRING,
    "FlatRateSubscription": _RECURRING,
    "Fee": _ONE_TIME,
    "SavingsPlanUpfrontFee": _ONE_TIME,
    "Tax": ("Tax", "One-Time"),
    "Credit": ("Credit", "One-Time"),
}
_UNITS = {"Hrs": "Hours", "hours": "Hours", "GB-Mo": "GB-Months", "ACU-Hr": "ACU-Hours"}
_RESOURCE_TYPES = {
    "i-": "Instance",
    "vol-": "Volume",
    "arn:aws:ecs": "Task",
    "arn:aws:rds": "Database",
    "arn:aws:lambda": "Function",
    "arn:aws:elasticache": "Cache Cluster",
    "arn:aws:dynamodb": "Table",
    "arn:aws:kinesis": "Stream",
}


class Role(StrEnum):
    """Which row of a line item: most have one, a commitment's fee has its purchase and what is unused."""

    CHARGE = "charge"
    UNUSED = "unused"


def focus_cells(item: Item, role: Role, start: str, end: str) -> Cells:
    """The unchanging cells of a row; `start` and `end` are the bounds of the billing period."""
    return {
        **_accounts(item),
        **_charge(item, role),
        **_commitment(item, role),
        **_service(item),
        **_resource(item, role),
        **_price(item, role),
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "InvoiceId": item.invoice,
        "Tags": as_json({key: value for key, value in item.tags if value}),
        "x_CostCategories": as_json({COST_CATEGORY.split("/")[1]: item.cost_category} if item.cost_category else {}),
    }


def commitment_id(item: Item) -> str:
    """The ARN of the savings plan or the reservation that the item belongs to, or blank."""
    texts = dict(item.more)
    return texts.get(SAVINGS_PLAN_ARN) or texts.get(RESERVATION_ARN, "")


def _accounts(item: Item) -> Cells:
    accounts, payer = estate().accounts, estate().payer
    return {
        "BillingAccountId": payer,
        "BillingAccountName": accounts[payer]["name"],
        "BillingAccountType": "Billing Account",
        "SubAccountId": item.account,
        "SubAccountName": accounts[item.account]["name"],
        "SubAccountType": "Linked Account",
        "BillingCurrency": "USD",
        "PricingCurrency": "USD",
        "ProviderName": "AWS",
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "PublisherName": "Amazon Web Services, Inc." if item.billing_entity == "AWS" else "Larkspur Software, LLC",
    }


def _charge(item: Item, role: Role) -> Cells:
    category, frequency = _USAGE if role is Role.UNUSED else _CHARGES.get(item.type, _OTHER)
    return {
        "ChargeCategory": category,
        "ChargeFrequency": frequency,
        "ChargeClass": "Correction" if item.type == "Refund" else "",
        "ChargeDescription": item.description,
    }


def _commitment(item: Item, role: Role) -> Cells:
    identity = commitment_id(item)
    if not identity:
        return {}
    savings_plan = ":savingsplans:" in identity
    status = "Unused" if role is Role.UNUSED else "Used" if item.type in _USED_TYPES else ""
    return {
        "CommitmentDiscountId": identity,
        "CommitmentDiscountName": identity.rsplit("/", 1)[-1].rsplit(":", 1)[-1],
        "CommitmentDiscountCategory": "Spend" if savings_plan else "Usage",
        "CommitmentDiscountType": "Compute Savings Plan" if savings_plan else "Reserved Instance",
        "CommitmentDiscountStatus": status,
        "CommitmentDiscountUnit": "USD" if savings_plan else "Hours",
    }


def _service(item: Item) -> Cells:
    product = estate().products[item.product]
    return {
        "ServiceName": product["focus_name"],
        "ServiceCategory": product["category"],
        "ServiceSubcategory": product["subcategory"],
        "x_ServiceCode": item.product,
        "x_UsageType": item.usage_type,
        "x_Operation": item.operation,
    }


def _resource(item: Item, role: Role) -> Cells:
    identity = commitment_id(item) if role is Role.UNUSED else item.resource
    kinds = (kind for prefix, kind in _RESOURCE_TYPES.items() if identity.startswith(prefix))
    return {
        "ResourceId": identity,
        "ResourceName": dict(item.tags).get("Name", ""),
        "ResourceType": next(kinds, ""),
        "RegionId": item.region,
        "RegionName": estate().regions[item.region]["location"] if item.region else "",
        "AvailabilityZone": item.zone,
    }


def _price(item: Item, role: Role) -> Cells:
    cells = {"PricingCategory": _pricing_category(item, role), "SkuPriceDetails": "{}"}
    if not item.family or role is Role.UNUSED:
        return cells
    unit = _UNITS.get(item.unit, item.unit)
    measured = _CHARGES.get(item.type) is _USAGE
    return cells | {
        "SkuId": sku(item),
        "SkuMeter": item.family,
        "SkuPriceId": f"{sku(item)}.JRTCKXETXF.6YS6EN2CT7",
        "PricingUnit": unit,
        "ConsumedUnit": unit if measured else "",
    }


def _pricing_category(item: Item, role: Role) -> str:
    if item.type == "Tax":
        return ""
    if role is Role.UNUSED or item.type in _USED_TYPES:
        return "Committed"
    return "Dynamic" if "SpotUsage" in item.usage_type else "Standard"
