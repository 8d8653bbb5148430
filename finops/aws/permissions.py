"""Every call finops can make to AWS, from calls.csv, and the least policy that allows them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

Resource = Literal["", "*", "bucket", "objects", "key"]


@dataclass(frozen=True)
class Call:
    """One read-only call: its names in botocore and in IAM, and its price per request in USD.

    `action` is empty where IAM asks for no permission, `resource` says what a policy limits it to.
    """

    service: str
    operation: str
    action: str
    resource: Resource
    price: Decimal
    used_for: str


@cache
def known_calls() -> dict[tuple[str, str], Call]:
    """The calls that may be made, by service and operation."""
    with Path(__file__).with_name("calls.csv").open(newline="", encoding="utf-8") as handle:
        calls = [Call(**{**row, "price": Decimal(row["price"])}) for row in csv.DictReader(handle)]  # type: ignore[arg-type]
    return {(call.service, call.operation): call for call in calls}


def iam_policy(bucket: str = "BUCKET", folder: str = "FOLDER", key: str | None = None) -> dict[str, Any]:
    """The least-privilege IAM policy document for everything finops can ask.

    `bucket` and `folder` say where the exports lie (a blank folder is the whole bucket), `key` is the ARN of the KMS
    key that encrypts them. Without it every key may be used, but only by S3 and only for these files.
    """
    bucket_arn, inside = f"arn:aws:s3:::{bucket}", _escaped(folder.strip("/"))
    objects = f"{bucket_arn}/{inside}/*" if inside else f"{bucket_arn}/*"
    # Asking for a bucket's settings knows no prefix, so the condition is on listing alone.
    listed = {"StringLike": {"s3:prefix": [inside, f"{inside}/*"]}} if inside else None
    # S3 names the file it decrypts, or the bucket where that has a bucket key (S3 user guide, "Using SSE-KMS").
    decrypted = {"kms:ViaService": "s3.*.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": [bucket_arn, objects]}
    statements = [
        _statement("ListExportFiles", ["s3:ListBucket"], bucket_arn, listed),
        _statement("ReadBucketSettings", _actions("bucket", without="s3:ListBucket"), bucket_arn),
        _statement("ReadExportFiles", _actions("objects"), objects),
        _statement("DecryptExportFiles", _actions("key"), key or "*", {"StringLike": decrypted}),
        _statement("ReadBilling", _actions("*"), "*"),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _escaped(text: str) -> str:
    """What a policy takes for itself and not for a wildcard or a variable."""
    return "".join(f"${{{character}}}" if character in "*?$" else character for character in text)


def _actions(resource: Resource, without: str = "") -> list[str]:
    calls: Iterable[Call] = known_calls().values()
    return sorted({call.action for call in calls if call.resource == resource and call.action not in ("", without)})


def _statement(name: str, actions: list[str], resource: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement
