"""Manifests of both kinds, and the local files that their object keys mean."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.ingest.manifests import local_file, period_of_path, read_manifest

LEGACY = {
    "assemblyId": "a1",
    "account": "012345678901",
    "reportName": "hourly",
    "bucket": "bills",
    "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
    "reportKeys": ["cur/hourly/20261001-20261101/a1/hourly-00001.csv.gz"],
}
DATA_EXPORT = {
    "executionId": "e1",
    "exportArn": "arn:aws:bcm-data-exports:us-east-1:012345678901:export/cur2-1",
    "dataFiles": ["s3://bills/x/cur2/data/BILLING_PERIOD=2026-10/cur2-00001.snappy.parquet"],
}


def written(folder: Path, content: Any, name: str = "hourly-Manifest.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_legacy_manifest_names_report_period_delivery_and_files(tmp_path: Path) -> None:
    found = read_manifest(written(tmp_path / "20261001-20261101", LEGACY))
    assert found is not None
    assert (found.export, found.period, found.delivery) == ("hourly", "2026-10", "a1")
    assert found.keys == tuple(LEGACY["reportKeys"])
    assert found.identity == "012345678901/bills/cur/hourly/hourly"


def test_a_data_export_manifest_is_read_without_its_bucket_and_dated_by_its_files(tmp_path: Path) -> None:
    found = read_manifest(written(tmp_path, DATA_EXPORT, "cur2-Manifest.json"))
    assert found is not None
    assert (found.export, found.period, found.delivery) == ("cur2", "2026-10", "e1")
    assert found.keys == ("x/cur2/data/BILLING_PERIOD=2026-10/cur2-00001.snappy.parquet",)
    assert found.identity == DATA_EXPORT["exportArn"]


def test_the_copy_in_the_delivery_folder_is_told_from_the_one_of_the_period(tmp_path: Path) -> None:
    period = tmp_path / "20261001-20261101"
    kept = read_manifest(written(period / "a1", LEGACY))
    pointer = read_manifest(written(period, LEGACY))
    assert kept is not None
    assert pointer is not None
    assert (kept.immutable, pointer.immutable) == (True, False)


def test_a_manifest_cut_short_is_an_error_and_another_json_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not complete JSON"):
        read_manifest(written(tmp_path, json.dumps(LEGACY)[:-20]))
    assert read_manifest(written(tmp_path, {"tables": []})) is None
    assert read_manifest(written(tmp_path, [1, 2])) is None


@pytest.mark.parametrize(
    ("path", "period"),
    [
        ("cur/20261001-20261101/a1", "2026-10"),
        ("data/BILLING_PERIOD=2026-09/x.parquet", "2026-09"),
        ("data/billing_period=2026-09", "2026-09"),
        ("hourly/year=2018/month=3/x.parquet", "2018-03"),
        ("bills/2026/october.csv", None),
    ],
)
def test_a_path_tells_its_period(path: str, period: str | None) -> None:
    assert period_of_path(path) == period


def test_a_key_means_the_file_with_the_longest_shared_end(tmp_path: Path) -> None:
    files = {
        name: tmp_path / name
        for name in (
            "copy/20260901-20261001/a1/hourly-00001.csv.gz",
            "copy/20261001-20261101/a0/hourly-00001.csv.gz",
            "copy/20261001-20261101/a1/hourly-00001.csv.gz",
        )
    }
    assert local_file(LEGACY["reportKeys"][0], files) == tmp_path / "copy/20261001-20261101/a1/hourly-00001.csv.gz"


def test_a_file_of_another_period_is_never_taken_for_a_missing_one(tmp_path: Path) -> None:
    files = {"20260901-20261001/hourly-00001.csv.gz": tmp_path / "x"}
    assert local_file("cur/hourly/20261001-20261101/hourly-00001.csv.gz", files) is None


def test_a_file_of_another_delivery_is_never_taken_for_a_missing_one(tmp_path: Path) -> None:
    files = {"copy/20261001-20261101/a0/hourly-00001.csv.gz": tmp_path / "x"}
    assert local_file("cur/hourly/20261001-20261101/a1/hourly-00001.csv.gz", files) is None


def test_files_copied_flat_beside_the_manifest_are_found(tmp_path: Path) -> None:
    files = {"hourly-00001.csv.gz": tmp_path / "hourly-00001.csv.gz"}
    assert local_file(LEGACY["reportKeys"][0], files) == tmp_path / "hourly-00001.csv.gz"


PARTS = st.lists(st.sampled_from(["a", "b", "c", "20261001-20261101", "x.csv"]), min_size=1, max_size=5)


@given(key=PARTS, others=st.lists(PARTS, max_size=5))
def test_an_exact_copy_of_the_key_always_wins(key: list[str], others: list[list[str]]) -> None:
    files = {"/".join(parts): Path("/".join(["other", *parts])) for parts in others}
    files["/".join(key)] = Path("exact")
    assert local_file("/".join(key), files) == Path("exact")


def test_of_two_copies_the_one_beside_the_manifest_is_meant(tmp_path: Path) -> None:
    end = "20261001-20261101/a1/hourly-00001.csv.gz"
    files = {f"{copy}/{end}": tmp_path / copy for copy in ("monday", "tuesday")}
    key = LEGACY["reportKeys"][0]
    assert local_file(key, files, "tuesday/20261001-20261101") == tmp_path / "tuesday"
    assert local_file(key, files, "monday/20261001-20261101") == tmp_path / "monday"
