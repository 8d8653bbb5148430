"""What the demo writes besides the rows: the deliveries of the tree, truth.json, the settings."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.errors import UsageError
from finops.ingest.demo import DELIVERIES, SHAPES, settings_toml, truth, write_export
from finops.ingest.demo.columns import columns, merged, snake, tag_column
from finops.ingest.demo.layout import EXPORTS, Delivery
from finops.ingest.demo.line import Item, Tags
from finops.ingest.demo.periods import periods
from finops.ingest.demo.policy import INVALID, UNTAGGED, rules, value_of

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    return truth(3)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export("legacy-csv", tmp_path_factory.mktemp("first"), months=2, delivery="first")


def test_the_shapes_and_deliveries_have_the_names_the_command_line_offers() -> None:
    assert SHAPES == ("legacy-csv", "legacy-parquet", "cur2-csv", "cur2-parquet", "focus", "focus-parquet")
    assert DELIVERIES == ("first", "last")


@pytest.mark.parametrize(
    ("shape", "months", "delivery"),
    [("xlsx", 3, "last"), ("focus", 3, "middle"), ("focus", 0, "last"), ("focus", 25, "last")],
)
def test_what_the_demo_does_not_have_is_a_usage_error(tmp_path: Path, shape: str, months: int, delivery: str) -> None:
    with pytest.raises(UsageError):
        write_export(shape, tmp_path, months, delivery)
    assert not list(tmp_path.iterdir())


def test_before_the_restatement_the_month_has_one_delivery_and_its_manifest_names_it(first: Path) -> None:
    september = first / "20260901-20261001"
    (folder,) = (path for path in september.iterdir() if path.is_dir())
    manifest = json.loads((september / "alder-hourly-Manifest.json").read_text("utf-8"))
    assert manifest["assemblyId"] == folder.name
    assert (folder / "alder-hourly-Manifest.json").read_text("utf-8") == (
        september / "alder-hourly-Manifest.json"
    ).read_text("utf-8")


def test_truth_beside_the_first_delivery_is_that_of_the_first_delivery(first: Path) -> None:
    written = json.loads((first.parent.parent / "truth.json").read_text("utf-8"))
    september = written["periods"]["2026-09"]
    assert (written["delivery"], september["delivery"], september["final"]) == ("first", "first", False)
    assert september["totals"] == written["restated"]["2026-09"]["first"]["totals"]
    assert written == truth(2, "first")


def test_a_legacy_manifest_says_what_aws_says(first: Path) -> None:
    manifest = json.loads((first / "20261001-20261101" / "alder-hourly-Manifest.json").read_text("utf-8"))
    assert manifest["billingPeriod"] == {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"}
    assert manifest["compression"] == "GZIP"
    assert {"category": "resourceTags", "name": "user:CostCenter"} in manifest["columns"]


def test_the_newest_athena_data_is_ready_and_months_have_no_leading_zero(tmp_path: Path) -> None:
    import duckdb

    folder = write_export("legacy-parquet", tmp_path, months=2)
    status = folder / folder.name / "cost_and_usage_data_status" / "cost_and_usage_data_status.parquet"
    assert duckdb.sql(f"select status from '{status}'").fetchall() == [("READY",)]
    data = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("month=*/*.parquet"))
    assert data[-1].startswith("alder-athena/year=2026/month=9/")
    types = dict(duckdb.sql(f"select name, type from parquet_schema('{folder / data[-1]}')").fetchall())
    assert types["line_item_unblended_cost"] == "DOUBLE"
    assert types["line_item_unblended_rate"] == "BYTE_ARRAY"


def test_deliveries_of_one_period_have_ids_of_their_own() -> None:
    month = {one.delivery: one for name in DELIVERIES for one in periods(2, name)[:1]}
    ids = {Delivery(export, one).id for export in EXPORTS.values() for one in month.values()}
    assert len(ids) == len(SHAPES) * len(DELIVERIES)


def test_the_parts_of_the_truth_add_up_to_its_totals(document: Document) -> None:
    for period in document["periods"].values():
        for groups in period["by"].values():
            for metric in document["metrics"]:
                found = sum(Decimal(figures[metric]) for figures in groups.values())
                assert found == Decimal(period["totals"][metric])


def test_the_truth_about_a_required_tag_is_whole(document: Document) -> None:
    for period in document["periods"].values():
        for tag in period["required_tags"]:
            costs = {name: Decimal(value) for name, value in tag.items() if name.endswith("_cost")}
            assert costs["total_cost"] == costs["untaggable_cost"] + costs["taggable_cost"]
            assert costs["taggable_cost"] == costs["tagged_cost"] + costs["gap_cost"]
            assert costs["tagged_cost"] == costs["valid_cost"] + costs["invalid_cost"]
            share = 100 * costs["tagged_cost"] / costs["taggable_cost"]
            assert abs(Decimal(tag["coverage"]) - share) < Decimal("0.000000001")


def test_the_planted_gaps_are_all_the_gaps(document: Document) -> None:
    for key, period in document["periods"].items():
        for tag in period["required_tags"]:
            planted = {
                fault["resource_id"]: Decimal(fault["cost_amortized"].get(key, 0))
                for fault in document["faults"]
                if fault["tag"] == tag["tag"] and UNTAGGED in fault["reads_as"]
            }
            assert sum(planted.values()) == Decimal(tag["gap_cost"])


def test_faults_of_every_kind_are_planted(document: Document) -> None:
    assert {fault["cause"] for fault in document["faults"]} == {
        "missing", "empty", "wrong_key", "misspelled_key", "alias", "case", "whitespace", "invalid_value",
        "invalid_pattern", "tagged_late", "contradicts_account", "two_spellings", "colliding_key", "markup",
        "column_of_one_month", "provider_key",
    }  # fmt: skip


def test_only_the_open_month_is_not_final(document: Document) -> None:
    finals = {key: period["final"] for key, period in document["periods"].items()}
    assert finals == {"2026-08": True, "2026-09": True, "2026-10": False}
    assert document["data_end"] == "2026-10-27T14:00:00Z"


def test_a_value_has_a_comma_a_quote_and_letters_beyond_ascii(document: Document) -> None:
    projects = document["periods"]["2026-08"]["by"]["tag:Project"]
    assert any("," in value and '"' in value and not value.isascii() for value in projects)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((("Environment", " PROD "),), "prod"),
        ((("Environment", "prd"),), "prod"),
        ((("Environment", "sandbox"),), INVALID),
        ((("Environment", "  "),), UNTAGGED),
        ((("stage", "test"),), "test"),
        ((("environment", "dev"),), "dev"),
        ((("env", "staging"), ("Environment", "prod")), "prod"),
        ((("env", "staging"), ("Environment", "")), "staging"),
        ((), UNTAGGED),
    ],
)
def test_the_settings_of_the_company_read_its_environments(tags: Tags, expected: str) -> None:
    item = Item(type="Usage", account="1", product="AmazonEC2", invoice="", resource="i-1", tags=tags)
    assert value_of(item, rules()[1]) == expected


def test_the_settings_are_those_of_the_estate() -> None:
    import tomllib

    from finops.ingest.demo.estate import estate

    settings = tomllib.loads(settings_toml())
    accounts = {account for one in settings["environments"].values() for account in one["match"]["account"]}
    assert accounts < set(estate().accounts)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"),
        ("product/servicecode", "product_servicecode"),
        ("resourceTags/user:CostCenter", "resource_tags_user_cost_center"),
        ("resourceTags/aws:createdBy", "resource_tags_aws_created_by"),
        ("costCategory/Team Budget", "cost_category_team_budget"),
    ],
)
def test_athena_names_are_made_by_the_rule_of_aws(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_no_two_columns_have_one_name_in_any_spelling() -> None:
    assert len({column.legacy for column in columns()}) == len({column.name for column in columns()}) == len(columns())


def test_of_two_keys_with_one_name_the_first_that_is_not_blank_remains() -> None:
    cells = [(snake(tag_column(key)), value) for key, value in (("Team", " "), ("team", "a"), ("-team", "b"))]
    assert merged(cells) == {"resource_tags_user_team": "a"}
