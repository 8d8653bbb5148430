"""Advice for S3, from the rows of an export to what is printed: each figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.prices import own_folder
from finops.prices.room import COLUMNS
from tests.hourly_export import Row
from tests.stored_export import lifecycle_of, requests, standard, stored

Answer = dict[str, Any]
Told = Callable[..., Answer]
TEN_TIB = 10 * 1024
GIB = 2**30


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Told:
    """What the verb prints as JSON for a database, with options and settings."""
    return partial(lifecycle_of, capsys, tmp_path)


def buckets() -> Iterator[Row]:
    yield from standard("cold", TEN_TIB)
    yield from standard("read", 1000)
    yield from requests("read", "Requests-Tier2", "GetObject", 5000, "0.0000004")
    yield from standard("small", 49)
    yield from standard("just-enough", 218)
    yield from standard("too-cheap", 217)
    yield from standard("moving", 1000)
    yield from requests("moving", "Requests-Tier4", "S3-SIATransition", 100, "0.00001", 3)
    yield from standard("gone", 1000, range(20))
    yield from standard("far", 1000, **{"product/region": "eu-west-1", "lineItem/UsageType": "EU-TimedStorage-ByteHrs"})
    yield from standard("uploads", 100)
    yield from requests("uploads", "Requests-Tier1", "InitiateMultipartUpload", 10, "0.000005")
    yield from requests("uploads", "Requests-Tier1", "CompleteMultipartUpload", 8, "0.000005")
    yield from standard("leaving", 10)
    yield from requests("leaving", "EarlyDelete-SIA", "StandardIAStorage", 20, "0.0125", 4, 9)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October, with a bucket for each thing that is told apart."""
    return stored(tmp_path_factory.mktemp("stored"), buckets())


def row_of(answer: Answer, bucket: str, kind: str = "s3_storage_class") -> Answer:
    (row,) = [one for one in answer["rows"] if (one["resource_id"], one["kind"]) == (bucket, kind)]
    return row


def advised(answer: Answer) -> set[str]:
    return {one["resource_id"] for one in answer["rows"] if one["kind"] == "s3_storage_class"}


def verdicts(answer: Answer) -> dict[str, str]:
    return {one["bucket"]: one["verdict"] for one in answer["totals"]["buckets"]}


def inventory(folder: Path, *lines: str) -> tuple[str, str]:
    path = folder / "inventory.csv"
    path.write_text("\n".join(lines) + "\n")
    return "--inventory", str(path)


def test_without_sizes_there_is_a_question_and_the_size_that_breaks_even_but_no_dollar(
    database: Path, told: Told
) -> None:
    row = row_of(told(database), "cold")
    assert (row["class"], row["saving"], row["saving_low"], row["saving_high"]) == ("needs data", None, None, None)
    assert row["storage_class"] == "STANDARD_IA"
    assert row["break_even_kib"] == 128
    assert row["action"].startswith("how large are the objects of cold?")
    assert row["current_cost"] == pytest.approx(TEN_TIB * Decimal("0.023"))


def test_every_figure_names_the_prices_it_is_made_of(database: Path, told: Told) -> None:
    row = row_of(told(database), "cold")
    assert row["basis"] == "price list 2024-07-01"
    assert "Standard 0.023 (own rate), Standard-IA 0.0125 (price list 2024-07-01)" in row["evidence"]


def test_ten_tebibytes_of_one_mebibyte_save_107_52_and_pay_back_within_a_month(
    database: Path, told: Told, tmp_path: Path
) -> None:
    lines = inventory(tmp_path, "bucket,objects,bytes", f"cold,{TEN_TIB * 1024},{TEN_TIB * GIB}")
    row = row_of(told(database, *lines), "cold")
    assert row["saving"] == pytest.approx(Decimal("107.52"))
    assert row["one_off_cost"] == pytest.approx(Decimal("104.8576"))
    assert row["pay_back_months"] == pytest.approx(Decimal("0.97524"), abs=Decimal("0.00001"))
    # all of it read once a year at 0.01 a GB
    assert row["saving_low"] == pytest.approx(Decimal("107.52") - TEN_TIB * Decimal("0.01") / 12)
    assert (row["class"], row["saving_in_sequence"]) == ("upper bound", row["saving"])


def test_objects_that_lifecycle_does_not_move_get_no_advice(database: Path, told: Told, tmp_path: Path) -> None:
    objects = TEN_TIB * GIB // (128 * 1024)
    silent = told(database, *inventory(tmp_path, "bucket,objects,bytes", f"cold,{objects + 1},{TEN_TIB * GIB}"))
    assert "cold" not in advised(silent)
    assert verdicts(silent)["cold"].startswith("objects are below 128 KiB")
    fires = told(database, *inventory(tmp_path, "bucket,objects,bytes", f"cold,{objects},{TEN_TIB * GIB}"))
    assert row_of(fires, "cold")["pay_back_months"] == pytest.approx(Decimal("7.8019"), abs=Decimal("0.0001"))


def test_an_s3_inventory_counts_only_the_objects_that_move(database: Path, told: Told, tmp_path: Path) -> None:
    # a quarter of the bytes is in objects below 128 KiB, and old versions are another matter
    lines = inventory(
        tmp_path,
        "Bucket,Key,VersionId,IsLatest,Size,StorageClass",
        *[f"cold,large/{number},v,true,{150 * 1024},STANDARD" for number in range(2)],
        f"cold,small,v,true,{100 * 1024},STANDARD",
        f"cold,old,v,false,{400 * GIB},STANDARD",
        f"cold,frozen,v,true,{GIB},GLACIER",
    )
    answer = told(database, *lines)
    row = row_of(answer, "cold")
    assert row["moved_gb"] == pytest.approx(TEN_TIB * Decimal("0.75"))
    assert row["saving"] == pytest.approx(TEN_TIB * Decimal("0.75") * Decimal("0.0105"))
    noncurrent = row_of(answer, "cold", "s3_noncurrent")
    assert (noncurrent["saving"], noncurrent["class"]) == (pytest.approx(Decimal("9.2")), "upper bound")
    assert [one["where"] for one in answer["problems"] if one["code"] == "inventory_differs"] == [
        "cold (0.0 GB, in the bill 10,240.0)"
    ]


def test_a_storage_lens_export_tells_means_and_what_uploads_left_behind(
    database: Path, told: Told, tmp_path: Path
) -> None:
    head = "report_date,aws_region,storage_class,record_type,record_value,bucket_name,metric_name,metric_value"
    lines = [
        f"{day},us-east-1,STANDARD,BUCKET,,{bucket},{metric},{value}"
        for day, bucket, metric, value in (
            ("2026-10-30", "cold", "ObjectCount", 1),
            ("2026-10-31", "cold", "ObjectCount", TEN_TIB * 1024),
            ("2026-10-31", "cold", "StorageBytes", TEN_TIB * GIB),
            ("2026-10-31", "uploads", "IncompleteMultipartUploadStorageBytes", 40 * GIB),
        )
    ]
    answer = told(database, *inventory(tmp_path, head, *lines))
    assert row_of(answer, "cold")["saving"] == pytest.approx(Decimal("107.52"))
    assert row_of(answer, "uploads", "s3_multipart")["saving"] == pytest.approx(Decimal("0.92"))


def test_a_bucket_that_is_read_is_offered_intelligent_tiering_only(database: Path, told: Told, tmp_path: Path) -> None:
    row = row_of(told(database), "read")
    assert (row["storage_class"], row["saving"]) == ("INTELLIGENT_TIERING", None)
    assert row["break_even_kib"] == pytest.approx(Decimal("249.66"), abs=Decimal("0.01"))
    objects = 1000 * 1024
    sized = row_of(told(database, *inventory(tmp_path, "bucket,objects,bytes", f"read,{objects},{1000 * GIB}")), "read")
    watched = objects * Decimal("0.0000025")
    assert sized["saving"] == pytest.approx(1000 * Decimal("0.0105") - watched)
    assert sized["saving_low"] == pytest.approx(-watched)
    assert (sized["class"], sized["saving_in_sequence"]) == ("upper bound", sized["saving"])


def test_what_is_small_gone_or_moving_already_gets_no_advice_and_says_why(database: Path, told: Told) -> None:
    answer = told(database)
    assert advised(answer) == {"cold", "read", "just-enough", "far"}
    assert {name: verdicts(answer)[name] for name in ("small", "too-cheap", "moving", "gone", "just-enough")} == {
        "small": "Standard is below 50 GB or 5 a month",
        "too-cheap": "Standard is below 50 GB or 5 a month",
        "moving": "has transitions already",
        "gone": "gone by the last days",
        "just-enough": "object size unknown",
    }


def test_a_price_of_another_region_is_never_used(database: Path, told: Told) -> None:
    row = row_of(told(database), "far")
    assert (row["class"], row["basis"], row["saving"]) == ("needs data", "unknown", None)
    assert "eu-west-1 are not known" in row["action"]


def test_prices_of_the_users_own_lists_make_the_region_known(tmp_path: Path, told: Told) -> None:
    database = stored(tmp_path / "far", (row for row in buckets() if row["lineItem/ResourceId"] == "far"))
    prices = {"TimedStorage-SIA-ByteHrs": "0.0125", "Retrieval-SIA": "0.01", "Requests-Tier4": "0.00001"}
    path = own_folder(database) / "AmazonS3" / "2026-10-20.csv"
    path.parent.mkdir(parents=True)
    lines = [f"AmazonS3,eu-west-1,on_demand,{key},GB,{price},USD,2026-10-20,asked" for key, price in prices.items()]
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    row = row_of(told(database), "far")
    assert (row["basis"], row["storage_class"]) == ("price list 2026-10-20", "STANDARD_IA")


def test_uploads_begun_and_never_completed_are_named_without_a_claim(database: Path, told: Told) -> None:
    row = row_of(told(database), "uploads", "s3_multipart")
    assert (row["class"], row["saving"]) == ("needs data", None)
    assert "after 7 days" in row["action"]
    assert [one for one in told(database)["rows"] if one["kind"] == "s3_multipart"] == [row]


def test_early_deletes_are_what_they_cost_a_month(database: Path, told: Told) -> None:
    row = row_of(told(database), "leaving", "s3_early_delete")
    assert row["saving"] == pytest.approx(2 * 20 * Decimal("0.0125") * 365 / 12 / 30)
    assert row["class"] == "upper bound"


def test_the_mix_of_classes_is_the_sum_of_the_buckets(database: Path, told: Told) -> None:
    totals = told(database)["totals"]
    by_class = {row["storage_class"]: row["gb"] for row in totals["storage_classes"]}
    assert by_class["STANDARD"] == pytest.approx(sum(row["gb"] for row in totals["buckets"]))
    assert sum(row["buckets"] for row in totals["verdicts"]) == len(totals["buckets"])


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        (("name,amount", "cold,1"), 2, "of no known kind"),
        (("bucket,objects,bytes", "cold,many,1"), 3, "cannot be read"),
    ],
)
def test_a_file_that_is_no_inventory_is_refused(
    lines: tuple[str, ...], code: int, said: str, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["recommend", "lifecycle", "--db", str(database), *inventory(tmp_path, *lines)]
    assert main(words) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
