"""The door to AWS lets nothing out that writes, counts what leaves, and says what AWS refuses."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest

import finops
from finops.aws import Door, aws_error, iam_policy, known_calls, open_door
from finops.errors import ConfigError, EngineError, FinopsError, UsageError

READING = ("Get", "List", "Describe", "Head", "View", "Search", "Query", "Decrypt")


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return open_door()


def test_every_known_call_only_reads():
    from botocore.session import Session

    session = Session()
    for call in known_calls().values():
        assert call.operation.startswith(READING)
        if call.service != "kms":
            assert call.operation in session.get_service_model(call.service).operation_names


def test_nothing_but_the_door_imports_boto3():
    source = Path(finops.__file__).parent
    importing = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
        if name.partition(".")[0] in ("boto3", "botocore", "s3transfer")
    }
    assert importing == {"aws"}


@pytest.mark.parametrize(("service", "operation"), [("s3", "put_object"), ("s3", "list_buckets"), ("ce", "get_tags")])
def test_a_call_that_is_not_listed_never_leaves(door: Door, service: str, operation: str):
    with pytest.raises(FinopsError, match="finops does not call"):
        getattr(door.client(service), operation)()
    assert not door.calls.made


def test_every_attempt_counts_and_the_limit_stops_the_next(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    door.calls.limits["ce"] = 3
    with pytest.raises(EngineError, match="stopped before request 4 to ce: 3 is the limit"):
        door.client("ce").list_cost_allocation_tags()
    assert door.calls.count("ce") == 3
    assert door.calls.price() == Decimal("0.03")


def test_the_policy_allows_every_call_and_nothing_else():
    allowed = {action for statement in iam_policy("bills", "exports/")["Statement"] for action in statement["Action"]}
    assert allowed == {call.action for call in known_calls().values() if call.action}


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(ConfigError, match="there is no such AWS profile"):
        open_door("nowhere")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("ExpiredToken", EngineError, "expired"),
        ("NoSuchBucket", UsageError, "no such bucket"),
        ("AccessDenied", EngineError, "access denied: s3:GetObject"),
        ("RequestTimeTooSkewed", EngineError, "clock"),
        ("Teapot", EngineError, "AWS refused: Teapot"),
    ],
)
def test_refusals_are_told_in_words(code: str, kind: type[FinopsError], words: str):
    from botocore.exceptions import ClientError

    told = aws_error(ClientError({"Error": {"Code": code, "Message": "short"}}, "GetObject"), "s3://bills")
    assert isinstance(told, kind)
    assert words in told.what
    assert told.where == "s3://bills"
