"""Whatever is in a bill: tagged, gap and untaggable cost are the whole, and every gap has exactly one cause."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.document import Document
from finops.tag_gaps import tag_gaps
from tests.gap_ledger import ingest, opened
from tests.small_ledger import TAG_SETS, Line, small_ledger

TYPES = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "Tax", "Refund")
money = st.decimals(-1000, 1000, places=10, allow_nan=False).map(str)
lines = st.builds(
    Line,
    charge_day=st.integers(1, 20).map("2026-10-{:02}".format),
    cost=money,
    amortized=money,
    sub_account_id=st.sampled_from(["000000000002", "000000000003"]),
    region_id=st.sampled_from([None, "us-east-2"]),
    x_line_item_type=st.sampled_from(TYPES),
    resource_id=st.sampled_from([None, "i-1", "i-2", "bucket"]),
    tag_set_id=st.sampled_from(sorted(TAG_SETS)),
)


def tables(document: Document) -> dict[str, list[dict[str, Any]]]:
    found = {**document.totals, "rows": document.rows}
    return {
        name: [dict(zip(table.names, row, strict=True)) for row in table.read(None)] for name, table in found.items()
    }


def require_whole(document: Document, total: Decimal) -> None:
    found = tables(document)
    untaggable = sum((row["cost"] for row in found["untaggable"]), Decimal(0))
    for tag in found["by_tag"]:
        parts = ("tagged_cost", "gap_cost", "untaggable_cost", "not_required_cost")
        assert sum(tag[part] for part in parts) == tag["total_cost"] == total
        assert tag["untaggable_cost"] == untaggable
        causes = [row for row in found["by_cause"] if row["tag"] == tag["tag"]]
        rows = [row for row in found["rows"] if row["tag"] == tag["tag"]]
        assert sum(row["cost"] for row in causes if row["counts_as"] == "gap") == tag["gap_cost"]
        assert sum(row["cost"] for row in rows) == sum(row["cost"] for row in causes)
        assert 0 <= tag["tagged_resources"] <= tag["resources"]
    assert len({row["id"] for row in found["rows"]}) == len(found["rows"])


@settings(max_examples=40, deadline=None)
@given(held=st.lists(lines, max_size=25), metric=st.sampled_from(["unblended", "amortized"]))
def test_the_parts_of_every_tag_are_the_whole_bill(held: list[Line], metric: str) -> None:
    total = sum((Decimal(line.cost if metric == "unblended" else line.amortized or "0") for line in held), Decimal(0))
    require_whole(tag_gaps(small_ledger(lines=held, metric=metric)), total)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingest(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"period": "2026-10"},
        {"last": "1d"},
        {"where": ("account=000000000010",)},
        {"where": ("tag:Environment=prod",)},
        {"where": ("tag:Owner=(untagged)",)},
        {"where": ("resource=i-late",)},
        {"where": ("environment=dev",)},
        {"where": ("region=nowhere",)},
    ],
    ids=str,
)
def test_the_parts_are_the_whole_for_every_filter_and_period(database: Path, asked: dict[str, Any]) -> None:
    with opened(database, **asked) as ledger:
        (row,) = ledger.rows(f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost")
        require_whole(tag_gaps(ledger), row["cost"])
