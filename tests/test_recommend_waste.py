"""Waste that the bill alone proves, from the rows of an export to what is printed: worked out by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.config import parse_settings
from finops.errors import ConfigError
from finops.recommend.waste_fit import family_and_size
from tests.hourly_export import every_hour, loaded
from tests.waste_export import HOURS, office, wasteful

Answer = dict[str, Any]
MONTH = 730


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return loaded(tmp_path_factory.mktemp("waste"), wasteful(), **{"product/region": "us-east-1"})


def tell(database: Path, capsys: pytest.CaptureFixture[str], folder: Path, settings: str = "") -> Answer:
    config = folder / "finops.toml"
    config.write_text(settings)
    capsys.readouterr()
    assert main(["recommend", "waste", "--format", "json", "--db", str(database), "--config", str(config)]) == 0
    answer: Answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


@pytest.fixture
def answer(database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Answer:
    """With the hours of the data as the threshold: what ran in each of them is idle, what began later is not."""
    return tell(database, capsys, tmp_path, f"[waste]\nidle_hours = {HOURS}\n")


def rows(answer: Answer, kind: str) -> dict[str, Answer]:
    return {row["resource_id"]: row for row in answer["rows"] if row["kind"] == kind}


def a_month(hourly: str) -> Any:
    return pytest.approx(Decimal(hourly) * MONTH)


def test_a_nat_gateway_without_bytes_is_idle_and_one_with_any_is_not(answer: Answer) -> None:
    found = rows(answer, "idle_nat")
    assert set(found) == {"nat-idle"}
    row = found["nat-idle"]
    assert row["current_cost"] == row["saving"] == row["saving_in_sequence"] == a_month("0.05")
    assert (row["basis"], row["class"]) == ("own rate", "measured")


def test_idle_begins_at_the_threshold(database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    six_hours_later = tell(database, capsys, tmp_path, f"[waste]\nidle_hours = {HOURS - 6}\n")
    assert set(rows(six_hours_later, "idle_nat")) == {"nat-idle", "nat-new"}
    none = tell(database, capsys, tmp_path, f"[waste]\nidle_hours = {HOURS + 1}\n")
    assert rows(none, "idle_nat") == {}


def test_where_the_bill_shows_no_work_of_any_load_balancer_none_is_called_idle(answer: Answer) -> None:
    (row,) = rows(answer, "idle_load_balancer").values()
    assert (row["class"], row["saving"], row["saving_in_sequence"]) == ("needs data", None, None)
    assert row["current_cost"] == a_month("0.05")


def test_an_address_that_nothing_uses_is_told_and_one_in_use_is_not(answer: Answer) -> None:
    assert {name: row["saving"] for name, row in rows(answer, "idle_address").items()} == {"eip-idle": a_month("0.005")}


def test_a_previous_generation_is_held_against_the_cheapest_known_price_of_its_region(answer: Answer) -> None:
    # m5.large is charged 0.096 on this bill, m6i and m7i cost more
    (row,) = rows(answer, "previous_generation").values()
    assert (row["resource_id"], row["action"]) == ("i-old", "run i-old as m5.large")
    assert row["saving"] == a_month("0.004")
    assert (row["basis"], row["class"]) == ("own rate", "measured")


def test_graviton_is_worth_the_ratio_of_actual_prices_and_only_at_most(answer: Answer) -> None:
    found = rows(answer, "graviton")
    # m6g.large is 0.077 in the list, cheaper than m7g at 0.0816
    assert found["i-intel"]["saving"] == a_month("0.019")
    assert found["i-intel"]["saving_low"] == 0
    assert found["i-intel"]["class"] == "upper bound"
    assert found["i-intel"]["basis"] == "own rate and price list 2026-07-20"
    assert set(found) == {"i-intel", "i-old"}, "not Windows, Spot, Graviton itself or what it has no equivalent of"


def test_a_newer_generation_counts_as_sure_and_graviton_with_what_it_adds(answer: Answer) -> None:
    assert rows(answer, "previous_generation")["i-old"]["saving_in_sequence"] == a_month("0.004")
    found = rows(answer, "graviton")["i-old"]
    assert (found["saving"], found["saving_in_sequence"]) == (a_month("0.023"), a_month("0.019"))
    assert "instead of m5.large: " in found["evidence"]


def test_development_that_never_sleeps_could_save_its_nights_and_weekends(answer: Answer) -> None:
    (row,) = rows(answer, "schedule").values()
    away = sum(1 for at in every_hour(15)[:HOURS] if not office(at))
    assert row["resource_id"] == "i-dev"
    assert row["saving"] == pytest.approx(Decimal(3) * away * MONTH / HOURS)
    assert (row["class"], row["saving_low"]) == ("upper bound", 0)


def test_the_settings_say_when_people_work_and_where(
    database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    later = tell(database, capsys, tmp_path, "[waste]\noffice_start = 0\noffice_end = 24\n")
    weekends = sum(1 for at in every_hour(15)[:HOURS] if (at // 24 + 3) % 7 >= 5)
    assert rows(later, "schedule")["i-dev"]["saving"] == pytest.approx(Decimal(3) * weekends * MONTH / HOURS)
    assert rows(tell(database, capsys, tmp_path, '[waste]\nenvironments = ["qa"]\n'), "schedule") == {}


@pytest.mark.parametrize("hours", ["office_start = 19", "office_end = 25", "office_start = 9\noffice_end = 8"])
def test_office_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ConfigError, match="office hours cannot be"):
        parse_settings(f"[waste]\n{hours}\n")


def test_aurora_serverless_that_never_scales_down_is_named_without_a_figure(answer: Answer) -> None:
    found = rows(answer, "aurora_never_scales")
    assert {name: (row["class"], row["saving"]) for name, row in found.items()} == {
        "cluster-flat": ("needs data", None)
    }


def test_a_workgroup_gets_the_cap_above_its_busiest_hour(answer: Answer) -> None:
    (row,) = rows(answer, "athena_cap").values()
    assert row["action"].startswith("cap a query of workgroup bi at 513 GB")
    assert row["saving"] is None


def test_rows_below_the_least_saving_are_left_out(
    database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved = Decimal("0.005") * MONTH
    at, above = (tell(database, capsys, tmp_path, f"[waste]\nmin_saving = {least}\n") for least in (saved, saved + 1))
    assert rows(at, "idle_address")
    assert not rows(above, "idle_address")


def test_the_total_is_the_sequence_and_is_told_by_class(answer: Answer) -> None:
    in_all = [row["saving_in_sequence"] for row in answer["rows"] if row["saving_in_sequence"] is not None]
    assert answer["totals"]["saving_in_sequence"] == sum(in_all)
    told = [row["saving_in_sequence"] or 0 for row in answer["totals"]["by_class"]]
    assert sum(told) == sum(in_all)


def test_glue_is_told_by_job(answer: Answer) -> None:
    (row,) = answer["totals"]["glue"]
    assert (row["job"], row["dpu_hours"], row["days"]) == ("job/nightly", 3, 1)
    assert row["current_cost"] == pytest.approx(Decimal("1.32") * MONTH / HOURS)


def test_sustainability_is_counted_in_what_the_bill_counts(answer: Answer) -> None:
    found = {row["measure"]: row for row in answer["totals"]["sustainability"]}
    asleep = sum(1 for at in every_hour(15)[:HOURS] if office(at))
    # five of two vCPUs all the time; of p3.2xlarge the list does not say how many it has
    total = 5 * 2 * HOURS
    assert found["vcpu_hours"]["value"] == total
    assert found["graviton_share"]["value"] == found["spot_share"]["value"] == 2 * HOURS
    assert found["spot_share"]["share"] == pytest.approx(Decimal(200 * HOURS) / total, abs=Decimal("0.0001"))
    assert (found["cold_storage_share"]["value"], found["cold_storage_share"]["share"]) == (10, 25)
    assert found["unknown_type_hours"]["value"] == HOURS + asleep


@pytest.mark.parametrize(
    ("usage_type", "parts"),
    [
        ("USE2-BoxUsage:m5.large", ("USE2-BoxUsage:", "m5", "large")),
        ("InstanceUsage:db.r5.2xlarge", ("InstanceUsage:", "db.r5", "2xlarge")),
        ("EU-ESInstance:m5.large.search", ("EU-ESInstance:", "m5", "large")),
        ("NatGateway-Hours", None),
        ("SpotUsage:m5.large", None),
    ],
)
def test_a_usage_type_is_read_as_family_and_size(usage_type: str, parts: tuple[str, str, str] | None) -> None:
    assert family_and_size(usage_type) == parts
