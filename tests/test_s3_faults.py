"""What breaks on the way from S3: nothing is lost, no sum is wrong, and the exit code is the documented one."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest

from finops.catalog import deliveries, store_of
from finops.ingest.s3 import download as downloading
from tests.interruptible import interruptible
from tests.s3_bucket import Bucket, Report, deliver, delivery_id
from tests.s3_proxy import Answer, damage, drop, refuse

FIRST = r"GET .*acme-00001\.csv\.gz"
DATA = r"GET .*\.csv\.gz"
FOREVER = 1000
LINES = 20_000  # more than a megabyte


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(downloading, "WAITS", (0, 0))


def total(folder: Path) -> Decimal:
    return sum((one.unblended for one in deliveries(folder / "x.duckdb")), Decimal(0))


def copies(folder: Path) -> list[Path]:
    """What was fetched and is kept."""
    return sorted((store_of(folder / "x.duckdb") / ".downloads").rglob("*.gz*"))


def test_a_connection_that_drops_in_the_middle_is_taken_up_where_it_broke(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["0.01", "2"], lines=LINES)
    bucket.proxy.plan(FIRST, drop(after=600_000))
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == LINES * Decimal("2.01")
    first, second = [one for one in bucket.proxy.seen if re.match(FIRST, one.line)]
    assert (first.range, first.bytes) == ("", 600_000)
    begun = int(re.fullmatch(r"bytes=(\d+)-", second.range)[1])  # type: ignore[index]
    assert 0 < begun <= 600_000
    assert second.bytes == len(Report().data("0.01", LINES)) - begun


def test_a_run_that_broke_for_good_is_4_and_the_next_one_fetches_the_rest_only(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["0.01", "2"], lines=LINES)
    bucket.proxy.plan(FIRST, drop(after=600_000))
    bucket.proxy.plan(FIRST, drop(after=0), FOREVER)
    assert bucket.ingest(tmp_path) == 4
    assert "error: the connection broke" in capsys.readouterr().err
    sizes = {path.name.rpartition("-")[2]: path.stat().st_size for path in copies(tmp_path)}
    assert 0 < sizes["00001.csv.gz.part"] <= 600_000
    bucket.proxy.faults.clear()
    bucket.proxy.seen.clear()
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == LINES * Decimal("2.01")
    again = [one for one in bucket.proxy.seen if re.match(FIRST, one.line)]
    assert [one.range for one in again] == [f"bytes={sizes['00001.csv.gz.part']}-"]
    if "00002.csv.gz" in sizes:
        assert bucket.proxy.count("acme-00002") == 0
    assert copies(tmp_path) == []


FAULTS = {
    "500": refuse(500, "InternalError"),
    "503": refuse(503, "SlowDown"),
    "drop": drop(after=0),
    "cut": drop(after=50),
    "damage": damage,
}


@pytest.mark.parametrize(
    ("step", "faults"),
    [
        ("list-type=2", ["500", "503", "drop", "cut"]),  # a listing has no checksum
        (r"GET .*Manifest\.json", list(FAULTS)),
        (FIRST, list(FAULTS)),
    ],
    ids=["list", "manifest", "data"],
)
def test_what_goes_wrong_once_is_tried_again(bucket: Bucket, tmp_path: Path, step: str, faults: list[str]) -> None:
    deliver(bucket, "a", ["1", "2"])
    for fault in faults:
        bucket.proxy.plan(step, FAULTS[fault])
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == Decimal(3)
    assert [fault.times for fault in bucket.proxy.faults] == [0] * len(faults)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("500", "AWS failed (500 InternalError)"),
        ("503", "S3 asks to slow down"),
        ("drop", "the connection broke"),
        ("damage", "S3 gave other bytes than it listed"),
    ],
)
def test_what_goes_wrong_for_good_is_4_and_leaves_the_delivery_before(
    bucket: Bucket, tmp_path: Path, fault: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1", "2"])
    assert bucket.ingest(tmp_path) == 0
    deliver(bucket, "b", ["5", "6"])
    bucket.proxy.plan(FIRST, FAULTS[fault], FOREVER)
    assert bucket.ingest(tmp_path) == 4
    assert total(tmp_path) == Decimal(3)
    error = capsys.readouterr().err.split("error: ")[-1].splitlines()
    assert error[0].startswith(words)
    assert f"s3://{bucket.name}/{Report().key('b', 1)}" in error[1]
    assert len(error) <= 3


def test_one_period_that_cannot_be_had_does_not_keep_the_others_out(bucket: Bucket, tmp_path: Path) -> None:
    for period in ("2026-08", "2026-09", "2026-10"):
        deliver(bucket, "a", ["1"], Report(period))
    bucket.proxy.plan(f"GET .*{Report('2026-09').folder}.*gz", refuse(500, "InternalError"), FOREVER)
    assert bucket.ingest(tmp_path) == 4
    assert [one.period for one in deliveries(tmp_path / "x.duckdb")] == ["2026-08", "2026-10"]


@pytest.mark.parametrize("absent", [(2,), (1, 2)])
def test_a_listed_file_that_is_absent_is_3_and_leaves_the_delivery_before(
    bucket: Bucket, tmp_path: Path, absent: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1", "2"])
    assert bucket.ingest(tmp_path) == 0
    deliver(bucket, "b", ["5", "6"])
    for number in absent:
        bucket.client.delete_object(Bucket=bucket.name, Key=Report().key("b", number))
    assert bucket.ingest(tmp_path) == 3
    error = capsys.readouterr().err
    assert f"lists a file that is not here: {Report().key('b', absent[0])}" in error
    assert "have AWS deliver the period again" in error
    assert total(tmp_path) == Decimal(3)


def test_a_delivery_that_arrives_while_files_are_fetched_is_the_one_that_is_loaded(
    bucket: Bucket, tmp_path: Path
) -> None:
    deliver(bucket, "a", ["1", "2"])

    def replaced(answer: Answer) -> Answer:
        deliver(bucket, "b", ["5", "6"])
        return answer

    bucket.proxy.plan(FIRST, replaced)
    assert bucket.ingest(tmp_path) == 0
    (one,) = deliveries(tmp_path / "x.duckdb")
    assert (one.delivery, one.unblended) == (delivery_id("b"), Decimal(11))
    assert copies(tmp_path) == []


def test_files_that_are_overwritten_while_they_are_fetched_are_never_mixed(bucket: Bucket, tmp_path: Path) -> None:
    report = Report(overwrite=True)
    deliver(bucket, "a", ["1", "2", "3"], report)

    def replaced(answer: Answer) -> Answer:
        deliver(bucket, "b", ["10", "20", "30"], report)
        return answer

    bucket.proxy.plan(DATA, replaced)
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == Decimal(60)


def test_a_manifest_that_is_rewritten_before_it_is_read_is_listed_again(bucket: Bucket, tmp_path: Path) -> None:
    report = Report(overwrite=True)
    deliver(bucket, "a", ["1", "2"], report)

    def replaced(answer: Answer) -> Answer:
        deliver(bucket, "b", ["10", "20", "30"], report)
        return answer

    bucket.proxy.plan("list-type=2", replaced)
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == Decimal(60)
    assert bucket.proxy.count("list-type=2") == 2


def test_a_file_that_was_not_listed_yet_is_found_when_the_prefix_is_listed_again(
    bucket: Bucket, tmp_path: Path
) -> None:
    deliver(bucket, "a", ["1", "2"])
    late = re.compile(rb"<Contents>\s*<Key>[^<]*acme-00002.*?</Contents>", re.DOTALL)
    bucket.proxy.plan("list-type=2", lambda answer: replace(answer, body=late.sub(b"", answer.body)))
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == Decimal(3)
    assert bucket.proxy.count("list-type=2") == 2


def test_a_period_that_is_rewritten_whenever_it_is_read_is_3_and_stays_as_it_was(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(overwrite=True)
    deliver(bucket, "a", ["1"], report)
    assert bucket.ingest(tmp_path) == 0
    deliver(bucket, "b", ["2"], report)
    costs = iter(range(10, 99))

    def replaced(answer: Answer) -> Answer:
        cost = next(costs)
        deliver(bucket, f"c{cost}", [str(cost)], report)
        return answer

    bucket.proxy.plan(DATA, replaced, FOREVER)
    assert bucket.ingest(tmp_path) == 3
    assert "the delivery was replaced while it was read" in capsys.readouterr().err
    assert total(tmp_path) == Decimal(1)


def test_a_delivery_whose_files_are_newer_than_its_manifest_is_still_being_written(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(overwrite=True)
    deliver(bucket, "a", ["1", "2"], report)
    bucket.proxy.plan("list-type=2", manifest_delivered("2026-01-01T00:00:00"), FOREVER)
    assert bucket.ingest(tmp_path) == 3
    assert "AWS is writing this delivery" in capsys.readouterr().err
    assert not (tmp_path / "x.duckdb").exists()
    bucket.proxy.faults.clear()
    assert bucket.ingest(tmp_path) == 0


def manifest_delivered(moment: str) -> Callable[[Answer], Answer]:
    """A listing in which the manifest is as old as this."""
    age = re.compile(rb"(Manifest\.json</Key>\s*<LastModified>)[^<.]*")
    return lambda answer: replace(answer, body=age.sub(rb"\g<1>" + moment.encode(), answer.body))


def test_a_large_upload_that_has_no_md5_is_resumed_and_held_against_its_checksum(
    bucket: Bucket, tmp_path: Path
) -> None:
    deliver(bucket, "a", ["0.01"], lines=LINES)
    content = Report().data("0.01", LINES)
    put_in_parts(bucket, Report().key("a", 1), content)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    bucket.proxy.plan(FIRST, drop(after=600_000))
    bucket.proxy.plan(FIRST, damage)
    bucket.proxy.plan(r"HEAD .*csv\.gz", lambda answer: with_header(answer, "x-amz-checksum-sha256", digest))
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == LINES * Decimal("0.01")
    assert bucket.proxy.count(FIRST) == 3  # the beginning, the damaged rest, and all of it again


def put_in_parts(bucket: Bucket, key: str, content: bytes) -> None:
    place = {"Bucket": bucket.name, "Key": key}
    upload = bucket.client.create_multipart_upload(**place)["UploadId"]
    part = bucket.client.upload_part(**place, UploadId=upload, PartNumber=1, Body=content)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    bucket.client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)


def with_header(answer: Answer, name: str, text: str) -> Answer:
    return replace(answer, headers={**answer.headers, name: text})


def test_ctrl_c_ends_at_once_and_what_was_fetched_is_kept(bucket: Bucket, tmp_path: Path) -> None:
    deliver(bucket, "a", ["0.01"], lines=LINES)
    asked, never = Event(), Event()

    def hang(answer: Answer) -> Answer:
        asked.set()
        return replace(answer, cut=600_000, until=never)

    bucket.proxy.plan(FIRST, hang)
    words = ["ingest", f"s3://{bucket.name}/exports", "--db", str(tmp_path / "x.duckdb")]
    process = subprocess.Popen(interruptible(*words), stderr=subprocess.PIPE, text=True)
    assert asked.wait(60)
    while not any(path.stat().st_size for path in copies(tmp_path)):
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    never.set()
    assert (process.returncode, said.splitlines()[-1].startswith("error: interrupted")) == (130, True)
    assert [path.suffix for path in copies(tmp_path)] == [".part"]
    assert bucket.ingest(tmp_path) == 0
    assert total(tmp_path) == LINES * Decimal("0.01")
    assert any(one.range for one in bucket.proxy.seen)
