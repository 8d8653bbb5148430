"""Exports in S3: what is found, what is fetched and what a night costs, with a real client and server on loopback."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest

from finops.catalog import deliveries, store_of
from finops.cli import main
from finops.ingest.demo import write_export
from tests.s3_bucket import Bucket, Report, deliver, delivery_id, upload
from tests.s3_proxy import Answer, drop
from tests.tiny_export import write_export as write_tiny


def totals(folder: Path) -> dict[str, Decimal]:
    """Billing period -> unblended cost of what is loaded."""
    return {one.period: one.unblended for one in deliveries(folder / "x.duckdb")}


def test_the_newest_delivery_is_loaded_to_the_last_decimal_and_an_older_one_is_never_read(
    bucket: Bucket, tmp_path: Path
) -> None:
    deliver(bucket, "old", ["100"])
    deliver(bucket, "new", ["10.0000000001", "6.5"])
    assert bucket.ingest(tmp_path) == 0
    (one,) = deliveries(tmp_path / "x.duckdb")
    assert (one.delivery, one.unblended, one.files) == (delivery_id("new"), Decimal("16.5000000001"), 2)
    assert one.source == f"s3://{bucket.name}/exports"
    assert bucket.proxy.count(delivery_id("old")) == 0
    assert not (store_of(tmp_path / "x.duckdb") / ".downloads").exists()


def test_an_unchanged_period_costs_the_listing_and_one_manifest(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1"])
    assert bucket.ingest(tmp_path) == 0
    bucket.proxy.seen.clear()
    capsys.readouterr()
    assert bucket.ingest(tmp_path) == 0
    assert [one.line.split()[0] for one in bucket.proxy.seen] == ["GET", "GET"]
    assert bucket.proxy.count("list-type=2") == 1
    assert bucket.proxy.count(r"acme-Manifest\.json") == 1
    said = capsys.readouterr().err
    assert "unchanged acme 2026-10" in said
    assert "S3: 2 requests, 0 bytes" in said


def test_a_night_of_14_periods_of_40_files_where_one_changed_reads_that_one_only(
    bucket: Bucket, tmp_path: Path
) -> None:
    reports = [Report(f"{2025 + (8 + n) // 12}-{(8 + n) % 12 + 1:02d}") for n in range(14)]
    costs = [f"{number}.25" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda report: deliver(bucket, "a", costs[:29], report), reports))
        list(pool.map(lambda report: deliver(bucket, "b", costs, report), reports))
    bucket.proxy.plan("continuation-token", drop(after=0))
    assert bucket.ingest(tmp_path) == 0
    assert (len(totals(tmp_path)), bucket.proxy.faults[0].times) == (14, 0)
    deliver(bucket, "c", [*costs[1:], "0.5"], reports[-1])
    bucket.proxy.seen.clear()

    assert bucket.ingest(tmp_path) == 0

    assert bucket.proxy.count("list-type=2") == 2  # 14 x (30 + 41 + 1) + 41 = 1049 objects
    assert bucket.proxy.count(r"GET .*Manifest\.json") == 14
    assert bucket.proxy.count(r"HEAD .*Manifest\.json") == 1
    assert bucket.proxy.count(r"GET .*\.csv\.gz") == 40
    assert len(bucket.proxy.seen) == 57
    data = [one for one in bucket.proxy.seen if ".csv.gz" in one.line]
    assert all(delivery_id("c") in one.line for one in data)
    stored = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix=f"{reports[-1].folder}/{delivery_id('c')}")
    size = sum(one["Size"] for one in stored["Contents"] if one["Key"].endswith(".gz"))
    assert sum(one.bytes for one in data) == size
    assert sum(one.bytes for one in bucket.proxy.seen) < size + 600_000
    whole = sum(map(Decimal, costs))
    assert totals(tmp_path) == {report.period: whole for report in reports[:-1]} | {
        reports[-1].period: whole - Decimal("0.25") + Decimal("0.5")
    }


@pytest.mark.parametrize("shape", ["legacy-parquet", "focus"])
def test_an_export_is_the_same_ledger_from_s3_as_from_a_folder(bucket: Bucket, tmp_path: Path, shape: str) -> None:
    folder = write_export(shape, tmp_path / "kit", months=1)
    upload(bucket, folder, f"exports/{folder.name}")
    assert bucket.ingest(tmp_path) == 0
    (tmp_path / "local").mkdir()
    assert main(["ingest", str(folder), "--db", str(tmp_path / "local" / "x.duckdb")]) == 0
    ours, theirs = deliveries(tmp_path / "x.duckdb"), deliveries(tmp_path / "local" / "x.duckdb")
    facts = [
        [(one.identity, one.delivery, one.rows, one.unblended, one.bytes) for one in some] for some in (ours, theirs)
    ]
    assert facts[0] == facts[1]


def test_files_come_several_at_a_time(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["1"] * 8)
    together = Barrier(8)

    def wait_for_the_others(answer: Answer) -> Answer:
        together.wait(timeout=30)
        return answer

    bucket.proxy.plan(r"GET .*\.csv\.gz", wait_for_the_others, 8)
    assert bucket.ingest(tmp_path) == 0
    assert totals(tmp_path) == {"2026-10": Decimal(8)}


def test_a_file_that_was_overwritten_under_the_same_manifest_is_a_new_delivery(bucket: Bucket, tmp_path: Path) -> None:
    report = Report(overwrite=True)
    deliver(bucket, "a", ["1", "2"], report)
    assert bucket.ingest(tmp_path) == 0
    deliver(bucket, "a", ["1", "5"], report)
    assert bucket.ingest(tmp_path) == 0
    assert totals(tmp_path) == {"2026-10": Decimal(6)}


def test_since_reads_no_manifest_of_an_earlier_period(bucket: Bucket, tmp_path: Path) -> None:
    for period in ("2026-08", "2026-09", "2026-10"):
        deliver(bucket, "a", ["1"], Report(period))
    assert bucket.ingest(tmp_path, "--since", "2026-09") == 0
    assert list(totals(tmp_path)) == ["2026-09", "2026-10"]
    assert bucket.proxy.count("GET .*20260801") == 0


def test_since_works_in_folders_and_says_when_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ingest", str(write_tiny(tmp_path)), "--db", str(tmp_path / "x.duckdb"), "--since"]
    assert main([*words, "2026-11"]) == 3
    assert "no billing period from 2026-11 on" in capsys.readouterr().err
    assert main([*words, "2026-1"]) == 2
    assert main([*words, "2026-10"]) == 0


def test_since_is_refused_where_only_rows_tell_the_period(tmp_path: Path) -> None:
    (data,) = write_tiny(tmp_path).rglob("*.csv")
    assert main(["ingest", str(data), "--since", "2026-10", "--db", str(tmp_path / "x.duckdb")]) == 2


def test_a_dry_run_says_what_it_takes_and_writes_nothing(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1"], Report("2026-09"))
    assert bucket.ingest(tmp_path) == 0
    deliver(bucket, "b", ["2"], Report("2026-09"))
    deliver(bucket, "a", ["1", "2"])
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    assert bucket.ingest(tmp_path, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    size = sum(
        len(Report(period).data(cost)) for period, cost in (("2026-09", "2"), ("2026-10", "1"), ("2026-10", "2"))
    )
    assert lines[0].startswith(f"would load acme 2026-09: delivery {delivery_id('b')}, 1 files")
    assert lines[0].endswith(f"replaces delivery {delivery_id('a')}")
    assert lines[2] == f"to read: 2 of 2 deliveries, 3 files, {size:,} bytes, 5 requests to S3; 3 were sent to find out"
    assert lines[3].startswith("disk: ")
    assert sorted(tmp_path.rglob("*")) == before
    assert bucket.proxy.count(r"\.csv\.gz") == 1


def test_what_the_dry_run_promises_is_what_the_run_sends(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1", "2", "3"])
    assert bucket.ingest(tmp_path, "--dry-run") == 0
    assert "4 requests to S3; 2 were sent" in capsys.readouterr().out
    bucket.proxy.seen.clear()
    assert bucket.ingest(tmp_path) == 0
    assert len(bucket.proxy.seen) == 2 + 4


def test_the_current_versions_of_a_versioned_bucket_are_read_and_deleted_ones_are_not(
    bucket: Bucket, tmp_path: Path
) -> None:
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    report = Report(overwrite=True)
    deliver(bucket, "a", ["100", "200"], report)
    deliver(bucket, "b", ["1", "2"], report)
    deliver(bucket, "a", ["50"], Report("2026-09"))
    for key in (Report("2026-09").key("a", 1), *Report("2026-09").manifests("a")):
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    assert bucket.ingest(tmp_path) == 0
    assert totals(tmp_path) == {"2026-10": Decimal(3)}


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_name(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["1"])
    deliver(bucket, "a", ["100"], Report(name="acme-old"))
    assert bucket.ingest(tmp_path, below="exports/acme") == 0
    assert totals(tmp_path) == {"2026-10": Decimal(1)}


def test_keys_with_doubled_slashes_are_asked_for_as_they_are(bucket: Bucket, tmp_path: Path) -> None:
    report = Report()
    bucket.put(f"/{report.key('a', 1)}".replace("acme/", "acme//"), report.data("7"))
    manifest = report.manifest("a", 1).replace("exports/acme/", "/exports/acme//")
    bucket.put(f"/{report.manifests('a')[1]}".replace("acme/", "acme//"), manifest)
    assert bucket.ingest(tmp_path, below="/exports") == 0
    assert totals(tmp_path) == {"2026-10": Decimal(7)}


def test_objects_without_a_manifest_are_taken_by_folder_and_nothing_vouches_for_them(
    bucket: Bucket, tmp_path: Path
) -> None:
    for period in ("2026-09", "2026-10"):
        bucket.put(f"exports/bill/BILLING_PERIOD={period}/x-00001.csv.gz", Report(period).data("2"))
    assert bucket.ingest(tmp_path) == 0
    found = deliveries(tmp_path / "x.duckdb")
    assert [(one.export, one.period, one.vouched) for one in found] == [
        ("bill", "2026-09", False),
        ("bill", "2026-10", False),
    ]
    assert {one.identity for one in found} == {f"s3://{bucket.name}/exports/bill"}


def test_objects_that_are_named_are_one_delivery_of_exactly_these(bucket: Bucket, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        bucket.put(f"bills/part-{number}.csv.gz", Report().data(str(number)))
    words = [f"s3://{bucket.name}/bills/part-{number}.csv.gz" for number in (1, 3)]
    assert main(["ingest", *words, "--db", str(tmp_path / "x.duckdb")]) == 0
    assert totals(tmp_path) == {"2026-10": Decimal(4)}


def test_folders_and_addresses_may_be_named_together(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["1"], Report("2026-09"))
    local = write_tiny(tmp_path, name="local")
    assert bucket.ingest(tmp_path, str(local)) == 0
    assert [one.export for one in deliveries(tmp_path / "x.duckdb")] == ["acme", "local"]


def test_an_export_that_was_copied_to_a_folder_is_still_the_same_export(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_tiny(tmp_path)
    upload(bucket, folder, "exports/acme")
    assert bucket.ingest(tmp_path) == 0
    capsys.readouterr()
    assert main(["ingest", str(folder), "--db", str(tmp_path / "x.duckdb")]) == 0
    assert "unchanged acme 2026-10" in capsys.readouterr().err


def test_files_that_have_expired_do_not_matter_once_they_are_loaded(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1", "2"])
    assert bucket.ingest(tmp_path) == 0
    for number in (1, 2):
        bucket.client.delete_object(Bucket=bucket.name, Key=Report().key("a", number))
    capsys.readouterr()
    bucket.proxy.seen.clear()
    assert bucket.ingest(tmp_path) == 0
    assert "unchanged acme 2026-10" in capsys.readouterr().err
    assert len(bucket.proxy.seen) == 2


def test_what_a_broken_run_fetched_is_removed_when_nobody_came_back_for_it(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["1"])
    assert bucket.ingest(tmp_path) == 0
    downloads = store_of(tmp_path / "x.duckdb") / ".downloads"
    for name, age in (("yesterday", 1), ("last-month", 30)):
        (downloads / name).mkdir(parents=True)
        (downloads / name / "x.part").touch()
        for path in (downloads / name / "x.part", downloads / name):
            os.utime(path, (time.time() - age * 86400,) * 2)
    assert bucket.ingest(tmp_path) == 0
    assert [folder.name for folder in downloads.iterdir()] == ["yesterday"]


def test_errors_name_the_object_and_not_its_copy(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report()
    deliver(bucket, "a", ["1"], report)
    bucket.put(report.key("a", 1), b"<html><body>no bill</body></html>")
    assert bucket.ingest(tmp_path) == 3
    assert f"where: s3://{bucket.name}/{report.key('a', 1)}" in capsys.readouterr().err


def test_the_other_verbs_work_on_such_a_ledger(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1.5"])
    assert bucket.ingest(tmp_path) == 0
    database = ["--db", str(tmp_path / "x.duckdb")]
    for words in (["status"], ["spend", "--by", "service"], ["report", "-o", os.devnull]):
        assert main([*words, *database]) == 0
    assert "1.50" in capsys.readouterr().out
