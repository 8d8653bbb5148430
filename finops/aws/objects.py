"""Reading an object of S3: what may happen to it on the way, told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from finops.aws.refusals import aws_errors, broken_off
from finops.errors import DataError

_CHUNK = 256 << 10
_ANOTHER = {"PreconditionFailed", "412", "NoSuchKey", "NoSuchVersion", "404"}


class Replaced(DataError):
    """An object is not there, or not the one that was listed: its delivery may have been replaced while it was read."""


class WrongBytes(Exception):
    """The bytes of an object do not fit the checksum that came with them."""


@contextmanager
def object_errors(address: str) -> Iterator[None]:
    """What S3 refuses inside, in words; `Replaced` where the object is gone or is another one."""
    from botocore.exceptions import ClientError

    with aws_errors(address):
        try:
            yield
        except ClientError as error:
            response: Mapping[str, Any] = error.response
            if response.get("Error", {}).get("Code") not in _ANOTHER:
                raise
            what = "the delivery was replaced while it was read"
            raise Replaced(what, address, "run again when AWS has delivered it") from error


def chunks(answer: Mapping[str, Any], address: str) -> Iterator[bytes]:
    """The bytes of an answer to GetObject, piece by piece. Raises `BrokenOff` or `WrongBytes`."""
    from botocore.exceptions import BotoCoreError, FlexibleChecksumError
    from urllib3.exceptions import HTTPError

    try:
        with closing(answer["Body"]) as body:
            while chunk := body.read(_CHUNK):
                yield chunk
    except FlexibleChecksumError as error:
        raise WrongBytes from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise broken_off(address) from error
