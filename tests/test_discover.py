"""Which delivery of which period is chosen, and what is refused."""

import json
import os
from pathlib import Path

import duckdb
import pytest

from finops.errors import DataError, UsageError
from finops.ingest.discover import Found, are_chunks, survey


def manifest(folder: Path, delivery: str, period: str = "20261001-20261101", keys: list[str] | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "assemblyId": delivery,
        "reportName": "hourly",
        "account": "012345678901",
        "billingPeriod": {"start": f"{period[:8]}T000000.000Z"},
        "reportKeys": keys if keys is not None else [f"cur/hourly/{period}/{delivery}/hourly-00001.csv"],
    }
    (folder / "hourly-Manifest.json").write_text(json.dumps(content))


def data(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a,b\n1,2\n")
    return path


def create_new(root: Path, deliveries: tuple[str, ...] = ("a1", "a2"), newest: str | None = "a2") -> Path:
    period = root / "20261001-20261101"
    for delivery in deliveries:
        manifest(period / delivery, delivery)
        data(period / delivery / "hourly-00001.csv")
    if newest:
        manifest(period, newest)
    return root


def only(root: Path) -> Found:
    (found,) = survey([root]).found
    return found


def test_the_manifest_of_the_period_chooses_among_deliveries_side_by_side(tmp_path: Path) -> None:
    found = only(create_new(tmp_path, newest="a1"))
    assert (found.delivery, found.period, found.vouched, found.others) == ("a1", "2026-10", True, 1)
    assert [path.parent.name for path in found.files] == ["a1"]


def test_without_it_the_newest_manifest_file_is_chosen_and_said_so(tmp_path: Path) -> None:
    create_new(tmp_path, newest=None)
    os.utime(tmp_path / "20261001-20261101/a2/hourly-Manifest.json", (1_000_000_000, 1_000_000_000))
    found = only(tmp_path)
    assert found.delivery == "a1"
    assert "newest manifest file" in found.reason


def test_two_manifests_of_the_same_age_are_refused(tmp_path: Path) -> None:
    create_new(tmp_path, newest=None)
    for delivery in ("a1", "a2"):
        path = tmp_path / "20261001-20261101" / delivery / "hourly-Manifest.json"
        os.utime(path, (1_000_000_000, 1_000_000_000))
    with pytest.raises(DataError, match="no manifest says which"):
        survey([tmp_path])


def test_data_no_chosen_manifest_lists_is_left_alone_and_told(tmp_path: Path) -> None:
    create_new(tmp_path)
    result = survey([tmp_path])
    assert [path.parent.name for path, _ in result.ignored] == ["a1"]


def test_a_listed_file_that_is_not_here_is_kept_in_mind(tmp_path: Path) -> None:
    create_new(tmp_path)
    (tmp_path / "20261001-20261101/a2/hourly-00001.csv").unlink()
    assert only(tmp_path).missing == ("cur/hourly/20261001-20261101/a2/hourly-00001.csv",)


def test_a_manifest_that_lists_nothing_is_refused(tmp_path: Path) -> None:
    manifest(tmp_path / "20261001-20261101", "a1", keys=[])
    data(tmp_path / "20261001-20261101" / "hourly-00001.csv")
    with pytest.raises(DataError, match="lists no files"):
        survey([tmp_path])


def test_a_partitioned_folder_without_manifest_is_one_delivery_per_period_that_nothing_vouches_for(
    tmp_path: Path,
) -> None:
    root = tmp_path / "athena"
    for month in (9, 10):
        data(root / "data" / "year=2026" / f"month={month}" / "x-00001.snappy.parquet")
    found = survey([root]).found
    assert [(one.export, one.period, one.vouched) for one in found] == [
        ("athena", "2026-09", False),
        ("athena", "2026-10", False),
    ]


def test_two_executions_of_a_period_without_manifest_are_refused(tmp_path: Path) -> None:
    for execution in ("20261001T010203Z-1", "20261002T010203Z-2"):
        data(tmp_path / "BILLING_PERIOD=2026-10" / execution / "x-00001.csv.gz")
    with pytest.raises(DataError, match="2 deliveries of 2026-10"):
        survey([tmp_path])


@pytest.mark.parametrize(("status", "refused"), [("UPDATING", True), ("READY", False)])
def test_nothing_is_read_while_the_status_file_says_updating(tmp_path: Path, status: str, refused: bool) -> None:
    data(tmp_path / "hourly" / "year=2026" / "month=10" / "x-00001.snappy.parquet")
    folder = tmp_path / "hourly" / "cost_and_usage_data_status"
    folder.mkdir()
    duckdb.execute(f"copy (select '{status}' as status) to '{folder}/status.parquet' (format parquet)")
    if refused:
        with pytest.raises(DataError, match="UPDATING"):
            survey([tmp_path])
    else:
        assert len(only(tmp_path).files) == 1


def test_files_named_are_exactly_what_is_taken(tmp_path: Path) -> None:
    named, _ = data(tmp_path / "october.csv"), data(tmp_path / "november.csv")
    (found,) = survey([named]).found
    assert (found.files, found.export, found.vouched) == ((named,), tmp_path.name, False)


def test_an_empty_folder_a_missing_path_and_a_manifest_by_name_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no billing export found"):
        survey([tmp_path])
    with pytest.raises(UsageError, match="no such file"):
        survey([tmp_path / "absent"])
    manifest(tmp_path, "a1")
    with pytest.raises(UsageError, match="not its manifest"):
        survey([tmp_path / "hourly-Manifest.json"])


def test_numbered_parts_of_one_name_are_chunks_and_versions_are_not(tmp_path: Path) -> None:
    assert are_chunks([tmp_path / "cur-00001.csv.gz", tmp_path / "cur-00002.csv.gz"])
    assert are_chunks([tmp_path / "October-2026-cur-1.csv.gz", tmp_path / "October-2026-cur-2.csv.gz"])
    assert not are_chunks([tmp_path / "october.csv", tmp_path / "october-restated.csv"])
