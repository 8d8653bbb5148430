"""The demo company's bill, loaded from every shape, against what its generator says it sums to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.config import Settings, parse_settings
from finops.dimensions import parse_by
from finops.ingest.demo import SHAPES, settings_toml, write_export
from finops.ingest.discover import survey
from finops.ledger.load import Failed, load
from finops.reader import COST_COLUMNS, Ask, open_ledger
from finops.spend import spend
from finops.tag_gaps import tag_gaps

BY = ("account", "service", "region", "line_item_type", "day", "tag:Environment", "tag:Owner")
FOLDED = ("account", "service", "tag:Environment", "tag:Owner")


@dataclass(frozen=True)
class Estate:
    """One shape of the demo, loaded. `close` is how far a sum may be off: nothing from CSV."""

    shape: str
    database: Path
    settings: Settings
    truth: dict[str, Any]

    @property
    def close(self) -> Decimal:
        return Decimal("1e-6") if "parquet" in self.shape else Decimal(0)

    def by(self, period: str, metric: str, word: str) -> dict[str, Decimal]:
        """What each value of a dimension costs in a billing period, as the verb `spend` says it."""
        with open_ledger(self.database, self.settings, Ask(period=period, metric=metric, by=word)) as ledger:
            rows = spend(ledger, parse_by(word)).rows.read(None)
            return {str(row[0]): Decimal(row[1]) for row in rows if row[1]}

    def total(self, period: str, metric: str) -> Decimal:
        """What a billing period costs."""
        with open_ledger(self.database, self.settings, Ask(period=period, metric=metric)) as ledger:
            (row,) = ledger.rows(f"select sum({ledger.cost}) as cost from resource_daily")
        return Decimal(row["cost"])


@pytest.fixture(scope="module", params=SHAPES)
def estate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    folder = tmp_path_factory.mktemp(request.param)
    export = write_export(request.param, folder, months=3)
    database = folder / "finops.duckdb"
    for result in load(database, survey([export]).found):
        assert not isinstance(result, Failed), result.error
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    return Estate(request.param, database, parse_settings(settings_toml()), truth)


def same(
    estate: Estate, found: dict[str, Decimal], expected: dict[str, dict[str, str]], metric: str
) -> list[tuple[str, Decimal, Decimal]]:
    """The keys whose figures differ; a cost of nothing and no row are the same."""
    wanted = {key or "(none)": Decimal(figures[metric]) for key, figures in expected.items()}
    return [
        (key, found.get(key, Decimal(0)), wanted.get(key, Decimal(0)))
        for key in sorted(found.keys() | wanted.keys())
        if abs(found.get(key, Decimal(0)) - wanted.get(key, Decimal(0))) > estate.close
    ]


def test_every_metric_of_every_period_is_the_truth(estate: Estate) -> None:
    for period, expected in estate.truth["periods"].items():
        for metric in COST_COLUMNS:
            off = estate.total(period, metric) - Decimal(expected["totals"][metric])
            assert abs(off) <= estate.close, (period, metric, off)


def test_every_dimension_of_a_cost_and_usage_report_is_the_truth(estate: Estate) -> None:
    if estate.shape.startswith("focus"):
        return  # discounts and negation are folded into FOCUS rows; the next test compares those
    period = "2026-09"
    for word in BY:
        expected = estate.truth["periods"][period]["by"][word]
        for metric in COST_COLUMNS:
            assert not same(estate, estate.by(period, metric, word), expected, metric), (word, metric)


def test_every_shape_has_the_same_net_amortized_cost_by_account_service_and_tag(estate: Estate) -> None:
    for period, expected in estate.truth["periods"].items():
        for word in FOLDED:
            found = estate.by(period, "net_amortized", word)
            assert not same(estate, found, expected["by"][word], "net_amortized"), (period, word)


def test_tag_gaps_are_the_truth_and_add_up(estate: Estate) -> None:
    key = "required_tags_focus" if estate.shape.startswith("focus") else "required_tags"
    for period, expected in estate.truth["periods"].items():
        with open_ledger(estate.database, estate.settings, Ask(period=period, metric="amortized")) as ledger:
            table = tag_gaps(ledger).totals["by_tag"]
            rows = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
        for row in rows:
            (wanted,) = (one for one in expected[key] if one["tag"] == row["tag"])
            for name in ("total_cost", "untaggable_cost", "taggable_cost", "tagged_cost", "gap_cost"):
                assert abs(row[name] - Decimal(wanted[name])) <= estate.close, (period, row["tag"], name)
            assert row["tagged_cost"] + row["gap_cost"] + row["untaggable_cost"] == row["total_cost"]


# What the planted faults are called here; what AWS makes of a spelling, or the settings of a value, is no fault.
CAUSES = {
    "missing": "missing",
    "empty": "empty",
    "wrong_key": "wrong_key",
    "misspelled_key": "wrong_key",
    "invalid_value": "invalid_value",
    "invalid_pattern": "invalid_value",
    "tagged_late": "late",
    "contradicts_account": "contradicts",
}
# Parquet and CUR 2.0 write cost-center and CostCenter alike, and lower case keeps no blank value.
LOWER_CASE = ("cur2-csv", "cur2-parquet", "legacy-parquet")


def test_every_planted_fault_is_found_with_its_cause_and_its_cost(estate: Estate) -> None:
    with open_ledger(estate.database, estate.settings, Ask(metric="amortized")) as ledger:
        document = tag_gaps(ledger)
        rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
    found = {(row["tag"], row["resource_id"]): (row["cause"], row["cost"]) for row in rows}
    wanted = {}
    # FOCUS has discounts inside its costs.
    truth = "cost_net_amortized" if estate.shape.startswith("focus") else "cost_amortized"
    for fault in estate.truth["faults"]:
        if fault["cause"] in CAUSES and not _is_unseen(estate, fault):
            wanted[fault["tag"], fault["resource_id"]] = (
                CAUSES[fault["cause"]],
                sum(map(Decimal, fault[truth].values())),
            )
    assert len(wanted) >= 15
    for key, (cause, cost) in wanted.items():
        # A blank cell and an absent key are one thing in some shapes.
        named = {"missing", "empty"} if cause == "empty" else {cause}
        assert found[key][0] in named, key
        assert abs(found[key][1] - cost) <= estate.close, key
    spelled = {fault["resource_id"] for fault in estate.truth["faults"] if fault["cause"] == "two_spellings"}
    assert {key for key in found if key not in wanted} <= {("Environment", one) for one in spelled}


def _is_unseen(estate: Estate, fault: dict[str, Any]) -> bool:
    return fault["cause"] == "wrong_key" and fault["tag"] == "CostCenter" and estate.shape in LOWER_CASE


def test_the_restated_month_counts_its_last_delivery_only(estate: Estate) -> None:
    restated = estate.truth["restated"]["2026-09"]
    last, first = (Decimal(restated[which]["totals"]["unblended"]) for which in ("last", "first"))
    assert first != last
    assert abs(estate.total("2026-09", "unblended") - last) <= estate.close


def test_only_the_open_month_is_an_estimate(estate: Estate) -> None:
    for period, expected in estate.truth["periods"].items():
        with open_ledger(estate.database, estate.settings, Ask(period=period)) as ledger:
            assert ledger.final is expected["final"], period
