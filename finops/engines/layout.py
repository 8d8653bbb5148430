"""What a file of an export looks like: which of its columns is which column of ours, and where its tags are.

Spellings differ by shape and age (`lineItem/UsageType`, `line_item_usage_type`, `savingsPlan/SavingsPlanArn`,
`savings_plan_savings_plan_a_r_n`), so columns are compared by their letters and digits only.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from finops.errors import DataError

COLUMNS = Path(__file__).with_name("columns.csv")

Shape = Literal["cur", "focus"]
LabelSource = Literal["resource_tag", "cost_category", "account_tag", "prefixed"]

# Physical column prefix -> what the columns behind it are; compared after `squash`.
_LABEL_PREFIXES: dict[str, LabelSource] = {
    "resourceTags/": "resource_tag",
    "resource_tags_": "resource_tag",
    "costCategory/": "cost_category",
    "cost_category_": "cost_category",
}
# Columns that hold all labels of a line in one map; "prefixed" maps say the source in each key.
_LABEL_MAPS: dict[Shape, dict[str, LabelSource]] = {
    "cur": {"resource_tags": "resource_tag", "cost_category": "cost_category", "tags": "prefixed"},
    "focus": {"Tags": "resource_tag", "x_CostCategories": "cost_category"},
}


@dataclass(frozen=True)
class Column:
    """A column of the ledger's source: its name here, its kind, and whether an export must have it."""

    name: str
    kind: Literal["text", "account", "timestamp", "money", "number", "map"]
    required: bool


@dataclass(frozen=True)
class Label:
    """A physical column that carries labels (tags, cost categories): one key, or a map of many when key is None."""

    column: str
    source: LabelSource
    key: str | None


@dataclass(frozen=True)
class Layout:
    """How the physical columns of one delivery map to the ledger's source columns.

    `types` gives the physical type of every physical column named; `nulls` the texts that mean null.
    """

    shape: Shape
    columns: Mapping[str, tuple[str, ...]]
    labels: tuple[Label, ...]
    types: Mapping[str, str]
    nulls: tuple[str, ...] = ("",)

    def has(self, column: str) -> bool:
        """Whether the export has this column."""
        return column in self.columns


def squash(name: str) -> str:
    """Letters and digits only, lower case: the form in which column names are compared."""
    return "".join(character for character in name.lower() if character.isalnum())


@cache
def known_columns(shape: Shape) -> tuple[Column, ...]:
    """The source columns of a shape, from columns.csv."""
    with COLUMNS.open(newline="", encoding="utf-8") as handle:
        return tuple(
            Column(row["name"], row["kind"], bool(row["required"]))  # type: ignore[arg-type]
            for row in csv.DictReader(handle)
            if row["shape"] == shape
        )


def shape_of(columns: Sequence[str]) -> Shape | None:
    """The shape of an export by the names of its columns, or None when it is no billing export."""
    names = {squash(column) for column in columns}
    if {"billedcost", "chargecategory"} <= names:
        return "focus"
    return "cur" if {"lineitemlineitemtype", "lineitemunblendedcost"} & names else None


def format_of(columns: Sequence[str], is_parquet: bool) -> str:
    """The export's format as a person calls it: `legacy CUR CSV`, `CUR 2.0 Parquet`, `FOCUS 1.2 CSV`, ..."""
    names = {squash(column) for column in columns}
    kind = "Parquet" if is_parquet else "CSV"
    if shape_of(columns) == "focus":
        # InvoiceId and SkuMeter came with 1.2
        return f"FOCUS {'1.2' if {'invoiceid', 'skumeter'} & names else '1.0'} {kind}"
    if not is_parquet:
        # only a legacy report spells its CSV columns with a slash
        return f"{'legacy CUR' if any('/' in name for name in columns) else 'CUR 2.0'} CSV"
    newer = {"billpayeraccountname", "resourcetags", "tags"} & names
    return f"{'CUR 2.0' if newer else 'legacy CUR'} Parquet"


def column_names(header: Iterable[str], where: str) -> list[str]:
    """The names of a CSV's columns. Raises DataError where one is there twice: nobody can tell which one counts."""
    names = [name.strip() for name in header]
    if twice := [name for name, times in Counter(names).items() if name and times > 1]:
        raise DataError(f"two columns are called {twice[0]}", where, "deliver it again with each column once")
    return names


def read_layout(types: Mapping[str, str], where: str, nulls: tuple[str, ...] = ("",)) -> Layout:
    """Map the physical columns (name -> type) of an export to ours.

    Raises DataError when it is no billing export or lacks a required column.
    """
    shape = shape_of(list(types))
    if shape is None:
        raise DataError("this is not a billing export: its header has none of the columns of CUR or FOCUS", where)
    by_squash: dict[str, list[str]] = {}
    for name in types:
        by_squash.setdefault(squash(name), []).append(name)
    columns = {
        column.name: tuple(by_squash[squash(column.name)])
        for column in known_columns(shape)
        if squash(column.name) in by_squash
    }
    _require(shape, columns, where)
    return Layout(shape, columns, _labels(shape, types), types, nulls)


def _require(shape: Shape, columns: Mapping[str, tuple[str, ...]], where: str) -> None:
    missing = [column.name for column in known_columns(shape) if column.required and column.name not in columns]
    if missing:
        raise DataError(
            f"the export lacks required columns: {', '.join(missing)}",
            where,
            "add them to the export's query and deliver the period again",
        )


def _labels(shape: Shape, types: Mapping[str, str]) -> tuple[Label, ...]:
    maps = {squash(name): source for name, source in _LABEL_MAPS[shape].items()}
    labels = [Label(name, maps[squash(name)], None) for name in types if squash(name) in maps]
    if shape == "cur":
        for name in types:
            for prefix, source in _LABEL_PREFIXES.items():
                if name.startswith(prefix):
                    labels.append(Label(name, source, name.removeprefix(prefix)))
    return tuple(labels)
