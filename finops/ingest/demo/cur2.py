"""CUR 2.0: a fixed set of columns, with tags, cost categories and rare product attributes in maps."""

import json

from finops.ingest.demo.cur import COST_CATEGORY, fixed
from finops.ingest.demo.estate import table
from finops.ingest.demo.legacy import athena_name, merged_tags
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.money import text
from finops.ingest.demo.periods import Period
from finops.ingest.demo.sheet import Column, Sheet, Style, cur_rows

_STYLE = Style(text, "%Y-%m-%dT%H:%M:%S.000Z")
_CATEGORY_KEY = athena_name(COST_CATEGORY)


def sheet(lines: list[Line], period: Period) -> Sheet:
    """The export; maps are JSON text, as its CSV files hold them."""
    columns = sorted(
        (Column(row["cur2"], row["kind"]) for row in table("data/columns.csv") if "[" not in row["cur2"]),
        key=lambda column: column.name,
    )

    def describe(item: Item) -> dict[str, str]:
        return _with_maps(fixed(item, period, _STYLE.clock), item)

    names = [column.name for column in columns]
    return Sheet(tuple(columns), cur_rows(names, lines, describe, _STYLE, {"discount": discount_json}))


def _with_maps(record: dict[str, str], item: Item) -> dict[str, str]:
    product = {
        name.removeprefix("product[").rstrip("]"): value
        for name, value in record.items()
        if name.startswith("product[") and value
    }
    record["product"] = as_json(product)
    record["resource_tags"] = as_json(merged_tags(item, ""))
    record["cost_category"] = as_json({_CATEGORY_KEY: item.cost_category} if item.cost_category else {})
    return record


def as_json(values: dict[str, str]) -> str:
    """A map as one line of JSON, keys in order."""
    return json.dumps(dict(sorted(values.items())), ensure_ascii=False)


def discount_json(line: Line) -> str:
    """What each discount took off the line, in USD, as one line of JSON with numbers."""
    parts = (
        f'"{athena_name(kind).removeprefix("_")}": {text(-value)}' for kind, value in line.discounts if value
    )
    return "{" + ", ".join(parts) + "}"
