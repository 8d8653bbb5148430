"""The legacy cost and usage report: slash names and one column for each tag, or Athena's names for Parquet.

Columns come and go with the month: those marked `drifts`, the tags and the cost categories are there only if used.
"""

import re
from collections.abc import Iterable
from functools import cache

from finops.ingest.demo.cur import COST_CATEGORY, fixed
from finops.ingest.demo.estate import table
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.money import java_text, text
from finops.ingest.demo.periods import Period
from finops.ingest.demo.sheet import Column, Sheet, Style, cur_rows, moving

_CSV = Style(java_text, "%Y-%m-%dT%H:%M:%SZ")
_PARQUET = Style(text, "%Y-%m-%d %H:%M:%S")
_CATEGORY = "costCategory/" + COST_CATEGORY


def csv_sheet(lines: list[Line], period: Period) -> Sheet:
    """The report as CSV files hold it."""
    base = _base_columns(lines, period, _CSV)
    extra = [_CATEGORY, *sorted({tag_column(key) for key in _tag_keys(lines)})]
    names = [cur2 for _, cur2, _ in base] + extra

    def describe(item: Item) -> dict[str, str]:
        tags = {tag_column(key): value for key, value in item.tags}
        return fixed(item, period, _CSV.clock) | tags | {_CATEGORY: item.cost_category}

    columns = [Column(legacy, kind) for legacy, _, kind in base] + [Column(name, "text") for name in extra]
    return Sheet(tuple(columns), cur_rows(names, lines, describe, _CSV))


def parquet_sheet(lines: list[Line], period: Period) -> Sheet:
    """The report as Athena's Parquet holds it: names folded, columns that fold alike merged."""
    base = _base_columns(lines, period, _PARQUET)
    extra = [athena_name(_CATEGORY), *sorted({athena_name(tag_column(key)) for key in _tag_keys(lines)})]
    names = [cur2 for _, cur2, _ in base] + extra

    def describe(item: Item) -> dict[str, str]:
        tags = merged_tags(item, "resource_tags_")
        return fixed(item, period, _PARQUET.clock) | tags | {extra[0]: item.cost_category}

    columns = [Column(athena_name(legacy), kind) for legacy, _, kind in base]
    columns += [Column(name, "text") for name in extra]
    return Sheet(tuple(columns), cur_rows(names, lines, describe, _PARQUET))


def tag_column(key: str) -> str:
    """The column of a tag key; AWS's own keys keep their prefix."""
    return f"resourceTags/{key if key.startswith('aws:') else 'user:' + key}"


@cache
def athena_name(name: str) -> str:
    """Athena's spelling: an underscore before each capital, lower case, all else an underscore, none repeated."""
    spaced = re.sub(r"([A-Z])", r"_\1", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def merged_tags(item: Item, prefix: str) -> dict[str, str]:
    """Tags under their folded names; where two keys fold alike the first that is not empty stays."""
    merged: dict[str, str] = {}
    for key, value in item.tags:
        name = prefix + athena_name(tag_column(key)).removeprefix("resource_tags_")
        if not merged.get(name):
            merged[name] = value
    return merged


def _base_columns(lines: Iterable[Line], period: Period, style: Style) -> list[tuple[str, str, str]]:
    """Legacy name, CUR 2.0 name and kind of the columns this month has."""
    used = _used(lines, period, style)
    return [
        (row["legacy"], row["cur2"], row["kind"])
        for row in table("data/columns.csv")
        if row["legacy"] and (not row["drifts"] or row["cur2"] in used)
    ]


def _used(lines: Iterable[Line], period: Period, style: Style) -> set[str]:
    items: dict[int, Item] = {}
    used: set[str] = set()
    for line in lines:
        used.update(line.more)
        if id(line.item) not in items or (
            line.net is not None and "line_item_net_unblended_cost" not in used
        ):
            items[id(line.item)] = line.item
            used.update(moving(line, style))
    for item in items.values():
        used.update(name for name, value in fixed(item, period, style.clock).items() if value)
    return used


def _tag_keys(lines: Iterable[Line]) -> set[str]:
    return {key for item in {id(line.item): line.item for line in lines}.values() for key, _ in item.tags}
