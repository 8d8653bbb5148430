"""Advice for volumes, logs, snapshots, images and backups: each figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.recommend.lifecycle_ebs import Gp3, gp3_cost
from tests.hourly_export import DAYS, Row
from tests.stored_export import daily, lifecycle_of, stored

Answer = dict[str, Any]
GP3 = Gp3(Decimal("0.08"), Decimal("0.005"), Decimal("0.04"))
GROUP = "arn:aws:logs:us-east-1:000000000002:log-group:/ecs/shop"


@pytest.mark.parametrize(
    ("gb", "gp2", "gp3"),
    [(100, "10", "8.12"), (500, "50", "45"), (1000, "100", "85"), (2000, "200", "180"), (5334, "533.4", "496.72")],
)
def test_a_gp2_volume_costs_as_gp3_of_equal_performance_what_the_table_says(gb: int, gp2: str, gp3: str) -> None:
    assert gp3_cost(Decimal(gb), GP3) == Decimal(gp3)
    assert gb * Decimal("0.1") > gp3_cost(Decimal(gb), GP3) >= gp3_cost(Decimal(gb), GP3, throughput=False)
    assert gb * Decimal("0.1") == Decimal(gp2)


@pytest.mark.parametrize(
    ("gb", "cost"),
    [("170", "13.72"), ("170.01", "18.6008"), ("1000", "85"), ("1001", "85.095"), ("6000", "550")],
)
def test_throughput_and_iops_are_paid_for_from_the_sizes_at_which_gp2_has_them(gb: str, cost: str) -> None:
    assert gp3_cost(Decimal(gb), GP3) == Decimal(cost)


def volume(name: str, gb: int, days: range = range(DAYS), **more: str) -> Iterator[Row]:
    kind = more.pop("kind", "EBS:VolumeUsage.gp2")
    yield from daily("AmazonEC2", name, kind, Decimal(gb) / DAYS, "0.1", "CreateVolume-Gp2", days, **more)


def kept_by(service: str, name: str, kind: str, gb: int, rate: str) -> Iterator[Row]:
    yield from daily(service, name, kind, Decimal(gb) / DAYS, rate, "")


def rows() -> Iterator[Row]:
    yield from volume("vol-500", 500)
    yield from volume("vol-young", 500, range(2, DAYS))
    yield from volume("vol-gone", 500, range(20))
    yield from volume("vol-far", 500, kind="EU-EBS:VolumeUsage.gp2", **{"product/region": "eu-west-1"})
    yield from kept_by("AmazonCloudWatch", GROUP, "TimedStorage-ByteHrs", 1000, "0.03")
    yield from daily("AmazonCloudWatch", GROUP, "DataProcessing-Bytes", Decimal(10), "0.5", "PutLogEvents")
    yield from kept_by("AmazonCloudWatch", f"{GROUP}-small", "TimedStorage-ByteHrs", 166, "0.03")
    yield from daily("AmazonCloudWatch", f"{GROUP}-cheap", "DataProcessingIA-Bytes", Decimal(1), "0.25", "PutLogEvents")
    yield from kept_by(
        "AmazonECR", "arn:aws:ecr:us-east-1:000000000002:repository/shop", "TimedStorage-ByteHrs", 50, "0.1"
    )
    yield from kept_by(
        "AmazonECR", "arn:aws:ecr:us-east-1:000000000002:repository/few", "TimedStorage-ByteHrs", 49, "0.1"
    )
    yield from kept_by("AmazonRDS", "", "RDS:ChargedBackupUsage", 100, "0.095")
    yield from kept_by("AmazonDynamoDB", "table/carts", "TimedPITRStorage-ByteHrs", 40, "0.2")
    yield from kept_by("AmazonDynamoDB", "table/carts", "TimedStorage-ByteHrs", 40, "0.25")
    yield from kept_by("AmazonEC2", "snapshot/snap-1", "EBS:SnapshotUsage", 1000, "0.05")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """October, with something of every kind that is kept."""
    return stored(tmp_path_factory.mktemp("kept"), rows())


@pytest.fixture
def answer(database: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Answer:
    """What the verb prints for it."""
    tell: Callable[..., Answer] = partial(lifecycle_of, capsys, tmp_path)
    return tell(database)


def of_kind(answer: Answer, kind: str) -> dict[str, Answer]:
    return {row["resource_id"]: row for row in answer["rows"] if row["kind"] == kind}


def test_a_volume_saves_what_equal_performance_leaves_and_that_is_measured(answer: Answer) -> None:
    row = of_kind(answer, "gp2_to_gp3")["vol-500"]
    assert row["saving"] == row["saving_low"] == row["saving_in_sequence"] == pytest.approx(Decimal(5))
    assert row["saving_high"] == pytest.approx(Decimal(10))
    assert (row["class"], row["basis"], row["pay_back_months"]) == ("measured", "price list 2024-07-01", 0)
    assert row["action"] == "change vol-500 from gp2 to gp3 with 3,000 IOPS and 250 MiB/s"
    (measured,) = [one for one in answer["totals"]["by_class"] if one["class"] == "measured"]
    assert measured["saving_in_sequence"] == row["saving"]


def test_volumes_of_unknown_size_or_price_have_no_figure(answer: Answer) -> None:
    found = of_kind(answer, "gp2_to_gp3")
    assert set(found) == {"vol-500", "vol-far"}
    assert (found["vol-far"]["class"], found["vol-far"]["saving"]) == ("needs data", None)
    (young,) = [one for one in answer["problems"] if one["code"] == "young_volumes"]
    assert young["where"] == "vol-young"


def test_retention_of_logs_is_honest_about_how_little_it_saves(answer: Answer) -> None:
    found = of_kind(answer, "logs_retention")
    assert set(found) == {GROUP}
    assert found[GROUP]["saving"] == pytest.approx(Decimal(30))
    assert (found[GROUP]["class"], found[GROUP]["saving_low"]) == ("upper bound", 0)
    assert "keeping its logs costs 30.00 a month, writing them 152.08" in found[GROUP]["action"]


def test_the_class_of_logs_is_priced_by_the_rate_the_bill_shows_elsewhere(answer: Answer) -> None:
    row = of_kind(answer, "logs_class")[GROUP]
    assert row["saving"] == pytest.approx(Decimal(10) * 365 / 12 * Decimal("0.25"))
    assert (row["basis"], row["class"]) == ("own rate", "upper bound")


@pytest.mark.parametrize(
    ("kind", "resource", "cost", "saving", "certainty"),
    [
        ("ecr_images", "arn:aws:ecr:us-east-1:000000000002:repository/shop", "5", None, "needs data"),
        ("rds_backups", "", "9.5", "9.5", "upper bound"),
        ("dynamodb_pitr", "table/carts", "8", "8", "upper bound"),
    ],
)
def test_what_is_kept_has_its_cost_and_at_most_that_as_saving(
    kind: str, resource: str, cost: str, saving: str | None, certainty: str, answer: Answer
) -> None:
    found = of_kind(answer, kind)
    assert set(found) == {resource}
    row = found[resource]
    assert (row["current_cost"], row["class"]) == (pytest.approx(Decimal(cost)), certainty)
    assert row["saving"] == (None if saving is None else pytest.approx(Decimal(saving)))
    assert row["saving_in_sequence"] == row["saving"]


def test_snapshots_are_old_only_where_the_bill_goes_back_far_enough(answer: Answer) -> None:
    assert of_kind(answer, "ebs_snapshots") == {}
