"""Prices of storage: the bill's own before any list, never those of another region, and which are worth asking for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from finops.config import Settings
from finops.price_wants import wants
from finops.prices import OwnRate, PriceBook, PriceRow
from finops.prices.lookup import Usage
from finops.rates import Rated
from finops.recommend.lifecycle_ebs import to_gp3
from finops.recommend.lifecycle_prices import StoragePrices, basis_of
from finops.recommend.lifecycle_usage import Holder, Stored, Window

END = date(2026, 11, 1)
S3 = "AmazonS3"


def own(cost: str, quantity: str, unit: str = "GB-Mo") -> OwnRate:
    return OwnRate(Decimal(cost), Decimal(quantity), unit, "USD")


def listed(service: str, key: str, price: str, unit: str = "GB-Mo") -> PriceRow:
    return PriceRow(service, "eu-west-1", "on_demand", key, unit, Decimal(price), "USD", date(2026, 10, 1), "asked")


def rated(usage_type: str, service: str = S3, region: str = "eu-west-1", operation: str = "StandardStorage") -> Rated:
    return Rated((service, region, usage_type, operation), Decimal(1), own("1", "1"))


def test_own_rates_of_several_operations_are_one_and_come_before_a_list() -> None:
    rates: dict[Usage, OwnRate] = {
        (S3, "eu-west-1", "EU-Requests-Tier4", "S3-SIATransition"): own("1", "100000", "Requests"),
        (S3, "eu-west-1", "EU-Requests-Tier4", "S3-INTTransition"): own("2", "200000", "Requests"),
    }
    book = PriceBook.of(rates, [listed(S3, "Requests-Tier4", "0.5"), listed(S3, "Retrieval-SIA", "0.01")])
    prices = StoragePrices.of(book)
    found = [prices.price(S3, "eu-west-1", key) for key in ("Requests-Tier4", "Retrieval-SIA")]
    assert [(one.price, one.basis) for one in found if one] == [
        (Decimal("0.00001"), "own rate"),
        (Decimal("0.01"), "price list 2026-10-01"),
    ]
    assert basis_of(one for one in found if one) == "price list 2026-10-01"


def test_own_rates_in_several_units_are_none_and_another_region_is_none() -> None:
    rates: dict[Usage, OwnRate] = {
        (S3, "eu-west-1", "EU-Retrieval-SIA", "a"): own("1", "100", "GB"),
        (S3, "eu-west-1", "EU-Retrieval-SIA", "b"): own("1", "100", "TB"),
        (S3, "eu-west-2", "EUW2-Requests-Tier4", "a"): own("1", "100", "Requests"),
    }
    prices = StoragePrices.of(PriceBook.of(rates, []))
    assert prices.price(S3, "eu-west-1", "Retrieval-SIA") is None
    assert prices.price(S3, "eu-west-1", "Requests-Tier4") is None
    assert prices.price(S3, "eu-west-2", "Requests-Tier4") is not None


def test_throughput_priced_by_the_gib_is_the_same_as_by_the_mib() -> None:
    day, amount = date(2026, 10, 2), Decimal(500)
    numbers = (amount, amount * 30, amount * Decimal("0.1"), amount, amount * 30, amount)
    row = Stored(
        "AmazonEC2", "1", "eu-west-1", "vol-1", "T", "", "stored", "gp2", *numbers, day, date(2026, 10, 31), 1.0
    )
    held = Holder("AmazonEC2", "1", "eu-west-1", "vol-1", (row,), Window(day, day, END, 30, 30, 30))
    shared = [
        listed("AmazonEC2", "EBS:VolumeUsage.gp3", "0.08"),
        listed("AmazonEC2", "EBS:VolumeP-IOPS.gp3", "0.005", "IOPS-Mo"),
    ]
    savings = []
    for price, unit in (("40.96", "GiBps-mo"), ("0.04", "MiBps-Mo")):
        throughput = listed("AmazonEC2", "EBS:VolumeP-Throughput.gp3", price, unit)
        (found,) = to_gp3([held], StoragePrices.of(PriceBook.of({}, [*shared, throughput])), Settings())
        savings.append(found.saving)
    assert savings == [Decimal(5), Decimal(5)]


def test_what_storage_could_move_to_is_asked_for_in_its_own_region() -> None:
    asked = wants([rated("EU-TimedStorage-ByteHrs"), rated("EBS:VolumeUsage.gp2", "AmazonEC2", "us-east-1", "")]).listed
    assert {
        ("AmazonS3", "eu-west-1", "EU-TimedStorage-SIA-ByteHrs", ""),
        ("AmazonS3", "eu-west-1", "EU-Requests-Tier4", ""),
    } <= set(asked)
    assert ("AmazonEC2", "us-east-1", "EBS:VolumeUsage.gp3", "") in asked
    assert len(asked) == len(set(asked)) == 10


def test_what_has_a_rate_already_or_is_no_such_storage_is_not_asked_for() -> None:
    moved = [rated("EU-TimedStorage-ByteHrs"), rated("EU-TimedStorage-SIA-ByteHrs", operation="StandardIAStorage")]
    asked = wants(moved).listed
    assert len(asked) == 6
    assert all("SIA-ByteHrs" not in usage_type for _, _, usage_type, _ in asked)
    assert wants([rated("EU-TimedStorage-ByteHrs", "AmazonDynamoDB")]).listed == []


def test_the_class_that_logs_could_be_written_to_is_asked_for() -> None:
    asked = wants([rated("EU-DataProcessing-Bytes", "AmazonCloudWatch", operation="PutLogEvents")]).listed
    assert asked == [("AmazonCloudWatch", "eu-west-1", "EU-DataProcessingIA-Bytes", "")]
