"""An examination of a whole company, with AWS on loopback: it only reads, and a refusal is never a pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finops.aws import iam_policy, known_calls
from finops.cli import main
from tests.aws_json_server import Received, Refusal, aws_server, writing
from tests.doctor_world import (
    BUCKET,
    CUR2,
    DENIED,
    FOLDER,
    GET,
    LIST,
    MANAGEMENT,
    OFFERED,
    SETUP,
    TAGS,
    World,
    export,
    healthy,
    legacy,
    look,
    moto,
    set_credentials,
    unwell,
    world,
)
from tests.iam import allows

__all__ = ["look", "moto", "world"]
PLACES = ("s3://bucket/acme", f"s3://{BUCKET}/{FOLDER}/{CUR2}")


# --- all is well -------------------------------------------------------------------------------


def test_a_company_that_is_set_up_well_has_nothing_to_do(look: Any) -> None:
    rows = look(0)
    assert {row["state"] for row in rows.values()} == {"ok"}
    assert {row["next_step"] for row in rows.values()} == {""}
    assert "000000000001" in rows["credentials", ""]["detail"]
    assert rows["bill", ""]["detail"] == "loaded from acme"


def test_an_examination_only_reads(world: World, look: Any) -> None:
    look(0)
    asked = {(call.service, call.operation) for call in world.aws.calls}
    assert {*healthy(), ("s3", "ListObjectsV2"), ("s3", "GetObject")} <= asked
    assert writing(world.aws.calls) == []


def test_its_policy_allows_every_call_of_an_examination(
    world: World, look: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"s3://{BUCKET}/{FOLDER}"
    look(0, place)
    assert main(["doctor", place, "--iam-policy"]) == 0
    policy = json.loads(capsys.readouterr().out)
    assert [call for call in world.aws.calls if not allowed(policy, call)] == []


def allowed(policy: dict[str, Any], call: Received) -> bool:
    known = known_calls()[call.service, call.operation]
    resource = {"bucket": f"arn:aws:s3:::{call.bucket}", "objects": f"arn:aws:s3:::{call.bucket}/{call.key}"}
    context = {"s3:prefix": call.prefix} if call.operation == "ListObjectsV2" else {}
    return not known.action or allows(policy, known.action, resource.get(known.resource, "*"), context)


def test_the_policy_is_all_that_is_printed_and_nothing_is_asked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--iam-policy"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == iam_policy()
    assert "BUCKET and FOLDER stand for" in printed.err
    assert world.aws.calls == []


def test_a_key_in_the_policy_is_an_arn_of_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--iam-policy", "--kms-key", "alias/bills"]) == 2
    assert capsys.readouterr().out == ""


def test_the_recording_server_would_notice_a_write(world: World) -> None:
    import boto3

    client = boto3.client("s3", region_name="us-east-1", endpoint_url=world.aws.url)
    client.put_object(Bucket=BUCKET, Key="elsewhere", Body=b"")
    client.delete_object(Bucket=BUCKET, Key="elsewhere")
    assert [call.operation.split()[0] for call in writing(world.aws.calls)] == ["PUT", "DELETE"]


def test_what_it_costs_is_said_before_and_after(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.doctor() == 0
    before, after = capsys.readouterr().err.splitlines()
    assert "2 requests to Cost Explorer, 0.02 USD" in before
    assert after == f"{len(world.aws.calls)} requests to AWS, 0.02 USD"


def test_free_asks_nothing_that_costs_and_says_what_is_left_out(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.doctor("--free", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert "ce" not in {call.service for call in world.aws.calls}
    assert "tags" not in {row["area"] for row in document["rows"]}
    assert [one["code"] for one in document["problems"]] == ["not_asked"]


def test_offline_asks_aws_nothing(world: World, look: Any) -> None:
    rows = look(0, "--offline")
    assert world.aws.calls == []
    assert {row["area"] for row in rows.values()} == {"this machine", "the ledger"}


def test_only_the_place_that_is_named_is_checked(world: World, look: Any) -> None:
    rows = look(0, f"s3://{BUCKET}/{FOLDER}/")
    assert {subject for _, subject in rows if subject.startswith("s3:")} == {
        f"s3://{BUCKET}/{FOLDER}",
        f"s3://{BUCKET}",
    }


# --- a refusal is no pass, and stops nothing else ----------------------------------------------

REFUSALS: dict[tuple[str, str], set[tuple[str, str]]] = {
    ("sts", "GetCallerIdentity"): {("credentials", ""), ("payer", "")},
    ("organizations", "DescribeOrganization"): {("payer", "")},
    ("cur", "DescribeReportDefinitions"): {("legacy reports", ""), ("bill", "")},
    ("bcm-data-exports", "ListExports"): {("Data Exports", "")},
    ("bcm-data-exports", "GetExport"): {(check, CUR2) for check in SETUP},
    ("bcm-data-exports", "GetTable"): {("columns", CUR2)},
    ("bcm-data-exports", "ListExecutions"): {("delivery", CUR2)},
    ("s3", "GetBucketLocation"): {("region", "s3://bucket"), ("region", f"s3://{BUCKET}")},
    ("s3", "GetBucketVersioning"): {("versioning", "s3://bucket"), ("versioning", f"s3://{BUCKET}")},
    ("s3", "ListObjectsV2"): {(check, place) for check in ("files listed", "files read") for place in PLACES},
    ("s3", "GetObject"): {("files read", place) for place in PLACES},
    ("ce", "ListCostAllocationTags"): {("tag", "Environment"), ("tag", "Owner")},
    ("ce", "ListCostAllocationTagBackfillHistory"): {("backfill", "")},
}


@pytest.mark.parametrize("call", list(REFUSALS), ids=":".join)
def test_a_denied_call_could_not_be_checked_and_all_else_is(call: tuple[str, str], world: World, look: Any) -> None:
    world.aws.answers[call] = Refusal("AccessDenied", status=403) if call[0] in ("s3", "sts") else DENIED
    rows = look(4)
    assert unwell(rows, "could not check") == REFUSALS[call] | {("denied calls", "")}
    assert "--iam-policy" in rows["denied calls", ""]["next_step"]


def test_that_there_is_no_export_is_not_said_of_exports_that_were_not_listed(world: World, look: Any) -> None:
    world.aws.answers |= {("cur", "DescribeReportDefinitions"): DENIED, LIST: {"Exports": []}}
    assert look(4)["bill", ""]["state"] == "could not check"


def test_that_there_is_no_bill_is_not_said_of_an_export_that_could_not_be_looked_at(world: World, look: Any) -> None:
    world.aws.answers |= {("cur", "DescribeReportDefinitions"): {"ReportDefinitions": []}, GET: DENIED}
    assert look(4)["bill", ""]["state"] == "could not check"


def test_a_query_that_cannot_be_read_could_not_be_checked(world: World, look: Any) -> None:
    odd = export()
    odd["Export"]["DataQuery"]["QueryStatement"] = "WITH bill AS (SELECT 1) SELECT * FROM bill JOIN other"
    world.aws.answers[GET] = odd
    assert unwell(look(4), "could not check") == {(check, CUR2) for check in SETUP}


def test_an_export_without_a_status_is_not_called_healthy(world: World, look: Any) -> None:
    reports = legacy()
    del reports["ReportDefinitions"][0]["ReportStatus"]
    world.aws.answers["cur", "DescribeReportDefinitions"] = reports
    assert unwell(look(4), "could not check") == {("health", "acme"), ("delivery", "acme")}


def test_defaults_of_aws_that_nobody_can_see_are_not_taken_for_granted(world: World, look: Any) -> None:
    plain = export()
    plain["Export"]["DataQuery"]["TableConfigurations"] = {}
    world.aws.answers[GET] = plain
    rows = look(4)
    assert unwell(rows, "could not check") == {("granularity", CUR2)}
    assert rows["resource ids", CUR2]["detail"] == "included"


def test_a_ledger_from_another_export_than_those_of_the_account_is_a_problem(world: World, look: Any) -> None:
    world.aws.answers["cur", "DescribeReportDefinitions"] = {"ReportDefinitions": []}
    row = look(3)["bill", ""]
    assert (row["state"], row["next_step"]) == ("problem", f"finops ingest s3://{BUCKET}/{FOLDER}/{CUR2}")


def test_a_key_that_may_not_be_used_is_named_as_such(world: World, look: Any) -> None:
    world.aws.answers["s3", "GetObject"] = Refusal("AccessDenied", "not authorized to perform: kms:Decrypt", 403)
    rows = look(4)
    assert "encrypted" in rows["files read", PLACES[0]]["detail"]
    assert rows["denied calls", ""]["detail"] == "denied: kms:Decrypt"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_do_not_hold_are_told_once_and_nothing_else_is_asked(
    code: str, world: World, look: Any
) -> None:
    world.aws.answers["sts", "GetCallerIdentity"] = Refusal(code, status=403)
    rows = look(4)
    assert [call.operation for call in world.aws.calls] == ["GetCallerIdentity"]
    steps = {name: row["next_step"] for name, row in rows.items() if row["state"] == "could not check"}
    assert {name for name, step in steps.items() if step} == {("credentials", "")}
    assert rows["database", ""]["state"] == "ok"


def test_without_credentials_the_machine_and_the_ledger_are_still_checked(
    world: World, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    rows = look(4)
    assert world.aws.calls == []
    assert rows["credentials", ""]["detail"] == "no AWS credentials were found"
    assert {row["state"] for row in rows.values() if row["area"] in ("this machine", "the ledger")} == {"ok"}
    assert {row["state"] for row in rows.values() if row["area"] not in ("this machine", "the ledger")} == {
        "could not check"
    }


def test_a_profile_that_does_not_exist_is_no_reason_to_stop(
    world: World, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    rows = look(4)
    assert "no such AWS profile" in rows["credentials", ""]["detail"]
    assert rows["freshness", ""]["state"] == "ok"


# --- whose bill --------------------------------------------------------------------------------


def test_a_member_account_is_told_which_account_to_ask_in(world: World, look: Any) -> None:
    world.aws.answers |= {
        ("organizations", "DescribeOrganization"): {"Organization": {"Id": "o-acme", "MasterAccountId": MANAGEMENT}},
        ("cur", "DescribeReportDefinitions"): {"ReportDefinitions": []},
        ("bcm-data-exports", "ListExports"): {"Exports": []},
        TAGS: Refusal("AccessDeniedException", "Linked account doesn't have access to cost allocation tags."),
    }
    rows = look(4)
    for check in (("payer", ""), ("bill", ""), ("tag", "Owner")):
        assert MANAGEMENT in rows[check]["next_step"]
    assert rows["payer", ""]["state"] == "ok"
    assert rows["bill", ""]["state"] == "could not check"


def test_an_account_without_an_organization_pays_for_itself(world: World, look: Any) -> None:
    world.aws.answers["organizations", "DescribeOrganization"] = Refusal("AWSOrganizationsNotInUseException")
    assert "pays for itself" in look(0)["payer", ""]["detail"]


# --- the table a person reads ------------------------------------------------------------------


def test_no_line_of_the_table_but_a_command_is_wider_than_a_window(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tuple(name for name in OFFERED if not name.startswith(("bill_", "reservation_")))
    world.aws.answers |= {GET: export(few, INCLUDE_RESOURCES="FALSE"), TAGS: {"CostAllocationTags": []}}
    assert world.doctor() == 3
    lines = capsys.readouterr().out.splitlines()
    home = str(world.home)
    assert [line for line in lines if len(line) > 100 and "->" not in line and home not in line] == []
    assert any(line.startswith("  PROBLEM ") for line in lines)


def test_where_aws_cannot_be_reached_the_ledger_is_still_checked(
    world: World, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with aws_server() as gone:
        address = gone.url
    set_credentials(monkeypatch, address)
    rows = look(4)
    assert rows["credentials", ""]["detail"] == "AWS cannot be reached"
    assert rows["months", ""]["state"] == "ok"


def test_the_kms_key_is_for_the_policy_alone() -> None:
    assert main(["doctor", "--kms-key", "arn:aws:kms:us-east-1:000000000001:key/1"]) == 2
