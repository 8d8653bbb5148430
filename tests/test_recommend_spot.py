"""Advice on Spot, from the rows of an export to what is printed: each figure worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.config.spot import SpotPolicy
from finops.recommend.spot_groups import Group, Seen, veto_of, vetoes
from tests.hourly_export import Row, every_hour, hour, loaded, usage
from tests.spot_export import DAYS, GROUP, beside, briefly, on_spot, scaling, scaling_covered

Answer = dict[str, Any]
Told = Callable[..., Answer]
HOURS = 730
# Everything moves and nothing falls back, so that a figure is one multiplication.
ALL = "[spot]\nshare = 100\nfallback = 0\n"
# What interruptions destroy is less than this a month.
CENTS = Decimal("0.05")


def tell(
    capsys: pytest.CaptureFixture[str], folder: Path, rows: Iterable[Row], settings: str = ALL, **always: str
) -> Answer:
    database, config = loaded(folder, rows, **always), folder / "finops.toml"
    config.write_text(settings)
    capsys.readouterr()
    words = ["recommend", "spot", "--format", "json", "--db", str(database), "--config", str(config)]
    assert main(words) == 0
    answer: Answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return answer


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Told:
    """What the verb prints as JSON about rows."""
    return partial(tell, capsys, tmp_path)


def a_month(hourly: str) -> Any:
    return pytest.approx(Decimal(hourly) * HOURS, abs=CENTS)


# --- what is saved


def test_a_group_that_is_replaced_and_has_no_commitment_saves_the_difference_of_the_rates(told: Told) -> None:
    (row,) = told([*scaling(), *on_spot()])["rows"]
    assert row["saving"] == row["saving_in_sequence"] == a_month("0.12")
    assert row["current_cost"] == pytest.approx(Decimal("0.2") * HOURS)
    assert (row["kind"], row["resource_id"], row["basis"], row["class"]) == ("spot", "web", "own rate", "measured")
    assert row["saving_low"] <= row["saving"] <= row["saving_high"]


def test_only_the_share_moves_and_a_part_of_that_falls_back(told: Told) -> None:
    (row,) = told([*scaling(), *on_spot()], settings="")["rows"]
    assert row["saving"] == a_month(str(Decimal("0.12") * Decimal("0.7") * Decimal("0.9")))


def test_work_that_interruptions_destroy_is_paid_twice(told: Told) -> None:
    # a month of 43,800 minutes is lost at each interruption, and of the worst band a quarter is interrupted a month
    rows = [{**row, "lineItem/UsageType": row["lineItem/UsageType"].replace("m5.large", "zz9.large")} for row in
            [*scaling(), *on_spot()]]  # fmt: skip
    (row,) = told(rows, settings=ALL + "lost_minutes = 43800\n")["rows"]
    assert row["saving"] == a_month(str(Decimal("0.12") - Decimal("0.08") / 4))


def test_the_range_is_that_of_the_price_table_and_the_advisor(told: Told) -> None:
    rows = [{**row, "lineItem/UsageType": "BoxUsage:m5.large"} for row in scaling(rate="0.096")]
    (row,) = told(rows, **{"product/region": "us-east-1"})["rows"]
    assert row["saving"] == row["saving_low"] == a_month(str(2 * (Decimal("0.096") - Decimal("0.0537"))))
    assert row["saving_high"] == a_month(str(2 * (Decimal("0.096") - Decimal("0.04224"))))
    assert row["basis"] == "price list 2025-04-24"
    assert "advisor 2025-06-28" in row["evidence"]


def test_without_a_spot_price_there_is_no_figure(told: Told) -> None:
    rows = [{**row, "lineItem/UsageType": "USE2-BoxUsage:zz9.large"} for row in scaling()]
    (row,) = told(rows)["rows"]
    assert (row["class"], row["basis"]) == ("needs data", "unknown")
    assert {row[name] for name in ("saving", "saving_low", "saving_high", "saving_in_sequence")} == {None}


# --- after the commitments


def test_a_commitment_that_is_left_idle_is_paid_on_so_that_moving_loses(told: Told) -> None:
    answer = told([*scaling_covered(), *on_spot()])
    (row,) = answer["rows"]
    assert row["saving"] == a_month("-0.08")
    assert row["saving_in_sequence"] is None
    assert answer["totals"]["saving_in_sequence"] == 0
    assert row["action"].startswith("leave Auto Scaling group web where it is")
    assert "after 2027-06-01 this becomes worth 87.5" in row["action"]


def test_what_moves_frees_its_commitment_for_usage_on_demand(told: Told) -> None:
    # 0.2 an hour on demand is covered then by what covered the group; the group costs 0.08 on Spot
    (row,) = told([*scaling_covered(), *beside("i-8", "i-9"), *on_spot()])["rows"]
    assert row["saving"] == a_month("0.12")


def test_a_commitment_covers_only_as_much_as_is_there(told: Told) -> None:
    (row,) = told([*scaling_covered(), *beside("i-9"), *on_spot()])["rows"]
    assert row["saving"] == a_month("0.02")


def test_two_groups_cannot_both_have_the_usage_their_commitments_go_to(told: Told) -> None:
    answer = told([*scaling_covered("web"), *scaling_covered("api"), *beside("i-8", "i-9"), *on_spot()])
    assert [row["saving"] for row in answer["rows"]] == [a_month("0.12")] * 2
    assert [row["saving_in_sequence"] for row in answer["rows"]] == [a_month("0.12"), 0]
    assert answer["totals"]["saving_in_sequence"] == answer["rows"][0]["saving_in_sequence"]


def test_reserved_hours_that_are_freed_go_to_the_same_instance_type(told: Told) -> None:
    reserved = {
        "lineItem/LineItemType": "DiscountedUsage",
        "lineItem/UnblendedCost": "0",
        "pricing/publicOnDemandCost": "0.1",
        "reservation/EffectiveCost": "0.06",
        "reservation/ReservationARN": "arn:aws:ec2:us-east-2:000000000002:reserved-instances/1",
    }
    # of two freed hours one covers what runs beside the group, the other is lost: 0.1 less 2 x 0.04
    rows = [{**row, **reserved} for row in scaling()]
    (row,) = told([*rows, *beside("i-9"), *on_spot()])["rows"]
    assert row["saving"] == a_month("0.02")


# --- what shows that it may


def test_instances_that_live_less_than_a_day_and_come_and_go_are_a_group(told: Told) -> None:
    (row,) = told([*briefly([72, 23, 23, 4, 72]), *on_spot()])["rows"]
    assert row["resource_id"] == "USE2-BoxUsage:m5.large"
    assert row["saving"] / row["current_cost"] == pytest.approx(Decimal("0.6"), abs=Decimal("0.001"))
    assert "5 instances, at most 5 at once" in row["evidence"]


@pytest.mark.parametrize("lifetimes", [[72, 23, 24, 4, 72], [72, 4, 4, 4]])
def test_instances_that_live_a_day_or_are_few_are_none(told: Told, lifetimes: list[int]) -> None:
    answer = told([*briefly(lifetimes), *on_spot()])
    assert answer["rows"] == []
    assert {row["veto"]: row["groups"] for row in answer["totals"]["vetoed"]} == {"no_signal": len(lifetimes)}


# --- what must not move


@pytest.fixture(scope="module")
def forbidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One group for each veto."""
    database_rows = {"lineItem/ProductCode": "AmazonRDS", "lineItem/UsageType": "USE2-InstanceUsage:db.m5.large"}
    fargate = {"lineItem/UsageType": "USE2-Fargate-vCPU-Hours:perCPU"}
    core = {"resourceTags/aws:elasticmapreduce:instance-group-role": "CORE", GROUP: ""}
    arn = "arn:aws:ecs:us-east-2:000000000002:task/shop/"
    rows = [
        *scaling("orders-kafka"),
        *scaling("nat"),
        *scaling("asked-not", **{"resourceTags/user:spot": "False"}),
        *scaling("emr", **core),
        *scaling("mac", **{"lineItem/UsageType": "USE2-BoxUsage:mac2.metal"}),
        *scaling("licensed", **{"lineItem/UsageType": "USE2-DedicatedUsage:m5.large"}),
        *({**row, "lineItem/AvailabilityZone": "us-east-2a"} for row in scaling("one-zone")),
        *(row for row in scaling("still") if row["lineItem/ResourceId"] == "still-1"),
        *(
            {**row, "lineItem/ResourceId": "still-b", "lineItem/AvailabilityZone": "us-east-2b"}
            for row in scaling("still")
            if "still-1" in str(row)
        ),
        *(row for row in scaling("alone") if row["lineItem/ResourceId"] == "alone-1"),
        *beside("i-untagged"),
        *scaling("rds", **database_rows, **{GROUP: ""}),
        *scaling(f"{arn}1", **fargate, **{"lineItem/ProductCode": "AmazonECS", GROUP: ""}),
        *scaling(f"{arn}2", **fargate, **{"lineItem/ProductCode": "AmazonEKS", GROUP: ""}),
    ]
    return loaded(tmp_path_factory.mktemp("forbidden"), rows)


def test_what_must_not_run_on_spot_gets_no_advice_and_is_counted(
    forbidden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["recommend", "spot", "--format", "json", "--db", str(forbidden)]) == 0
    answer = json.loads(capsys.readouterr().out, parse_float=Decimal)
    assert answer["rows"] == []
    assert {row["veto"]: row["groups"] for row in answer["totals"]["vetoed"]} == {
        **dict.fromkeys(vetoes(), 1),
        "managed_database": 3,
    }


def seen(**more: Any) -> Seen:
    plain = {"members": 1, "most": 1, "replaced": 0, "zones": 1, "uptime": 0.5, "texts": (), "usage_types": ()}
    return Seen(**{**plain, "own_words": (), **more})


@pytest.mark.parametrize(
    ("kind", "environment", "did", "veto"),
    [
        ("ci_runner", "prod", {"uptime": 0.949}, ""),
        ("ci_runner", "prod", {"uptime": 0.95}, "single_instance"),
        ("ci_runner", "dev", {"uptime": 0.95}, "single_instance"),
        ("ci_runner", "prod", {"uptime": 1.0, "most": 2}, ""),
        ("auto_scaling", "dev", {"replaced": 1}, ""),
        ("auto_scaling", "prod", {"replaced": 1}, "single_instance"),
        ("auto_scaling", "prod", {"replaced": 1, "most": 2}, "single_zone"),
        ("auto_scaling", "dev", {"replaced": 1, "most": 2}, ""),
        ("auto_scaling", "prod", {"replaced": 1, "most": 2, "zones": 2}, ""),
        ("auto_scaling", "prod", {"replaced": 0, "most": 2, "zones": 2}, "never_replaced"),
        ("fargate", "TEST", {}, ""),
        ("fargate", "staging", {}, "fargate_outside_tolerant"),
        ("batch", "prod", {"texts": ("nightly-db-copy",)}, "stateful"),
        ("batch", "prod", {"texts": ("nightly-debug",)}, ""),
        ("batch", "prod", {"own_words": (("criticality", " High "),)}, "spoken_for"),
        ("batch", "prod", {"own_words": (("criticality", "low"),)}, ""),
    ],
)
def test_a_veto_holds_from_its_threshold_on(kind: str, environment: str, did: Any, veto: str) -> None:
    group = Group(kind, "000000000002", "us-east-2", "AmazonEC2", "work", environment, "")
    assert veto_of(group, seen(**did), SpotPolicy()) == veto


def test_the_settings_say_which_environments_are_tolerant() -> None:
    group = Group("fargate", "000000000002", "us-east-2", "AmazonECS", "shop", "staging", "")
    assert veto_of(group, seen(), SpotPolicy(tolerant=("staging",))) == ""


# --- what is there already


def test_spot_that_runs_already_is_named_and_priced_from_the_price_table(told: Told) -> None:
    held = {"lineItem/UsageType": "SpotUsage:c5.large", "lineItem/Operation": "RunInstances:SV006"}
    rows = [{**usage(at, 1, "0.0385"), **held, "lineItem/ResourceId": "i-1"} for at in every_hour(DAYS)]
    (row,) = told(rows, **{"product/region": "us-east-1"})["totals"]["spot_held"]
    assert (row["usage_type"], row["rate"]) == ("SpotUsage:c5.large", Decimal("0.0385"))
    assert (row["on_demand_rate"], row["basis"]) == (Decimal("0.085"), "price list 2026-07-20")
    assert (row["list_spot_rate"], row["list_spot_basis"]) == (Decimal("0.0417"), "price list 2025-04-24")
    assert row["saved"] == row["hours"] * Decimal("0.085") - row["cost"]


def test_an_export_by_the_day_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ({**usage(24 * day, 24), **hour(24 * day, 24)} for day in range(5))
    database = loaded(tmp_path, rows)
    assert main(["recommend", "spot", "--db", str(database)]) == 2
    assert "a day hides its peaks" in capsys.readouterr().err
