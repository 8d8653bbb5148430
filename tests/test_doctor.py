"""An examination against a real ledger and AWS on loopback: what is fine, what is wrong, what could not be checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finops.aws import iam_policy, known_calls
from finops.cli import main
from tests.aws_json_server import Received, Refusal, aws_server, writing
from tests.doctor_world import (
    BUCKET,
    FOLDER,
    MANAGEMENT,
    OFFERED,
    World,
    executions,
    export,
    healthy,
    legacy,
    listed,
    moto,
    set_credentials,
    tag,
    when,
    world,
)
from tests.iam import allows

__all__ = ["moto", "world"]

Rows = dict[tuple[str, str], dict[str, str]]
CUR2 = "acme-cur2"
PLACES = ("s3://bucket/acme", f"s3://{BUCKET}/{FOLDER}/{CUR2}")
SETUP = {"granularity", "resource ids", "format", "deliveries", "closed months", "rows", "columns"}
TAGS = ("ce", "ListCostAllocationTags")
GET, RUNS, LIST = (("bcm-data-exports", name) for name in ("GetExport", "ListExecutions", "ListExports"))
DENIED = Refusal("AccessDeniedException", "not authorized")


@pytest.fixture
def look(world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    """Examines, and gives the rows by (check, subject)."""

    def ask(code: int, *words: str) -> Rows:
        capsys.readouterr()
        assert world.doctor("--format", "json", *words) == code
        rows = json.loads(capsys.readouterr().out)["rows"]
        by_name = {(row["check"], row["subject"]): row for row in rows}
        assert len(by_name) == len(rows)
        return by_name

    return ask


def unwell(rows: Rows, state: str) -> set[tuple[str, str]]:
    return {name for name, row in rows.items() if row["state"] == state}


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
    ("sts", "GetCallerIdentity"): {("credentials", "")},
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


# --- exports -----------------------------------------------------------------------------------

WITHOUT_COST = tuple(name for name in OFFERED if name != "line_item_unblended_cost")
WITHOUT_INVOICE = tuple(name for name in OFFERED if name not in ("bill_invoice_id", "resource_tags"))


@pytest.mark.parametrize(
    ("check", "call", "answer", "words"),
    [
        ("granularity", GET, export(TIME_GRANULARITY="DAILY"), "DAILY"),
        ("resource ids", GET, export(INCLUDE_RESOURCES="FALSE"), "not included"),
        ("format", GET, export(Format="TEXT_OR_CSV"), "CSV"),
        ("rows", GET, export(tail=" WHERE line_item_product_code = 'AmazonEC2'"), "AmazonEC2"),
        ("rows", GET, export(tail=" LIMIT 10"), "limit 10"),
        ("columns", GET, export(WITHOUT_COST), "without line_item_unblended_cost the export is refused"),
        ("columns", GET, export(WITHOUT_INVOICE), "leaves out bill_invoice_id, resource_tags"),
        ("health", LIST, listed(StatusCode="UNHEALTHY", StatusReason="INSUFFICIENT_PERMISSION"), "INSUFFICIENT"),
        ("delivery", RUNS, executions(("DELIVERY_SUCCESS", when(4))), "late: last delivered 2026-10-04"),
        ("delivery", RUNS, executions(("DELIVERY_SUCCESS", when(5)), ("DELIVERY_FAILURE", when(6))), "failed"),
        ("delivery", RUNS, executions(), "nothing was delivered yet"),
    ],
)
def test_an_export_that_is_not_set_up_well_is_a_problem_with_a_next_step(
    check: str, call: tuple[str, str], answer: Any, words: str, world: World, look: Any
) -> None:
    world.aws.answers[call] = answer
    rows = look(3)
    assert unwell(rows, "problem") == {(check, CUR2)}
    assert words.casefold() in rows[check, CUR2]["detail"].casefold()
    assert rows[check, CUR2]["next_step"]


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("granularity", {"TimeUnit": "DAILY"}),
        ("resource ids", {"AdditionalSchemaElements": []}),
        ("format", {"Format": "textORcsv", "Compression": "GZIP"}),
        ("closed months", {"RefreshClosedReports": False}),
        ("delivery", {"ReportStatus": {"lastDelivery": "20261001T051500Z", "lastStatus": "SUCCESS"}}),
    ],
)
def test_a_legacy_report_that_is_not_set_up_well_is_a_problem_too(
    check: str, changes: dict[str, Any], world: World, look: Any
) -> None:
    world.aws.answers["cur", "DescribeReportDefinitions"] = legacy(**changes)
    assert unwell(look(3), "problem") == {(check, "acme")}


def test_a_legacy_report_without_a_bucket_is_unhealthy(world: World, look: Any) -> None:
    status = {"lastDelivery": "20261006T051500Z", "lastStatus": "ERROR_NO_BUCKET"}
    world.aws.answers["cur", "DescribeReportDefinitions"] = legacy(ReportStatus=status)
    rows = look(3)
    assert unwell(rows, "problem") == {("health", "acme"), ("delivery", "acme")}
    assert "bucket" in rows["health", "acme"]["next_step"]


def test_an_export_of_yesterday_has_time_to_deliver(world: World, look: Any) -> None:
    world.aws.answers |= {RUNS: executions(), LIST: listed(CreatedAt=when(6))}
    assert unwell(look(4), "could not check") == {("delivery", CUR2)}


def test_attributes_of_a_map_selected_one_by_one_count_as_the_map(world: World, look: Any) -> None:
    single = (
        *(name for name in OFFERED if name != "resource_tags"),
        "resource_tags.user_owner AS resource_tags_user_owner",
    )
    world.aws.answers[GET] = export(single)
    assert look(0)["columns", CUR2]["state"] == "ok"


def test_an_export_that_is_no_bill_is_listed_and_left_alone(world: World, look: Any) -> None:
    other = export()
    other["Export"]["DataQuery"]["QueryStatement"] = "SELECT account_id FROM COST_OPTIMIZATION_RECOMMENDATIONS"
    world.aws.answers[GET] = other
    rows = look(0)
    assert "COST_OPTIMIZATION_RECOMMENDATIONS" in rows["Data Exports", ""]["detail"]
    assert {check for check, subject in rows if subject == CUR2} == {"health"}


def test_an_account_without_any_export_is_told_to_create_one(world: World, look: Any) -> None:
    world.aws.answers |= {("cur", "DescribeReportDefinitions"): {"ReportDefinitions": []}, LIST: {"Exports": []}}
    rows = look(3)
    assert unwell(rows, "problem") == {("bill", "")}
    assert "runbook" in rows["bill", ""]["next_step"]


def test_where_nothing_is_loaded_the_next_step_is_to_load_the_export(world: World, look: Any, tmp_path: Path) -> None:
    (tmp_path / "finops.duckdb").unlink()
    rows = look(3)
    assert unwell(rows, "problem") == {("database", ""), ("bill", "")}
    assert rows["bill", ""]["next_step"] == "finops ingest s3://bucket/acme"


# --- buckets -----------------------------------------------------------------------------------


def test_overwriting_without_versioning_is_a_problem(world: World, look: Any) -> None:
    world.aws.answers["cur", "DescribeReportDefinitions"] = legacy(ReportVersioning="OVERWRITE_REPORT")
    rows = look(3)
    assert unwell(rows, "problem") == {("versioning", "s3://bucket")}
    assert "put-bucket-versioning --bucket bucket" in rows["versioning", "s3://bucket"]["next_step"]


def test_an_empty_folder_is_a_problem_and_nothing_in_it_can_be_read(world: World, look: Any) -> None:
    rows = look(3, f"s3://{BUCKET}/nothing")
    place = f"s3://{BUCKET}/nothing"
    assert rows["files listed", place]["state"] == "problem"
    assert rows["files read", place]["state"] == "could not check"


@pytest.mark.parametrize("address", ["acme-bills", "s3:/acme", "s3://A_B/x", "https://acme/x"])
def test_an_address_that_is_none_is_a_usage_error(
    address: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.doctor(address) == 2
    assert "s3://BUCKET/FOLDER" in capsys.readouterr().err


# --- tags --------------------------------------------------------------------------------------


def with_tags(world: World, *tags: dict[str, str], keys: str = "") -> None:
    world.aws.answers[TAGS] = {"CostAllocationTags": [tag("Environment"), *tags]}
    (world.home / "finops.toml").write_text(f'[tags]\nrequired = ["Environment", "Owner"]\n{keys}')


def test_a_tag_that_is_inactive_comes_with_the_command_that_activates_it(world: World, look: Any) -> None:
    with_tags(world, tag("Owner", "Inactive"))
    row = look(3)["tag", "Owner"]
    assert row["state"] == "problem"
    assert row["next_step"].endswith("TagKey=Owner,Status=Active")


def test_a_tag_that_aws_does_not_know_is_on_no_resource(world: World, look: Any) -> None:
    with_tags(world)
    row = look(3)["tag", "Owner"]
    assert (row["state"], "no such key" in row["detail"]) == ("problem", True)


@pytest.mark.parametrize(("spelling", "keys"), [("owner", ""), ("team", '[tags.keys]\nOwner = ["team"]\n')])
def test_another_spelling_that_is_active_counts_as_the_ledger_counts_it(
    spelling: str, keys: str, world: World, look: Any
) -> None:
    with_tags(world, tag(spelling), keys=keys)
    row = look(0)["tag", "Owner"]
    assert row["detail"] == f"active as {spelling}, reaches back to 2026-01-05"


def test_another_spelling_does_not_make_up_for_the_key_itself_being_inactive(world: World, look: Any) -> None:
    with_tags(world, tag("owner"), tag("Owner", "Inactive"))
    row = look(3)["tag", "Owner"]
    assert (row["state"], row["detail"]) == ("problem", "inactive; only owner is active")


def test_an_inactive_spelling_beside_the_active_key_is_mentioned(world: World, look: Any) -> None:
    with_tags(world, tag("Owner"), tag("owner", "Inactive"))
    row = look(0)["tag", "Owner"]
    assert "owner is inactive" in row["detail"]
    assert "TagKey=owner,Status=Active" in row["next_step"]


def test_a_tag_activated_after_the_first_loaded_day_asks_for_a_backfill(world: World, look: Any) -> None:
    with_tags(world, tag("Owner", since="2026-10-03T08:00:00Z"))
    row = look(3)["tag", "Owner"]
    assert "active, reaches back to 2026-10-03; usage before that counts as untagged" in row["detail"]
    assert row["next_step"].endswith("--backfill-from 2026-10-01T00:00:00Z")


@pytest.mark.parametrize(("asked", "state"), [("2026-10-04T00:00:00Z", "ok"), ("2026-10-02T00:00:00Z", "problem")])
def test_a_backfill_reaches_back_for_the_keys_that_were_active_when_it_was_asked_for(
    asked: str, state: str, world: World, look: Any
) -> None:
    with_tags(world, tag("Owner", since="2026-10-03T08:00:00Z"))
    done = {"BackfillFrom": "2026-08-01T00:00:00Z", "RequestedAt": asked, "BackfillStatus": "SUCCEEDED"}
    failed = {"BackfillFrom": "2026-01-01T00:00:00Z", "RequestedAt": asked, "BackfillStatus": "FAILED"}
    world.aws.answers["ce", "ListCostAllocationTagBackfillHistory"] = {"BackfillRequests": [failed, done]}
    rows = look(0 if state == "ok" else 3)
    assert rows["tag", "Owner"]["state"] == state
    assert "2026-08-01" in rows["backfill", ""]["detail"]


def test_tags_cannot_be_checked_by_settings_that_cannot_be_read(world: World, look: Any) -> None:
    (world.home / "finops.toml").write_text("[tags]\nrequire = []\n")
    rows = look(3)
    assert unwell(rows, "problem") == {("settings", "")}
    assert unwell(rows, "could not check") == {("required tags", "")}


# --- the table a person reads ------------------------------------------------------------------


def test_no_line_of_the_table_but_a_command_is_wider_than_a_window(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.aws.answers |= {GET: export(WITHOUT_INVOICE, INCLUDE_RESOURCES="FALSE"), TAGS: {"CostAllocationTags": []}}
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
