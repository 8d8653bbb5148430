"""The demo company's month from Cost Explorer and from its report: the same money, by either way of asking."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from finops.config import Settings
from finops.dimensions import parse_by
from finops.ingest.demo import write_export
from finops.ingest.demo.estate import estate
from finops.ingest.discover import survey
from finops.ledger.cost_explorer import month_parts
from finops.ledger.load import Failed, load
from finops.reader import Ask, open_ledger
from finops.spend import spend
from finops.tag_gaps import tag_gaps
from tests.demo_cost_explorer import MONTHS, TAGS, demo_month

DEFAULTS = Settings()
SETTINGS = replace(DEFAULTS, tags=replace(DEFAULTS.tags, required=TAGS))
# A product of the Marketplace: the report has its code, Cost Explorer its name.
(SELLER,) = (product for product in estate().products.values() if not product["servicecode"])
SIDES = ("alder-cur2-parquet", "cost-explorer")
METRICS = ("unblended", "net_unblended", "amortized", "net_amortized")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the months from a report, and the same months from Cost Explorer."""
    folder = tmp_path_factory.mktemp("both")
    path = folder / "x.duckdb"
    found = survey([write_export("cur2-parquet", folder / "export")]).found
    results = [*load(path, found), *load(path, map(demo_month, MONTHS), parts=month_parts)]
    assert not [result for result in results if isinstance(result, Failed)]
    return path


def sums(database: Path, export: str, by: str, metric: str, **ask: str) -> dict[tuple[str, ...], Decimal]:
    with open_ledger(database, SETTINGS, Ask(export=export, by=by, metric=metric, **ask)) as ledger:
        found = list(spend(ledger, parse_by(by)).rows.read(None))
    return {tuple(keys): cost for *keys, cost in found if cost}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("by", ["billing_period,line_item_type", "day,charge_category", "billing_period,account"])
def test_both_sides_have_the_same_sums(database: Path, by: str, metric: str) -> None:
    report, asked = (sums(database, side, by, metric) for side in SIDES)
    assert asked == report
    assert len(asked) > 10


@pytest.mark.parametrize("metric", METRICS)
def test_services_have_the_same_codes_but_for_tax_and_what_others_sell(database: Path, metric: str) -> None:
    report, asked = (sums(database, side, "service,line_item_type", metric) for side in SIDES)
    taxes = {key: cost for key, cost in report.items() if key[1] == "Tax"}
    assert asked.pop(("Tax", "Tax")) == sum(taxes.values())
    names = {SELLER["code"]: SELLER["name"]}
    assert asked == {
        (names.get(service, service), kind): cost
        for (service, kind), cost in report.items()
        if (service, kind) not in taxes
    }


def test_what_carries_a_tag_is_the_same_and_coverage_is_a_lower_bound(database: Path) -> None:
    tagged, coverage = {}, {}
    for side in SIDES:
        with open_ledger(database, SETTINGS, Ask(export=side, metric="amortized")) as ledger:
            table = tag_gaps(ledger).totals["by_tag"]
            rows = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
        tagged[side] = {row["tag"]: row["tagged_cost"] for row in rows}
        coverage[side] = {row["tag"]: row["coverage"] for row in rows}
    report, asked = SIDES
    assert tagged[asked]["Owner"] == tagged[report]["Owner"]
    # Some resources spell the other key in another way, which Cost Explorer takes for another key.
    assert tagged[asked]["CostCenter"] < tagged[report]["CostCenter"]
    assert all(0 < coverage[asked][tag] < coverage[report][tag] for tag in TAGS)
