"""Addresses of the form s3://bucket/prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finops.errors import UsageError

_FORM = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:/(?P<key>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """A bucket and a key or a prefix in it, exactly as typed: two slashes in a row mean two."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def prefix(self) -> str:
        """What the keys below it start with: `exports/acme` does not mean `exports/acme-old`."""
        return self.key if self.key.endswith("/") or not self.key else f"{self.key}/"


def is_address(text: str) -> bool:
    """Whether a word of the command line means S3 and not a folder."""
    return text.lower().startswith("s3:")


def parse_address(text: str) -> Address:
    """The address in the text. Raises UsageError when it has another form."""
    found = _FORM.fullmatch(text)
    if not found:
        raise UsageError("this is no address of a bucket", text, "s3://BUCKET/FOLDER")
    return Address(found["bucket"], found["key"] or "")
