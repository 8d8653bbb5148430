"""A sheet is one delivery in one shape: its columns and its rows, all text, ready for a CSV file or for Parquet."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from types import MappingProxyType

from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.periods import Period, moment

Record = Mapping[str, str]
NOTHING: Mapping[str, Callable[[Line], str]] = MappingProxyType({})
# Amounts a discount takes off come as lines of their own; a blended cost is never given for them.
_DISCOUNT_TYPES = frozenset(
    {"Discount", "EdpDiscount", "PrivateRateDiscount", "RiVolumeDiscount", "SppDiscount"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the name its shape gives it; kind is text, number, time, or map and amounts (JSON text of texts, of numbers)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns and rows; rows may be read once."""

    columns: tuple[Column, ...]
    rows: Iterator[list[str]]


@dataclass(frozen=True, slots=True)
class Style:
    """How a shape spells its values."""

    number: Callable[[int], str]
    clock: str  # strftime format of a time


def cur_rows(
    names: list[str],
    lines: Iterable[Line],
    fixed: Callable[[Item], Record],
    style: Style,
    extra: Mapping[str, Callable[[Line], str]] = NOTHING,
) -> Iterator[list[str]]:
    """Rows of a cost and usage report. `fixed` gives what an item's lines share, `extra` adds columns of a line."""
    place = {name: number for number, name in enumerate(names)}
    patterns: dict[int, list[str]] = {}
    for line in lines:
        pattern = patterns.get(id(line.item))
        if pattern is None:
            record = fixed(line.item)
            pattern = patterns[id(line.item)] = [record.get(name, "") for name in names]
        row = pattern.copy()
        for name, value in moving(line, style).items():
            if name in place:
                row[place[name]] = value
        for name, tell in extra.items():
            row[place[name]] = tell(line)
        yield row


def moving(line: Line, style: Style) -> dict[str, str]:
    """The columns that differ from hour to hour, by their CUR 2.0 names."""
    number = style.number
    cost = number(line.unblended)
    values = {
        "identity_time_interval": interval(line.start, line.end),
        "line_item_usage_start_date": clock(line.start, style.clock),
        "line_item_usage_end_date": clock(line.end, style.clock),
        "line_item_usage_amount": number(line.amount),
        "line_item_unblended_cost": cost,
        "line_item_blended_cost": "" if line.item.type in _DISCOUNT_TYPES else cost,
    }
    if line.item.public_rate is not None:
        values["pricing_public_on_demand_cost"] = number(line.public)
    elif line.item.type == "Usage":
        values["pricing_public_on_demand_cost"] = number(0)
    if line.net is not None:
        values["line_item_net_unblended_cost"] = number(line.net)
    for name, value in line.more.items():
        values[name] = number(value)
    return values


@cache
def clock(hour: int, form: str) -> str:
    """The UTC time of an hour as a shape writes it."""
    return moment(hour).strftime(form)


@cache
def interval(start: int, end: int) -> str:
    """An ISO 8601 interval, as every report writes it."""
    return f"{moment(start):%Y-%m-%dT%H:%M:%SZ}/{moment(end):%Y-%m-%dT%H:%M:%SZ}"


def line_item_id(item: Item, period: Period) -> str:
    """Repeats for every hour of one item, as AWS's does: only the id and the interval together are unique."""
    words = (period.key, period.delivery, item.type, item.account, item.product, item.resource, item.key)
    words += (item.zone, item.region, item.usage_type, item.operation, item.description, item.invoice)
    digest = sha256("|".join([*words, repr(item.tags), repr(item.more)]).encode()).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()
