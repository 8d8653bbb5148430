"""Advice that needs months of history: what is old, what nobody read, what grew."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from finops.config import Settings, parse_settings
from finops.errors import ConfigError
from finops.prices import PriceBook, read_prices
from finops.recommend.lifecycle_inventory import Sizes
from finops.recommend.lifecycle_others import snapshots
from finops.recommend.lifecycle_prices import StoragePrices
from finops.recommend.lifecycle_s3 import Asked, storage_class_of
from finops.recommend.lifecycle_s3_kept import kept_too_dear
from finops.recommend.lifecycle_standards import broken, held_standards
from finops.recommend.lifecycle_usage import Holder, Stored, Window

END = date(2026, 11, 1)
WINDOW = Window(date(2026, 7, 1), date(2026, 10, 2), END, 30, 123, 30)
LISTED = [row for row in read_prices(services={"AmazonS3"}) if row.as_of == date(2024, 7, 1)]
PRICES = StoragePrices.of(PriceBook.of({}, LISTED))


def usage(
    gb: int,
    rate: str,
    measure: str = "stored",
    kind: str = "STANDARD",
    first: date = WINDOW.start,
    last: date | None = None,
    first_held: Decimal | None = None,
) -> Stored:
    """GB on each of the 30 days of the window, or so much of another measure in all of it."""
    amount = Decimal(gb)
    numbers = (amount, amount * 30, amount * Decimal(rate), amount, first_held or amount * 30, amount)
    return Stored(
        "AmazonS3",
        "1",
        "us-east-1",
        "b",
        "T",
        "",
        measure,
        kind,
        *numbers,
        first,
        last or END - timedelta(days=1),
        24.0,
    )


def bucket(*rows: Stored, service: str = "AmazonS3", name: str = "b", window: Window = WINDOW) -> Holder:
    return Holder(service, "000000000002", "us-east-1", name, rows, window)


def asked(sizes: Sizes | None = None) -> Asked:
    return Asked(PRICES, Settings(), {} if sizes is None else {"b": sizes})


def exact(objects: int, kib: int) -> Sizes:
    return Sizes(objects, objects * kib * 1024, objects, objects * kib * 1024, exact=True)


def test_a_saving_is_measured_with_the_size_of_each_object_and_90_days_without_a_read() -> None:
    found = storage_class_of(bucket(usage(1000, "0.023")), asked(exact(1000, 1024))).advice
    assert found is not None
    assert found.certainty == "measured"
    assert found.saving == Decimal("10.5")


@pytest.mark.parametrize("days", [89, 90])
def test_with_less_history_it_is_an_upper_bound(days: int) -> None:
    window = Window(END - timedelta(days=days), WINDOW.first, END, 30, days, 30)
    found = storage_class_of(bucket(usage(1000, "0.023"), window=window), asked(exact(1000, 1024))).advice
    assert found is not None
    assert found.certainty == ("measured" if days == 90 else "upper bound")


@pytest.mark.parametrize(("days", "words"), [(90, "read, object size unknown"), (91, "object size unknown")])
def test_what_was_last_read_more_than_90_days_ago_is_cold(days: int, words: str) -> None:
    read = usage(10, "0.0000004", "reads", "", last=END - timedelta(days=days))
    assert storage_class_of(bucket(usage(1000, "0.023"), read), asked()).words == words


def test_objects_written_each_month_stay_for_a_month_and_pay_their_transition() -> None:
    # a month has 365 / 12 days: in 30 of them 100,997 objects are written, in a month a tenth of all
    write = usage(102_400 * 360 // 365, "0.000005", "writes", "")
    found = storage_class_of(bucket(usage(1000, "0.023"), write), asked(exact(1000 * 1024, 1024))).advice
    assert found is not None
    assert found.saving == pytest.approx(Decimal("9.45") - 102_400 * Decimal("0.00001"), abs=Decimal("0.001"))
    assert found.more["moved_gb"] == pytest.approx(Decimal(900), abs=Decimal("0.01"))


def test_a_bucket_whose_objects_do_not_stay_is_left_alone() -> None:
    write = usage(512_000, "0.000005", "writes", "")
    found = storage_class_of(bucket(usage(1000, "0.023"), write), asked(exact(1000 * 1024, 1024)))
    assert found.advice is None
    assert found.words == "no class saves with objects of this size and turnover"


def test_growth_is_gb_a_month_since_the_first_30_days() -> None:
    grown = bucket(usage(1000, "0.023", first_held=Decimal(500 * 30)))
    assert grown.growth == pytest.approx(500 * Decimal(365) / 12 / 93)
    found = storage_class_of(grown, asked(exact(1000 * 1024, 1024))).advice
    assert found is not None
    assert grown.growth is not None
    # what came within a month stays, though no request on the bill has written it
    assert found.more["moved_gb"] == pytest.approx(1000 - grown.growth)


def test_a_cold_class_that_is_read_too_much_costs_more_than_standard() -> None:
    stored = usage(1000, "0.0125", kind="STANDARD_IA")
    retrieved = [usage(gb, "0.01", "retrieved", "STANDARD_IA") for gb in (1000, 1100)]
    silent, fires = (list(kept_too_dear(bucket(stored, one), asked())) for one in retrieved)
    assert silent == []
    (row,) = fires
    assert row.kind == "s3_retrieval"
    assert row.saving == pytest.approx(1100 * Decimal("0.01") * 365 / 12 / 30 - Decimal("10.5"))


@pytest.mark.parametrize(("gb", "days", "count"), [(100, 90, 1), (99, 90, 0), (100, 89, 0)])
def test_snapshots_of_90_days_and_5_a_month_are_named_together(gb: int, days: int, count: int) -> None:
    first = END - timedelta(days=days)
    held = [
        bucket(usage(gb, "0.05", kind="snapshot", first=first), service="AmazonEC2", name="snap-1"),
        bucket(usage(400, "0.05", kind="snapshot", first=END - timedelta(days=3)), service="AmazonEC2", name="snap-2"),
    ]
    found = list(snapshots(held, Settings()))
    assert [(row.saving, row.current_cost, row.certainty) for row in found] == [
        (Decimal(5), Decimal(25), "upper bound")
    ] * count


RAW = """
[[lifecycle.s3]]
name = "raw zone"
buckets = ["*-raw", "b?"]
transitions = {{ GLACIER = {days} }}
expire_days = {days}
noncurrent_days = 365
"""


def states(holder: Holder, settings: str) -> list[str]:
    return [one.state for one in held_standards([holder], parse_settings(settings))]


def test_a_standard_is_broken_where_all_that_is_left_is_older_for_sure() -> None:
    left = usage(100, "0.023")
    writes = [usage(9, "0.000005", "writes", "", last=END - timedelta(days=days)) for days in (63, 64)]
    young, old = (bucket(left, one, name="my-raw") for one in writes)
    assert states(young, RAW.format(days=60)) == ["cannot tell"] * 3
    assert states(old, RAW.format(days=60)) == ["broken", "broken", "cannot tell"]


def test_a_standard_is_kept_where_data_is_in_the_class() -> None:
    moved = bucket(usage(100, "0.023"), usage(1, "0.0036", kind="GLACIER"), name="my-raw")
    assert states(moved, RAW.format(days=60))[0] == "kept"


def test_a_bill_that_is_too_short_or_a_bucket_that_grows_tells_nothing() -> None:
    steady = bucket(usage(100, "0.023"), name="my-raw")
    assert states(steady, RAW.format(days=120)) == ["broken", "broken", "cannot tell"]
    assert states(steady, RAW.format(days=121)) == ["cannot tell"] * 3
    growing = bucket(usage(100, "0.023", first_held=Decimal(99 * 30)), name="my-raw")
    assert states(growing, RAW.format(days=60)) == ["cannot tell"] * 3


def test_the_first_standard_that_fits_a_name_holds() -> None:
    steady, second = usage(100, "0.023"), RAW.format(days=60).replace("raw zone", "later")
    assert len(states(bucket(steady, name="b1"), RAW.format(days=60) + second)) == 3
    assert states(bucket(steady, name="other"), RAW.format(days=60)) == []


def test_what_is_broken_is_a_row_for_each_rule_without_a_figure() -> None:
    settings = parse_settings(RAW.format(days=60))
    held = held_standards([bucket(usage(100, "0.023"), name="my-raw")], settings)
    rows = list(broken(held, settings))
    assert [row.action for row in rows] == [
        "set a transition to GLACIER at 60 days for my-raw, as raw zone asks",
        "set an expiration at 60 days for my-raw, as raw zone asks",
    ]
    assert len({row.id for row in rows}) == 2
    assert {(row.saving, row.certainty) for row in rows} == {(None, "needs data")}


@pytest.mark.parametrize(("gb", "state"), [(90, "cannot tell"), (92, "broken")])
def test_logs_are_kept_too_long_where_more_is_kept_than_was_written_in_the_days(gb: int, state: str) -> None:
    # 30 GB in 30 days are 90 in 90, and fewer once compressed
    settings = '[[lifecycle.logs]]\nname = "app"\ngroups = ["/ecs/*"]\nretention_days = 90'
    rows = usage(gb, "0.03", kind="logs"), usage(30, "0.5", "ingested", "")
    name = "arn:aws:logs:us-east-1:000000000002:log-group:/ecs/shop:*"
    assert states(bucket(*rows, service="AmazonCloudWatch", name=name), settings) == [state]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[[lifecycle.s3]]\nname = "a"\nbuckets = ["b"]\ntransitions = { STANDARD_IA = 29 }', "from 30 days on"),
        ('[[lifecycle.s3]]\nname = "a"\nbuckets = ["b"]\ntransitions = { GLACIAR = 30 }', "did you mean GLACIER"),
        ('[[lifecycle.logs]]\nname = "a"\ngroups = ["b"]\nretention_days = 45', "retention_days = 30"),
        ('[[lifecycle.logs]]\nname = "a"\ngroups = ["b"]', "retention_days"),
    ],
)
def test_a_standard_that_aws_does_not_take_is_refused(settings: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_settings(settings)
