"""The door to AWS lets nothing out that writes, counts what leaves, and says what AWS refuses."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path

import pytest

import finops
from finops.aws import Door, aws_error, iam_policy, known_calls, open_door
from finops.errors import ConfigError, EngineError, FinopsError, UsageError
from tests.iam import allows

KEY = "arn:aws:kms:eu-west-1:000000000001:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONTEXT = "kms:EncryptionContext:aws:s3:arn"
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


@pytest.mark.parametrize("words", [(), ("bills",), ("bills", "exports/acme/"), ("bills", "exports", KEY)], ids=str)
def test_the_policy_follows_the_grammar_of_iam(words: tuple[str, ...]):
    policy = iam_policy(*words)
    assert list(policy) == ["Version", "Statement"]
    assert policy["Version"] == "2012-10-17"
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
    for statement in policy["Statement"]:
        assert set(statement) - {"Condition"} == {"Sid", "Effect", "Action", "Resource"}
        assert re.fullmatch("[A-Za-z0-9]+", statement["Sid"])
        assert statement["Effect"] == "Allow"
        assert statement["Action"]
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in statement["Action"])
        assert re.fullmatch(r"\*|arn:aws:(s3:::[a-zA-Z.-]+(/\S*)?|kms:\S+)", statement["Resource"])
        for operator, keys in statement.get("Condition", {}).items():
            assert operator == "StringLike"
            assert set(keys) <= {"s3:prefix", "kms:ViaService", "kms:EncryptionContext:aws:s3:arn"}
            assert all(isinstance(values, str | list) and values for values in keys.values())


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (("s3:ListBucket", "arn:aws:s3:::bills", {"s3:prefix": "exports/"}), True),
        (("s3:ListBucket", "arn:aws:s3:::bills", {"s3:prefix": "exports/acme/data/"}), True),
        (("s3:ListBucket", "arn:aws:s3:::bills", {"s3:prefix": "exports"}), True),
        (("s3:ListBucket", "arn:aws:s3:::bills", {"s3:prefix": "exports-of-others/"}), False),
        (("s3:ListBucket", "arn:aws:s3:::bills", {}), False),
        (("s3:ListBucket", "arn:aws:s3:::others", {"s3:prefix": "exports/"}), False),
        (("s3:GetObject", "arn:aws:s3:::bills/exports/acme/1.parquet", {}), True),
        (("s3:GetObject", "arn:aws:s3:::bills/secrets", {}), False),
        (("s3:GetBucketVersioning", "arn:aws:s3:::bills", {}), True),
        (("kms:Decrypt", KEY, {"kms:ViaService": "s3.eu-west-1.amazonaws.com", CONTEXT: "arn:aws:s3:::bills"}), True),
        (("kms:Decrypt", KEY, {"kms:ViaService": "s3.eu-west-1.amazonaws.com", CONTEXT: "arn:aws:s3:::other"}), False),
        (("kms:Decrypt", KEY, {}), False),
        (("kms:Decrypt", f"{KEY}0", {"kms:ViaService": "s3.a.amazonaws.com", CONTEXT: "arn:aws:s3:::bills"}), False),
        (("s3:PutObject", "arn:aws:s3:::bills/exports/acme/1.parquet", {}), False),
        (("ce:UpdateCostAllocationTagsStatus", "*", {}), False),
    ],
    ids=str,
)
def test_the_policy_allows_what_lies_in_the_folder_and_no_more(asked: tuple[str, str, dict[str, str]], allowed: bool):
    assert allows(iam_policy("bills", "exports", KEY), *asked) is allowed


def test_a_folder_with_a_wildcard_in_its_name_widens_nothing():
    assert not allows(iam_policy("bills", "a*"), "s3:GetObject", "arn:aws:s3:::bills/abc/1")
    assert iam_policy("bills", "a*")["Statement"][2]["Resource"] == "arn:aws:s3:::bills/a${*}/*"


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
