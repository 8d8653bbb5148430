"""What S3 refuses is one answer each, in words and with its exit code, and nothing is loaded."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.cli import main
from tests.s3_bucket import Bucket, Report, deliver
from tests.s3_proxy import Answer, refuse

LIST, DATA = "list-type=2", r"GET .*\.csv\.gz"
KMS = "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/2"
FOREVER = 1000
Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("on", "fault", "code", "words"),
    [
        (DATA, refuse(403, "AccessDenied", KMS), 4, "encrypted with a key you may not use"),
        (DATA, refuse(403, "AccessDenied", "no"), 4, "access denied: s3:GetObject"),
        (DATA, refuse(403, "InvalidObjectState"), 4, "the file is archived"),
        (LIST, refuse(403, "AccessDenied", "no"), 4, "access denied: s3:ListBucket"),
        (LIST, refuse(400, "ExpiredToken"), 4, "the credentials have expired"),
        (LIST, refuse(403, "InvalidAccessKeyId"), 4, "AWS does not know this access key"),
        (LIST, refuse(403, "RequestTimeTooSkewed"), 4, "this machine's clock is wrong"),
        (LIST, refuse(301, "PermanentRedirect", **{"x-amz-bucket-region": "eu-west-3"}), 4, "in another region"),
    ],
    ids=["kms", "get", "archived", "list", "expired", "key", "clock", "region"],
)
def test_a_refusal_is_one_answer_of_at_most_three_lines(
    bucket: Bucket,
    tmp_path: Path,
    on: str,
    fault: Callable[[Answer], Answer],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deliver(bucket, "a", ["1"])
    bucket.proxy.plan(on, fault, FOREVER)
    assert bucket.ingest(tmp_path) == code
    error = capsys.readouterr().err.split("error: ")[-1].splitlines()
    assert words in error[0]
    assert f"s3://{bucket.name}/exports" in error[1]
    assert len(error) <= 3
    assert not (tmp_path / "x.duckdb").exists()


def test_the_region_of_a_bucket_is_found_or_named(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1"])
    elsewhere = refuse(301, "PermanentRedirect", **{"x-amz-bucket-region": "eu-west-3"})
    bucket.proxy.plan(LIST, elsewhere, FOREVER)
    assert bucket.ingest(tmp_path) == 4
    assert "AWS_DEFAULT_REGION=eu-west-3" in capsys.readouterr().err
    bucket.proxy.faults.clear()
    bucket.proxy.plan(LIST, elsewhere)
    assert bucket.ingest(tmp_path) == 0
    bucket.proxy.plan(LIST, refuse(301, "PermanentRedirect"))
    assert bucket.ingest(tmp_path) == 0
    assert bucket.proxy.count("HEAD ") == 2  # the manifest, and then the bucket for its region


def test_a_bucket_that_does_not_exist_and_a_prefix_without_objects_are_2(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--db", str(tmp_path / "x.duckdb")]
    assert main(["ingest", f"s3://{bucket.name}-not/exports", *words]) == 2
    assert "there is no such bucket" in capsys.readouterr().err
    assert bucket.ingest(tmp_path, below="nowhere") == 2
    assert "nothing lies below this address" in capsys.readouterr().err
    assert main(["ingest", f"s3://{bucket.name}/bill.csv.gz", *words]) == 2
    assert "there is no such object" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["s3:", "s3://", "s3:///exports", "s3://a_/x", "s3:/bills/x", "S3://bills/x"])
def test_an_address_of_another_form_is_2(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", address]) == 2
    assert "s3://BUCKET/FOLDER" in capsys.readouterr().err


def test_a_manifest_is_no_export(bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(bucket, "a", ["1"])
    folder = Report().folder
    assert bucket.ingest(tmp_path, below=f"{folder}/acme-Manifest.json") == 2
    assert f"try: finops ingest s3://{bucket.name}/{folder}" in capsys.readouterr().err


def test_without_credentials_nothing_is_asked(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert bucket.ingest(tmp_path) == 4
    assert "no AWS credentials were found" in capsys.readouterr().err
    assert bucket.proxy.seen == []


def test_a_profile_that_does_not_exist_is_2(bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bucket.ingest(tmp_path, "--profile", "nobody") == 2
    assert "there is no such AWS profile" in capsys.readouterr().err


def test_a_profile_is_used(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(bucket, "a", ["1"])
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    credentials = tmp_path / "credentials"
    credentials.write_text("[billing]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    assert bucket.ingest(tmp_path, "--profile", "billing") == 0


def test_a_disk_that_is_too_small_is_4_before_anything_is_fetched(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(bucket, "a", ["1"])
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10_000, 9_000, 1_000))
    assert bucket.ingest(tmp_path) == 4
    error = capsys.readouterr().err
    assert "the disk is too small: " in error
    assert "1,000 free" in error
    assert bucket.proxy.count(DATA) == 0


def test_a_database_that_cannot_be_written_is_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.tiny_export import write_export

    (tmp_path / "file").touch()
    assert main(["ingest", str(write_export(tmp_path)), "--db", str(tmp_path / "file" / "x.duckdb")]) == 4
    assert "no database can be written here" in capsys.readouterr().err
