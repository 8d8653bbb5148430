"""The company: reads the tables of `data/` once and hands them out as they are.

meters.csv: what is metered, its product, price and unit; `every` hour, day or month gives one line. In the
usage type {p} is the region's prefix as older services write it, {P} as newer ones do. Without a product
family it is not in the public price list.
resources.csv: what runs; `amount` is that of one such hour, day or month, `from` and `until` are UTC days.
profiles.csv: how an amount varies; `hours` in percent by hour of the day, `weekend` in percent, `noise` (each
way) and `growth` (a month, from August 2026) in thousandths.
products.csv: product codes, and what FOCUS calls them. columns.csv and focus_columns.csv: the columns of the
exports.
"""

import csv
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

Row = dict[str, str]
Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Estate:
    """The tables of the company; see the files in `data/` for what each column means."""

    payer: str
    accounts: dict[str, Row]
    regions: dict[str, Row]
    projects: dict[str, Row]
    products: dict[str, Row]
    meters: dict[str, Row]
    profiles: dict[str, Row]
    resources: tuple[Row, ...]
    faults: tuple[Table, ...]
    savings_plans: tuple[Table, ...]
    reservations: tuple[Table, ...]
    charges: tuple[Table, ...]
    discounts: tuple[Table, ...]
    discounts_start: date
    tax: Table
    open_month: Table
    restated: Table


@cache
def estate() -> Estate:
    """The one company of the demo."""
    company = tomllib.loads(_read("data/estate.toml"))
    return Estate(
        payer=company["payer"],
        accounts=company["accounts"],
        regions=company["regions"],
        projects=company["projects"],
        products=_keyed("data/products.csv", "code"),
        meters=_keyed("data/meters.csv", "meter"),
        profiles=_keyed("data/profiles.csv", "profile"),
        resources=tuple(table("data/resources.csv")),
        faults=tuple(tomllib.loads(_read("data/faults.toml"))["fault"]),
        savings_plans=tuple(company["savings_plan"]),
        reservations=tuple(company["reservation"]),
        charges=tuple(company["charge"]),
        discounts=tuple(company["discount"]),
        discounts_start=company["discounts"]["start"],
        tax=company["tax"],
        open_month=company["open_month"],
        restated=company["restated"],
    )


def settings_toml() -> str:
    """The finops.toml of the company: its tag policy, environments, budgets and measures of business."""
    return _read("finops.toml")


def review_md() -> str:
    """The architecture document of the company, with what its environments were expected to cost."""
    return _read("data/well-architected-review.md")


def table(name: str) -> list[Row]:
    """The rows of a packaged CSV file."""
    return list(csv.DictReader(_read(name).splitlines()))


def _keyed(name: str, key: str) -> dict[str, Row]:
    return {row[key]: row for row in table(name)}


def _read(name: str) -> str:
    return files("finops.ingest.demo").joinpath(name).read_text(encoding="utf-8")
