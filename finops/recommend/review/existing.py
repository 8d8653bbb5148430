"""What S3 says of lifecycle today: saved answers of get-bucket-lifecycle-configuration, one file for each bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finops.errors import UsageError

Answer = Mapping[str, Any]
_OPTION = "--existing"
# The members of the answer that the AWS CLI writes.
_KNOWN = {"Rules", "TransitionDefaultMinimumObjectSize"}


def read_existing(path: Path) -> dict[str, Answer]:
    """By bucket what it has: `path` is BUCKET.json, or a folder of such files.

    Raises UsageError for what is no such answer, an empty file among them: it may be the leftover of a call that was
    denied, and a bucket nobody could look into is not one without rules.
    """
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.suffix == ".json")
        if not files:
            raise UsageError("the folder holds no BUCKET.json", str(path), _how("BUCKET"))
        return {one.stem: _answer(one) for one in files}
    return {path.stem: _answer(path)}


def _answer(path: Path) -> Answer:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{_OPTION} cannot be read: {reason.lower()}", str(path), _how(path.stem)) from error
    if not text.strip():
        what = "the file is empty: the call failed, or the bucket has no lifecycle"
        raise UsageError(what, str(path), 'write {"Rules": []} only if S3 said NoSuchLifecycleConfiguration')
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise UsageError("this is no JSON", str(path), _how(path.stem)) from error
    _require(isinstance(answer, dict) and isinstance(answer.get("Rules"), list), path)
    _require(set(answer) <= _KNOWN and all(isinstance(rule, dict) for rule in answer["Rules"]), path)
    return dict(answer)


def _require(holds: bool, path: Path) -> None:
    if not holds:
        raise UsageError("this is no answer of get-bucket-lifecycle-configuration", str(path), _how(path.stem))


def _how(bucket: str) -> str:
    return f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket} > {bucket}.json"
