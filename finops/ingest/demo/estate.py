"""The company: reads the tables of `data/` once and hands them out as they are."""

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
    """The finops.toml of the company: its tag policy and its environments."""
    return _read("finops.toml")


def table(name: str) -> list[Row]:
    """The rows of a packaged CSV file."""
    return list(csv.DictReader(_read(name).splitlines()))


def _keyed(name: str, key: str) -> dict[str, Row]:
    return {row[key]: row for row in table(name)}


def _read(name: str) -> str:
    return files("finops.ingest.demo").joinpath(name).read_text(encoding="utf-8")
