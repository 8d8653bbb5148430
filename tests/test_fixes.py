"""Fixes are files that do what they say: run, parsed or held against their documented structure."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import hcl2
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from finops.cli import main
from finops.config import TagPolicy, ValueRule, parse_settings
from finops.gaps.arns import arn_of
from finops.gaps.fixable import Fixable, Untagged, fixable
from finops.output.fixes import as_cli, as_scp, as_tag_editor, as_tag_policy, as_terraform
from finops.tag_gaps import tag_gaps
from tests.aws_stand_in import install
from tests.gap_ledger import SETTINGS, ingest, line, opened

ACCOUNT = "123456789012"  # that of the server's credentials
HOSTILE = "a'; touch /tmp/x; '$(id)`id`\n\"${x} %{y} =1+1"
POLICY = TagPolicy(
    required=("Project", "Environment", "Owner", "CostCenter"),
    values={
        "Environment": ValueRule(allowed=("dev", "prod")),
        "CostCenter": ValueRule(pattern="CC-[A-Z]+-[0-9]{3}"),
        "Owner": ValueRule(pattern="teams?-.*"),
    },
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-2",
        "PATH": f"{install(tmp_path / 'bin')}:{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        yield endpoint
    finally:
        _reset(endpoint)
        server.stop()


def _reset(endpoint: str) -> None:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10).close()


def table(name: str, **tags: str) -> str:
    found = boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    return str(found["TableDescription"]["TableArn"])


def tags_of(arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in boto3.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]}


def run(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(script)], check=False, capture_output=True, text=True)


def test_the_script_closes_exactly_the_gaps_whose_value_is_known(aws: str, tmp_path: Path) -> None:
    good = {"Environment": "prod", "Owner": "web", "CostCenter": "CC-1", "Project": "p"}
    tables = {
        "wrong-key": {**{k: v for k, v in good.items() if k != "CostCenter"}, "CostCentre": "CC-1"},
        "wrong-value": {**good, "Environment": "prodd"},
        "missing": {k: v for k, v in good.items() if k != "Owner"},
        "right": good,
    }
    arns = {name: table(name, **tags) for name, tags in tables.items()}
    lines = [line(arns[name], account=ACCOUNT, **tags) for name, tags in tables.items()]
    database = ingest(tmp_path, lines)
    settings = tmp_path / "finops.toml"
    settings.write_text(SETTINGS)
    words = [
        "tag-gaps",
        "--db",
        str(database),
        "--config",
        str(settings),
        "--fix",
        "cli",
        "--out",
        str(tmp_path / "fixes"),
    ]
    assert main(words) == 0
    assert tags_of(arns["wrong-value"])["Environment"] == "prodd", "writing a fix changes nothing"

    script = tmp_path / "fixes" / "cli" / f"tag-resources-{ACCOUNT}.sh"
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert {name: tags_of(arn) for name, arn in arns.items()} == {
        "wrong-key": good,
        "wrong-value": good,
        "missing": tables["missing"],
        "right": good,
    }
    assert f"# {arns['missing']} in us-east-2: Owner" in script.read_text()


def test_live_tells_what_is_fixed_in_aws_and_only_not_on_the_bill_yet(
    aws: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"Environment": "prod", "Owner": "web", "CostCenter": "CC-1", "Project": "p"}
    billed = {key: value for key, value in good.items() if key != "Owner"}
    arns = {"fixed": table("fixed", **good), "open": table("open", **billed), "wrong": table("wrong", **billed)}
    elsewhere = "arn:aws:dynamodb:us-east-2:000000000030:table/elsewhere"
    lines = [line(arn, account=ACCOUNT, **billed) for arn in arns.values()]
    lines += [line(elsewhere, **billed), line("i-1", account=ACCOUNT, **good)]
    settings = tmp_path / "finops.toml"
    settings.write_text(SETTINGS)
    capsys.readouterr()
    database = ingest(tmp_path, lines)
    assert main(["tag-gaps", "--db", str(database), "--config", str(settings), "--live", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(
        document, json.loads((Path(__file__).parent.parent / "docs/schema/output.schema.json").read_text())
    )
    assert {row["resource_id"]: row["live"] for row in document["totals"]["live"]} == {
        arns["fixed"]: "fixed",
        arns["open"]: "open",
        arns["wrong"]: "open",
        elsewhere: "not checked",
    }


def test_live_without_credentials_says_that_it_could_not_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    settings = tmp_path / "finops.toml"
    settings.write_text(SETTINGS)
    assert main(["tag-gaps", "--db", str(ingest(tmp_path)), "--config", str(settings), "--live"]) == 4
    assert "no AWS credentials were found" in capsys.readouterr().err


def test_the_script_stops_with_credentials_of_another_account(aws: str, tmp_path: Path) -> None:
    one = Untagged(
        "000000000001", "us-east-2", "AmazonDynamoDB", "t", "arn:aws:dynamodb:us-east-2:1:table/t", tags={"Owner": "x"}
    )
    ((name, text),) = as_cli.files(Fixable((one,), {}), POLICY)
    script = tmp_path / "fix.sh"
    script.write_text(text)
    assert name == "cli/tag-resources-000000000001.sh"
    done = run(script)
    assert (done.returncode, done.stderr) == (1, f"these are credentials of account {ACCOUNT}, not of 000000000001\n")


def test_a_command_has_at_most_twenty_arns_and_none_is_lost() -> None:
    resources = tuple(resource(f"vol-{number:04}", tags={"Owner": "web"}) for number in range(45))
    ((_, text),) = as_cli.files(Fixable(resources, {}), POLICY)
    commands = [words for words in map(shlex.split, _commands(text)) if "tag-resources" in words]
    found = [[word for word in words if word.startswith("arn:")] for words in commands]
    assert [len(arns) for arns in found] == [20, 20, 5]
    assert {arn for arns in found for arn in arns} == {one.arn for one in resources}


def resource(name: str, account: str = ACCOUNT, region: str = "us-east-2", **values: object) -> Untagged:
    arn = arn_of(name, "AmazonEC2", account, region)
    return Untagged(account, region, "AmazonEC2", name, arn, **values)  # type: ignore[arg-type]


def _commands(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("aws ")]


@given(st.text(min_size=1, max_size=30) | st.just(HOSTILE))
def test_whatever_stands_in_a_bill_stays_one_word_of_a_command(value: str) -> None:
    one = resource("vol-1", tags={"Owner": value}, open_tags=(value,))
    ((_, text),) = as_cli.files(Fixable((one,), {}), POLICY)
    _, _, rest = text.partition("aws resourcegroupstaggingapi")
    assert json.loads(shlex.split(rest.partition("\n# Left")[0])[-1]) == {"Owner": value}
    assert all(line.startswith("#") for line in text.partition("\n# Left")[2].splitlines()[1:] if line)


def test_keys_that_are_in_no_export_are_activated_by_the_payer() -> None:
    files = dict(as_cli.files(Fixable((), {"000000000001": ("Project", "it's")}), POLICY))
    (command,) = _commands(files["cli/activate-tags-000000000001.sh"])
    assert json.loads(shlex.split(command)[-1]) == [
        {"TagKey": "Project", "Status": "Active"},
        {"TagKey": "it's", "Status": "Active"},
    ]


def test_the_table_for_the_tag_editor_runs_no_formula() -> None:
    ((_, text),) = as_tag_editor.files(Fixable((resource("vol-1", tags={"Owner": "=1+1"}),), {}), POLICY)
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Tag: Owner"], row["ARN"]) == ("'=1+1", f"arn:aws:ec2:us-east-2:{ACCOUNT}:volume/vol-1")


def test_terraform_sets_what_the_account_tells_for_all_of_it_and_the_rest_one_by_one() -> None:
    by_account = {"tags": {"Environment": "prod", "Owner": HOSTILE}, "by_account": ("Environment",)}
    bucket = Untagged(ACCOUNT, "us-east-2", "AmazonS3", "logs", "arn:aws:s3:::logs", **by_account)  # type: ignore[arg-type]
    ((name, text),) = as_terraform.files(Fixable((resource("vol-1", **by_account), bucket), {}), POLICY)
    document = hcl2.loads(text)
    assert name == f"terraform/tags-{ACCOUNT}.tf"
    written = json.dumps(document)
    assert written.count("aws_ec2_tag") == 1
    assert [part for part in ("default_tags", "$${x}", "%%{y}") if part not in written] == []
    assert written.count("Environment") == 1


def test_terraform_gives_an_account_no_default_that_only_some_resources_showed() -> None:
    pair = tuple(resource(f"vol-{n}", tags={"CostCenter": "CC-1"}) for n in (1, 2))
    ((_, text),) = as_terraform.files(Fixable(pair, {}), POLICY)
    assert "default_tags" not in text
    assert text.count('resource "aws_ec2_tag"') == 2


def test_the_tag_policy_has_the_documented_structure() -> None:
    ((_, text),) = as_tag_policy.files(Fixable((), {}), POLICY)
    tags = json.loads(text)["tags"]
    assert list(tags) == ["Project", "Environment", "Owner", "CostCenter"]
    for tag, held in tags.items():
        assert held["tag_key"] == {"@@assign": tag}
        assert set(held) <= {"tag_key", "tag_value", "enforced_for", "report_required_tag_for"}
        assert all(value.count("*") == value.endswith("*") for value in held.get("tag_value", {}).get("@@assign", ()))
    assert tags["Environment"]["tag_value"] == {"@@assign": ["dev", "prod"]}
    assert tags["CostCenter"]["tag_value"] == {"@@assign": ["CC-*"]}
    assert tags["Owner"]["tag_value"] == {"@@assign": ["team*"]}


def test_the_service_control_policy_denies_each_missing_tag_by_itself() -> None:
    ((name, text),) = as_scp.files(Fixable((), {}), POLICY)
    statements = json.loads(text)["Statement"]
    assert name == "scp.json"
    assert [one["Condition"] for one in statements] == [
        {"Null": {f"aws:RequestTag/{tag}": "true"}} for tag in POLICY.required
    ]
    assert len({one["Sid"] for one in statements}) == len(statements)
    for one in statements:
        assert one["Effect"] == "Deny"
        assert re.fullmatch("[A-Za-z0-9]+", one["Sid"])
        assert "*" not in one["Resource"]
        # Both are asked about things that have no request tags: their creation would always be denied.
        assert not [arn for arn in one["Resource"] if ":image/" in arn or ":subnet/" in arn or ":snapshot/" in arn]


@given(st.lists(st.text("abcXYZ09", min_size=1, max_size=60), min_size=1, max_size=50, unique=True))
def test_no_service_control_policy_is_longer_than_aws_takes_and_no_tag_is_left_out(tags: list[str]) -> None:
    files = list(as_scp.files(Fixable((), {}), TagPolicy(required=tuple(tags))))
    assert all(len(text) <= as_scp.MOST_CHARACTERS for _, text in files)
    statements = [one for _, text in files for one in json.loads(text)["Statement"]]
    assert [list(one["Condition"]["Null"]) for one in statements] == [[f"aws:RequestTag/{tag}"] for tag in tags]


@pytest.mark.parametrize(
    ("resource_id", "service", "region", "arn"),
    [
        ("i-1", "AmazonEC2", "us-east-2", "arn:aws:ec2:us-east-2:1:instance/i-1"),
        ("vol-1", "AmazonEC2", "cn-north-1", "arn:aws-cn:ec2:cn-north-1:1:volume/vol-1"),
        ("logs", "AmazonS3", "(none)", "arn:aws:s3:::logs"),
        ("arn:aws:rds:x", "AmazonRDS", "us-east-2", "arn:aws:rds:x"),
        ("i-1", "AmazonEC2", "(none)", None),
        ("something", "AmazonEC2", "us-east-2", None),
    ],
)
def test_an_arn_is_told_from_the_id_or_not_at_all(resource_id: str, service: str, region: str, arn: str | None) -> None:
    assert arn_of(resource_id, service, "1", region) == arn


def test_what_the_newest_days_no_longer_show_and_what_is_suppressed_is_not_fixed(tmp_path: Path) -> None:
    lines = [
        line("i-old", 1, Owner="web"),
        line("i-new", 20, Owner="web"),
        line("i-accepted", 20, Owner="web"),
        line("i-right", 20, Environment="prod", Owner="web", CostCenter="C", Project="p"),
    ]
    accepted = '[[suppress]]\nrule = "untagged_spend"\nwhere = { resource = "i-accepted" }\nreason = "known"\n'
    with opened(ingest(tmp_path, lines), SETTINGS + accepted) as ledger:
        tag_gaps(ledger)
        assert [one.resource_id for one in fixable(ledger).resources] == ["i-new"]


def test_the_folder_says_what_each_file_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "finops.toml"
    settings.write_text(SETTINGS)
    out = tmp_path / "fixes"
    kinds = "cli,csv,terraform,tag-policy,scp"
    words = ["tag-gaps", "--db", str(ingest(tmp_path)), "--config", str(settings), "--fix", kinds, "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr().err
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        f"cli/tag-resources-{'000000000030'}.sh",
        "tag-editor.csv",
        "tag-policy.json",
        "scp.json",
        "README.md",
    } <= files
    assert all(str(out / name) in said for name in files)
    assert "nothing was executed" in (out / "README.md").read_text()


def test_an_unknown_fix_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag-gaps", "--fix", "magic"]) == 2
    assert "one of cli, csv, terraform, tag-policy, scp" in capsys.readouterr().err


def test_the_settings_of_the_profiles_make_policies() -> None:
    from finops.init.profiles import PROFILES

    for profile in PROFILES.values():
        assert list(as_scp.files(Fixable((), {}), profile.policy))
        assert parse_settings("[tags]\nrequired = []").tags.required == ()
