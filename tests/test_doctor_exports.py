"""What an examination says of exports and of the buckets they are delivered to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.doctor_world import (
    BUCKET,
    CUR2,
    GET,
    LIST,
    OFFERED,
    RUNS,
    World,
    executions,
    export,
    legacy,
    listed,
    look,
    moto,
    unwell,
    when,
    world,
)

__all__ = ["look", "moto", "world"]


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
    assert "Data Exports > Create" in rows["bill", ""]["next_step"]


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


def test_a_folder_that_no_known_export_writes_may_still_be_overwritten(world: World, look: Any) -> None:
    rows = look(4, "s3://unversioned/x")
    assert unwell(rows, "could not check") == {("versioning", "s3://unversioned")}


def test_an_address_is_not_silently_left_out_offline(world: World) -> None:
    assert world.doctor(f"s3://{BUCKET}", "--offline") == 2


@pytest.mark.parametrize("address", ["acme-bills", "s3:/acme", "s3://A_B/x", "https://acme/x"])
def test_an_address_that_is_none_is_a_usage_error(
    address: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.doctor(address) == 2
    assert "s3://BUCKET/FOLDER" in capsys.readouterr().err
