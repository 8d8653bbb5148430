"""The steps of a real bill of 2018, where a machine has it: found, with the right product and resource, and no more.

It lies in the folder FINOPS_REAL_EXPORTS names, or in shared/data beside the checkout, and is no part of it.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from finops.advice.anomaly import judge
from finops.anomalies.find import Found, find_anomalies
from finops.anomalies.levels import asked_by
from finops.cli import main
from finops.config import Settings
from finops.reader import Ask, open_ledger

ROOT = Path(os.environ.get("FINOPS_REAL_EXPORTS") or Path(__file__).resolve().parents[2] / "shared" / "data")
if not (ROOT / "daily_cost_real").is_dir():
    pytest.skip(f"no real bill in {ROOT}: name its folder in FINOPS_REAL_EXPORTS", allow_module_level=True)

OCTOBER = date(2018, 10, 1)
DAYS = 92
# What the workshop did: two Glue endpoints and QuickSight began, then Glue, databases and instances ended.
STEPS = {
    ("AWSGlue", date(2018, 10, 10), True),
    ("AWSGlue", date(2018, 10, 18), True),
    ("AmazonQuickSight", date(2018, 10, 25), True),
    ("AWSGlue", date(2018, 11, 21), False),
    ("AmazonRDS", date(2018, 11, 25), False),
    ("AmazonEC2", date(2018, 11, 25), False),
}


@pytest.fixture(scope="module")
def by_product() -> list[tuple[str, date, bool]]:
    """What is raised of daily usage by product: which, since when, more or less."""
    costs: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(DAYS))
    with (ROOT / "daily_cost_real" / "workshop_daily_by_product.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            if row["line_type"] in ("Usage", "DiscountedUsage"):
                at = (date.fromisoformat(row["usage_day"]) - OCTOBER).days
                costs[row["product"]][at] += float(row["unblended_cost"])
    matrix = np.array(list(costs.values()))
    found = judge(matrix, OCTOBER, np.ones(matrix.shape, bool), np.zeros(matrix.shape, bool)).alarms
    return [(list(costs)[one.series], OCTOBER + timedelta(days=one.start), one.rises) for one in found]


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Found:
    database = tmp_path_factory.mktemp("real") / "finops.duckdb"
    source = ROOT / "legacy_cur_parquet_real" / "data"
    assert main(["ingest", str(source), "--db", str(database)]) == 0
    settings = Settings()
    with open_ledger(database, settings, Ask(metric="amortized", by=asked_by(settings))) as ledger:
        return find_anomalies(ledger, OCTOBER, date(2018, 10, 25))


def test_the_large_steps_are_found_with_the_product_on_the_day(by_product: list[tuple[str, date, bool]]) -> None:
    assert set(by_product) >= STEPS


def test_at_most_one_more_is_told_and_nothing_of_the_quiet_weeks(by_product: list[tuple[str, date, bool]]) -> None:
    others = set(by_product) - STEPS
    assert len(others) <= 1
    quiet = (date(2018, 11, 1), date(2018, 11, 20)), (date(2018, 11, 27), date(2019, 1, 1))
    assert not [start for _, start, _ in by_product if any(first <= start < end for first, end in quiet)]


def test_events_of_the_export_name_the_endpoint_that_began(october: Found) -> None:
    named = {(one.start, one.service, one.cause.rpartition("/")[2]) for one in october.events}
    assert named == {
        (date(2018, 10, 10), "AWSGlue", "CUR-test"),
        (date(2018, 10, 18), "AWSGlue", "testing"),
    }
