"""Whether a file holds the bytes that S3 has: by its size, and by whatever S3 says about its content."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from finops.aws import object_errors
from finops.ingest.listing import Entry
from finops.ingest.s3.address import parse_address

_BLOCK = 1 << 20
# The ETag is the MD5 of the content, but for objects that came in parts or that are encrypted with a key of KMS.
_PLAIN_ETAG = re.compile(r'"?([0-9a-f]{32})"?')
_ENCRYPTED_ETAG = ("aws:kms", "aws:kms:dsse")


def is_intact(client: Any, entry: Entry, path: Path, answer: Mapping[str, Any]) -> bool:
    """Whether the file is the object. `answer` is that of the GetObject which brought all of it or its end.

    What came in one piece botocore has held against S3's checksum on its way; what was resumed is checked here.
    """
    if path.stat().st_size != entry.size:
        return False
    etag = _PLAIN_ETAG.fullmatch(entry.etag)
    if etag and _hashed("md5", path) == bytes.fromhex(etag[1]):
        return True
    whole = bool(answer) and "ContentRange" not in answer
    told = answer if whole else _head(client, entry)
    if etag and told.get("ServerSideEncryption") not in _ENCRYPTED_ETAG and "SSECustomerAlgorithm" not in told:
        return False
    return whole or _fits_checksums(path, told)


def _head(client: Any, entry: Entry) -> Mapping[str, Any]:
    address = parse_address(entry.address)
    with object_errors(entry.address):
        told: Mapping[str, Any] = client.head_object(
            Bucket=address.bucket, Key=address.key, IfMatch=entry.etag, ChecksumMode="ENABLED"
        )
    return told


def _fits_checksums(path: Path, told: Mapping[str, Any]) -> bool:
    # A checksum of checksums, as large uploads have, says nothing about the file as a whole.
    promised = {name: told[name] for name in _DIGESTS if name in told and "-" not in told[name]}
    return all(_DIGESTS[name](path) == base64.b64decode(text) for name, text in promised.items())


def _hashed(name: str, path: Path) -> bytes:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.new(name, usedforsecurity=False)).digest()


def _crc32(path: Path) -> bytes:
    total = 0
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            total = zlib.crc32(block, total)
    return total.to_bytes(4, "big")


# Field of an answer of S3 -> how to compute it. Without a library of AWS's own there is no CRC64NVME.
_DIGESTS: Mapping[str, Callable[[Path], bytes]] = {
    "ChecksumSHA256": partial(_hashed, "sha256"),
    "ChecksumSHA1": partial(_hashed, "sha1"),
    "ChecksumCRC32": _crc32,
}
