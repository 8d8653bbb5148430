"""What AWS refuses, in words: what is wrong, where, and what to try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from finops.errors import ConfigError, EngineError, FinopsError, UsageError

_LOG_IN = "log in again: aws sso login, or new keys in the environment"
_REGION = "AWS_DEFAULT_REGION=REGION in the environment"
_RETRY = "try again later; what was loaded is unchanged"

# Error code of a service -> what it means and what to try.
_BY_CODE: Mapping[str, tuple[type[FinopsError], str, str]] = {
    "ExpiredToken": (EngineError, "the credentials have expired", _LOG_IN),
    "ExpiredTokenException": (EngineError, "the credentials have expired", _LOG_IN),
    "RequestExpired": (EngineError, "the credentials have expired, or the clock is wrong", _LOG_IN),
    "TokenRefreshRequired": (EngineError, "the credentials have expired", _LOG_IN),
    "InvalidAccessKeyId": (EngineError, "AWS does not know this access key", "aws sts get-caller-identity"),
    "InvalidClientTokenId": (EngineError, "AWS does not know this access key", "aws sts get-caller-identity"),
    "UnrecognizedClientException": (EngineError, "AWS does not know this access key", "aws sts get-caller-identity"),
    "SignatureDoesNotMatch": (EngineError, "the secret key does not fit the access key", "aws configure"),
    "RequestTimeTooSkewed": (EngineError, "this machine's clock is wrong by more than 15 minutes", "set the clock"),
    "NoSuchBucket": (UsageError, "there is no such bucket", "check the name: s3://BUCKET/PREFIX"),
    "InvalidBucketName": (UsageError, "this is no name of a bucket", "s3://BUCKET/PREFIX"),
    "PermanentRedirect": (EngineError, "the bucket is in another region", _REGION),
    "AuthorizationHeaderMalformed": (EngineError, "the bucket is in another region", _REGION),
    "IllegalLocationConstraintException": (EngineError, "the bucket is in another region", _REGION),
    "NoSuchKey": (EngineError, "the file is gone", "run again: the delivery was replaced meanwhile"),
    "InvalidObjectState": (EngineError, "the file is archived", "aws s3api restore-object, or a later --since"),
    "SlowDown": (EngineError, "S3 asks to slow down", _RETRY),
    "LimitExceededException": (EngineError, "AWS limits the rate of requests", _RETRY),
    "ThrottlingException": (EngineError, "AWS limits the rate of requests", _RETRY),
    "DataUnavailableException": (
        EngineError,
        "Cost Explorer has no data yet",
        "enable it in the console and wait a day",
    ),
    "BillExpirationException": (UsageError, "Cost Explorer no longer holds these days", "ask for fewer --days"),
    "InvalidNextTokenException": (EngineError, "Cost Explorer refuses its own page token", _RETRY),
    "RequestChangedException": (EngineError, "Cost Explorer refuses its own page token", _RETRY),
}
# Exceptions of botocore itself, before any service answers.
_BY_KIND: Mapping[str, tuple[type[FinopsError], str, str]] = {
    "NoCredentialsError": (EngineError, "no AWS credentials were found", "aws sso login, or AWS_PROFILE=NAME"),
    "PartialCredentialsError": (EngineError, "the AWS credentials are incomplete", "aws configure"),
    "CredentialRetrievalError": (EngineError, "the AWS credentials cannot be had", _LOG_IN),
    "ProfileNotFound": (ConfigError, "there is no such AWS profile", "aws configure list-profiles"),
    "SSOTokenLoadError": (EngineError, "the SSO session has ended", "aws sso login"),
    "UnauthorizedSSOTokenError": (EngineError, "the SSO session has ended", "aws sso login"),
    "TokenRetrievalError": (EngineError, "the SSO session has ended", "aws sso login"),
    "EndpointConnectionError": (EngineError, "AWS cannot be reached", "check the network and the region"),
    "ConnectTimeoutError": (EngineError, "AWS does not answer", "check the network and the proxy"),
    "ReadTimeoutError": (EngineError, "AWS stopped answering", _RETRY),
    "ConnectionClosedError": (EngineError, "the connection broke", _RETRY),
    "ResponseStreamingError": (EngineError, "the connection broke", _RETRY),
    "IncompleteReadError": (EngineError, "the connection broke", _RETRY),
    "SSLError": (EngineError, "the connection is not trusted", "check the proxy's certificate: AWS_CA_BUNDLE"),
    "ProxyConnectionError": (EngineError, "the proxy cannot be reached", "check HTTPS_PROXY"),
    "ParamValidationError": (UsageError, "AWS does not accept this request", "check the names given"),
    "InvalidRegionError": (ConfigError, "this is no region", "AWS_DEFAULT_REGION=us-east-1"),
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation", "403", "Forbidden"}


class BrokenOff(EngineError):
    """An answer ended before all of it was here."""


def broken_off(where: str) -> BrokenOff:
    """The error in case that no further attempt helps."""
    return BrokenOff("the connection broke", where, _RETRY)


@contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """What AWS refuses inside becomes a FinopsError that names `where`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise aws_error(error, where) from error


def aws_error(error: Exception, where: str) -> FinopsError:
    """The error of a botocore client in the words a person gets."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    detail = response.get("Error", {})
    code, message = str(detail.get("Code", "")), str(detail.get("Message", ""))
    if code in _DENIED or is_denied(error):
        return _denied(error, message, where)
    known = _BY_CODE.get(code) or next(
        (_BY_KIND[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _BY_KIND), None
    )
    if known:
        kind, what, fix = known
        return kind(what, where, fix.replace("=REGION", f"={_region(response)}"))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if isinstance(status, int) and status >= 500:
        return EngineError(f"AWS failed ({status} {code})", where, _RETRY)
    return EngineError(f"AWS refused: {code or type(error).__name__}: {message or error}"[:200], where)


def _region(response: Mapping[str, Any]) -> str:
    """Where a bucket is, as S3 says when it is asked in another region."""
    headers: Mapping[str, str] = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get("x-amz-bucket-region") or str(response.get("Error", {}).get("Region", "REGION"))


def is_denied(error: Exception) -> bool:
    """Whether a call was refused for lack of a permission: then nothing was checked."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", "")) in _DENIED


def _denied(error: Exception, message: str, where: str) -> FinopsError:
    from finops.aws.permissions import known_calls

    operation = str(getattr(error, "operation_name", ""))
    if "kms" in message.lower():
        return EngineError(
            "the files are encrypted with a key you may not use", where, "ask for kms:Decrypt on the key"
        )
    action = next((call.action for call in known_calls().values() if call.operation == operation), operation)
    return EngineError(f"access denied: {action or operation}", where, "finops doctor --iam-policy shows what to allow")
