"""The cells of a line item in the cost and usage report, by snake-case column name."""

import base64
import hashlib
import json
from collections.abc import Callable
from functools import cache

from finops.ingest.demo import money
from finops.ingest.demo.columns import merged, snake, tag_column
from finops.ingest.demo.estate import estate
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.metrics import NET_USED
from finops.ingest.demo.periods import Period, moment

COST_CATEGORY = "costCategory/Team Budget"
_AWS, _SELLER = "Amazon Web Services, Inc.", "Larkspur Software, LLC"
_NO_BLENDED_COST = "Discount"

Cells = dict[str, str]
Number = Callable[[int], str]
Time = Callable[[int], str]


def item_cells(item: Item, period: Period, time: Time) -> Cells:
    """The cells that are the same in every hour of the item; what is missing is blank."""
    return {
        **_identity(item),
        **_bill(item, period, time),
        **_line_item(item),
        **_product(item),
        **_pricing(item),
        **dict(item.more),
    }


def line_cells(line: Line, number: Number, time: Time) -> Cells:
    """The cells that differ from hour to hour."""
    cost = number(line.unblended)
    cells = {
        "identity_time_interval": f"{time_interval(line.start)}/{time_interval(line.end)}",
        "line_item_usage_start_date": time(line.start),
        "line_item_usage_end_date": time(line.end),
        "line_item_usage_amount": number(line.amount),
        "line_item_unblended_cost": cost,
        "line_item_blended_cost": "" if line.item.type == _NO_BLENDED_COST else cost,
    }
    if line.public:
        cells["pricing_public_on_demand_cost"] = number(line.public)
    if line.net is not None:
        cells["line_item_net_unblended_cost"] = number(line.net)
    for name, value in line.more.items():
        if name != NET_USED:
            cells[name] = number(value)
    return cells


def legacy_tag_cells(item: Item) -> Cells:
    """The tags of an item, by legacy column."""
    return {tag_column(key): value for key, value in item.tags}


def merged_tag_cells(item: Item, prefix: str) -> Cells:
    """The tags of an item in snake case below `prefix`; keys that differ in case or separators are merged."""
    start = len("resourceTags/")
    return merged([(prefix + snake(tag_column(key)[start:]), value) for key, value in item.tags])


def map_cells(item: Item, product: Cells) -> Cells:
    """The map columns of CUR 2.0 as JSON text; `product` holds the attributes that have no column there."""
    category = {snake(COST_CATEGORY.split("/")[1]): item.cost_category} if item.cost_category else {}
    return {
        "product": as_json({name: value for name, value in product.items() if value}),
        "resource_tags": as_json({key: value for key, value in merged_tag_cells(item, "").items() if value}),
        "cost_category": as_json(category),
    }


def as_json(values: Cells) -> str:
    """A map column as JSON text."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


@cache
def time_interval(hour: int) -> str:
    """A bound of identity/TimeInterval, which every shape spells alike."""
    return f"{moment(hour):%Y-%m-%dT%H:%M:%SZ}"


def _identity(item: Item) -> Cells:
    # As in AWS's own files one id returns hour after hour; only id and interval together are unique.
    parts = (item.type, item.account, item.product, item.region, item.usage_type, item.operation)
    seed = "\n".join((*parts, item.resource, item.meter, item.key, str(item.more), item.description))
    digest = hashlib.sha256(seed.encode()).digest()
    return {"identity_line_item_id": base64.b32encode(digest).decode().lower().rstrip("=")}


def _bill(item: Item, period: Period, time: Time) -> Cells:
    payer = estate().payer
    return {
        "bill_invoice_id": item.invoice,
        "bill_invoicing_entity": _AWS,
        "bill_billing_entity": item.billing_entity,
        "bill_bill_type": item.bill_type,
        "bill_payer_account_id": payer,
        "bill_payer_account_name": estate().accounts[payer]["name"],
        "bill_billing_period_start_date": time(period.start),
        "bill_billing_period_end_date": time(period.end),
    }


def _line_item(item: Item) -> Cells:
    rate = "" if item.rate is None else f"{item.rate // money.ONE}.{item.rate % money.ONE:010d}"
    return {
        "line_item_usage_account_id": item.account,
        "line_item_usage_account_name": estate().accounts[item.account]["name"],
        "line_item_line_item_type": item.type,
        "line_item_product_code": item.product,
        "line_item_usage_type": item.usage_type,
        "line_item_operation": item.operation,
        "line_item_availability_zone": item.zone,
        "line_item_resource_id": item.resource,
        "line_item_currency_code": "USD",
        "line_item_unblended_rate": rate,
        "line_item_blended_rate": "" if item.type == _NO_BLENDED_COST else rate,
        "line_item_line_item_description": item.description,
        "line_item_legal_entity": _AWS if item.billing_entity == "AWS" else _SELLER,
    }


def _product(item: Item) -> Cells:
    product = estate().products[item.product]
    cells = {
        "product_product_name": product["name"],
        "product_region": item.region,
        "product_region_code": item.region,
        "product_servicecode": item.servicecode,
        "product_servicename": product["name"],
    }
    if not item.family:
        return cells
    cells |= {
        "product_instance_type": item.instance_type,
        "product_location": estate().regions[item.region]["location"] if item.region else "Any",
        "product_location_type": "AWS Region",
        "product_operation": item.operation,
        "product_product_family": item.family,
        "product_sku": sku(item),
        "product_usagetype": item.usage_type,
    }
    return cells | _attributes(item)


def _attributes(item: Item) -> Cells:
    if item.family == "Compute Instance":
        return {
            "product_operating_system": "Linux",
            "product_vcpu": "16" if "4xlarge" in item.instance_type else "2",
        }
    if item.product == "AmazonS3" and item.family == "Storage":
        return {"product_storage_class": item.operation.replace("Storage", "") or "Standard"}
    if "EBS:VolumeUsage" in item.usage_type:
        return {"product_volume_api_name": item.usage_type.rsplit(".", 1)[1]}
    return {}


def _pricing(item: Item) -> Cells:
    if not item.family:
        return {"pricing_currency": "USD"}
    return {
        "pricing_currency": "USD",
        "pricing_public_on_demand_rate": "" if item.public_rate is None else money.text(item.public_rate),
        "pricing_rate_code": f"{sku(item)}.JRTCKXETXF.6YS6EN2CT7",
        "pricing_rate_id": str(int(hashlib.sha256(sku(item).encode()).hexdigest()[:8], 16)),
        "pricing_term": item.term,
        "pricing_unit": item.unit,
    }


def sku(item: Item) -> str:
    """An invented SKU of the price list: one per usage type and operation."""
    return _sku(f"{item.product}/{item.usage_type}/{item.operation}")


@cache
def _sku(seed: str) -> str:
    return base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode()[:16]
