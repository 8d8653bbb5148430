"""Gaps of bills that others wrote, where a machine has them: see `test_real_exports`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli.explaining import kinds
from finops.config import parse_settings
from finops.dimensions import parse_by
from finops.evidence.document import explain_finding
from finops.ingest.discover import survey
from finops.ledger.load import load
from finops.reader import Ask, open_ledger
from finops.spend import spend
from finops.tag_gaps import tag_gaps
from tests.test_gap_properties import require_whole, tables
from tests.test_real_exports import MADE, PARQUET, ROOT

WORKLOAD = '[tags]\nrequired = ["Workload"]\n[tags.values.Workload]\nallowed = ["BaseLoad", "Peak", "Daytime"]\n'
TEAM = '[tags]\nrequired = ["Team"]\n'
FOLDED = '[tags.values.Team]\nallowed = ["payments", "search", "data"]\n'


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name in (PARQUET, MADE):
        found[name] = tmp_path_factory.mktemp(name) / "finops.duckdb"
        list(load(found[name], survey([ROOT / name]).found))
    return found


def answered(database: Path, settings: str, inferred: bool = False) -> dict[str, list[dict[str, Any]]]:
    with open_ledger(database, parse_settings(settings), Ask(metric="amortized")) as ledger:
        document = tag_gaps(ledger, inferred)
        (total,) = ledger.rows(f"select sum({ledger.cost}) as cost from daily_cost")
        require_whole(document, total["cost"])
        return tables(document)


def test_spellings_of_a_value_lead_to_the_one_that_is_allowed(databases: dict[str, Path]) -> None:
    rows = answered(databases[PARQUET], WORKLOAD)["rows"]
    found = {(row["value"], row["suggestion"]) for row in rows if row["cause"] == "invalid_value"}
    assert {("Base Load", "BaseLoad"), ("Base", "BaseLoad")} <= found
    assert "BaseLoad" not in {value for value, _ in found}


def test_auto_scaling_groups_tell_a_workload_and_ids_tell_nothing(databases: dict[str, Path]) -> None:
    bases = {row["basis"]: row for row in answered(databases[PARQUET], WORKLOAD, inferred=True)["inference"]}
    assert bases["Auto Scaling group"]["precision"] == 100
    assert "ARN family" not in bases


def test_a_finding_of_a_real_bill_is_followed_to_its_lines(databases: dict[str, Path]) -> None:
    database = databases[PARQUET]
    with open_ledger(database, parse_settings(WORKLOAD), Ask(metric="amortized")) as ledger:
        (finding, *_) = tables(tag_gaps(ledger))["rows"]
        found = explain_finding(ledger, database, kinds(), finding["id"])
        assert found is not None
        totals = found.totals
    assert totals["mart_cost"] == totals["line_item_cost"] == finding["cost"] > 0


def test_two_keys_that_differ_in_case_are_one_tag_and_values_are_one_where_a_list_says_so(
    databases: dict[str, Path],
) -> None:
    found = {(row["key"], row["key_rule"]) for row in answered(databases[MADE], TEAM)["keys"]}
    assert found == {("user:Team", "exact"), ("user:team", "variant")}

    def by_team(settings: str) -> dict[str, Decimal]:
        ask = Ask(metric="amortized", by="tag:Team")
        with open_ledger(databases[MADE], parse_settings(settings), ask) as ledger:
            return dict(spend(ledger, parse_by("tag:Team")).rows.read(None))

    loose, strict = by_team(TEAM), by_team(TEAM + FOLDED)
    assert strict["payments"] == loose["payments"] + loose["Payments"]
    assert sum(loose.values()) == sum(strict.values())
