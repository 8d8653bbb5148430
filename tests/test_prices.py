"""Prices: what the lists hold, which one counts, and that nothing stands in for a price that is not known."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from finops.cli import main
from finops.errors import DataError
from finops.paths import pricing_dir
from finops.prices import OwnRate, PriceBook, own_folder, price_of, read_prices, sku_keys
from finops.prices.room import COLUMNS, PriceRow, price_files
from finops.usage import open_usage, price_book
from tests.tiny_export import ingested, write_export

SMALL_CACHE = ("AmazonElastiCache", "us-east-2", "USE2-NodeUsage:cache.t3.small", "CreateCacheCluster:0002")
LISTED = read_prices()


def listed(price: str, as_of: str, region: str = "us-east-2", kind: str = "on_demand") -> PriceRow:
    key = "NodeUsage:cache.t3.small|CreateCacheCluster:0002"
    day = date.fromisoformat(as_of)
    return PriceRow("AmazonElastiCache", region, kind, key, "Hrs", Decimal(price), "USD", day, "a test")


# --- the room


def test_the_manifest_names_every_list_with_its_rows_and_digest() -> None:
    room = pricing_dir()
    with (room / "manifest.csv").open(newline="") as handle:
        manifest = {row["file"]: row for row in csv.DictReader(handle)}
    files = {path.relative_to(room).as_posix(): path.read_bytes() for path in room.glob("*/*.csv")}
    assert {name: (row["rows"], row["sha256"]) for name, row in manifest.items()} == {
        name: (str(text.count(b"\n") - 1), sha256(text).hexdigest()) for name, text in files.items()
    }
    assert all(row["as_of"] == Path(name).stem and row["source"] for name, row in manifest.items())


def test_a_list_lies_where_its_service_and_day_say() -> None:
    for path in price_files(pricing_dir()):
        with path.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert {(row["service"], row["as_of"]) for row in rows} == {(path.parent.name, path.stem)}


def test_no_price_is_nothing_and_none_is_there_twice() -> None:
    keys = [(row.service, row.region, row.kind, row.sku_key, row.as_of) for row in LISTED]
    assert len(keys) == len(set(keys))
    assert min(row.price for row in LISTED) > 0


@pytest.mark.parametrize(
    ("service", "region", "usage_type", "operation", "kind", "price"),
    [
        ("AmazonEC2", "us-east-1", "BoxUsage:m5.large", "RunInstances", "on_demand", "0.096"),
        ("AmazonEC2", "us-east-1", "BoxUsage:m5.large", "RunInstances:0002", "on_demand", "0.188"),
        ("AmazonEC2", "us-east-1", "NatGateway-Hours", "NatGateway", "on_demand", "0.045"),
        ("AmazonECS", "us-east-1", "USE1-Fargate-vCPU-Hours:perCPU", "FargateTask", "on_demand", "0.04048"),
        ("AWSLambda", "us-east-1", "Lambda-GB-Second", "Invoke", "on_demand", "0.0000166667"),
        (*SMALL_CACHE, "on_demand", "0.034"),
        (*SMALL_CACHE, "ri_3yr_no_upfront", "0.018"),
        ("AmazonEC2", "us-east-1", "BoxUsage:m6a.xlarge", "RunInstances", "sp_compute_1yr_no_upfront", "0.13965"),
    ],
)
def test_a_usage_of_the_bill_finds_its_price(
    service: str, region: str, usage_type: str, operation: str, kind: str, price: str
) -> None:
    found = price_of(PriceBook.of({}, LISTED), (service, region, usage_type, operation), kind)
    assert found is not None
    assert found.price == Decimal(price)
    assert found.basis == f"price list {found.as_of}"


# --- which price counts


def test_the_own_rate_comes_before_any_list() -> None:
    own = {SMALL_CACHE: OwnRate(Decimal("2.4"), Decimal(80), "Hrs", "USD")}
    found = price_of(PriceBook.of(own, LISTED), SMALL_CACHE)
    assert found is not None
    assert (found.price, found.basis, found.as_of) == (Decimal("0.03"), "own rate", None)


def test_an_own_rate_on_demand_says_nothing_of_a_reservation() -> None:
    own = {SMALL_CACHE: OwnRate(Decimal("2.4"), Decimal(80), "Hrs", "USD")}
    assert price_of(PriceBook.of(own, []), SMALL_CACHE, "ri_1yr_no_upfront") is None


def test_the_newest_list_wins() -> None:
    book = PriceBook.of({}, [listed("0.03", "2025-01-01"), listed("0.02", "2026-01-01")])
    found = price_of(book, SMALL_CACHE)
    assert found is not None
    assert (found.price, found.basis) == (Decimal("0.02"), "price list 2026-01-01")


def test_the_price_of_another_region_is_no_price() -> None:
    assert price_of(PriceBook.of({}, [listed("0.03", "2025-01-01", region="us-east-1")]), SMALL_CACHE) is None


@pytest.mark.parametrize(
    ("usage_type", "operation", "keys"),
    [
        ("USE2-BoxUsage:t3.medium", "RunInstances", ("BoxUsage:t3.medium|RunInstances", "BoxUsage:t3.medium")),
        ("EU-NatGateway-Hours", "", ("NatGateway-Hours|", "NatGateway-Hours")),
        ("US-DataTransfer-Out-Bytes", "GET", ("US-DataTransfer-Out-Bytes|GET", "US-DataTransfer-Out-Bytes")),
        ("APS1-SpotUsage:c5.large", "RunInstances:SV006", ("SpotUsage:c5.large|RunInstances", "SpotUsage:c5.large")),
        ("USW2-LAX1-BoxUsage:c5.large", "", ("LAX1-BoxUsage:c5.large|", "LAX1-BoxUsage:c5.large")),
    ],
)
def test_a_usage_type_loses_the_prefix_of_its_region(usage_type: str, operation: str, keys: tuple[str, str]) -> None:
    assert sku_keys(usage_type, operation) == keys


# --- the user's own folder


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "finops.duckdb"


def written(database: Path, *lines: str) -> Path:
    path = own_folder(database) / "AmazonElastiCache" / "2026-11-01.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return path


def test_a_list_in_the_users_own_folder_counts_too(database: Path) -> None:
    line = "AmazonElastiCache,us-east-2,on_demand,NodeUsage:cache.t3.small|CreateCacheCluster:0002,Hrs,0.04,USD"
    written(database, f"{line},2026-11-01,AWS Price List")
    found = price_of(PriceBook.of({}, read_prices(database)), SMALL_CACHE)
    assert found is not None
    assert (found.price, found.source) == (Decimal("0.04"), "AWS Price List")


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "", "free"])
def test_a_price_of_nothing_is_refused(database: Path, price: str) -> None:
    path = written(database, f"AmazonElastiCache,us-east-2,on_demand,a,Hrs,{price},USD,2026-11-01,x")
    with pytest.raises(DataError) as told:
        read_prices(database)
    assert told.value.where == f"{path}:2"


# --- the rates of a bill


RATES = (
    # a free tier, and the same usage type at its rate; a reservation; a Spot hour; what is not usage
    {"lineItem/UnblendedCost": "0", "lineItem/UsageAmount": "10"},
    {"lineItem/UnblendedCost": "0.288", "lineItem/UsageAmount": "3"},
    {"lineItem/UnblendedCost": "0", "lineItem/UsageAmount": "2", "lineItem/LineItemType": "DiscountedUsage",
     "lineItem/UsageType": "USE2-BoxUsage:c5.large", "pricing/publicOnDemandCost": "0.17"},
    {"lineItem/UnblendedCost": "0.04", "lineItem/UsageAmount": "1", "lineItem/UsageType": "USE2-SpotUsage:c5.large"},
    {"lineItem/UnblendedCost": "9", "lineItem/UsageAmount": "1", "lineItem/LineItemType": "Fee"},
)  # fmt: skip


def rated(folder: Path) -> Path:
    database = folder / "finops.duckdb"
    always = {"lineItem/Operation": "RunInstances", "pricing/unit": "Hrs"}
    assert main(["ingest", str(write_export(folder, RATES, **always)), "--db", str(database)]) == 0
    return database


def test_the_bill_gives_the_rate_it_charged_and_else_the_public_one(tmp_path: Path) -> None:
    with open_usage(rated(tmp_path)) as usage:
        rates = {one[2]: rate.rate for one, rate in price_book(usage).own.items()}
    assert rates == {"USE2-BoxUsage:m5.large": Decimal("0.096"), "USE2-BoxUsage:c5.large": Decimal("0.085")}


def told(database: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict]:
    capsys.readouterr()
    code = main(["prices", "status", "--format", "json", "--db", str(database), *options])
    return code, json.loads(capsys.readouterr().out, parse_float=Decimal)


def test_status_says_what_has_no_price_and_what_it_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, document = told(rated(tmp_path), capsys)
    assert document["totals"]["unpriced"] == [
        {"service": "AmazonEC2", "region": "us-east-2", "usage_type": "USE2-SpotUsage:c5.large",
         "operation": "RunInstances", "cost": Decimal("0.04")}
    ]  # fmt: skip
    assert document["totals"]["by_basis"] == [
        {"basis": "own rate", "usage_types": 2, "cost": Decimal("0.288")},
        {"basis": "unknown", "usage_types": 1, "cost": Decimal("0.04")},
    ]


@pytest.mark.parametrize(("today", "old"), [("2026-02-17", False), ("2027-02-17", False), ("2027-02-18", True)])
def test_a_list_is_old_after_180_days(
    today: str, old: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_TODAY", today)
    _, document = told(tmp_path / "none.duckdb", capsys)
    (row,) = [row for row in document["rows"] if (row["service"], row["as_of"]) == ("AmazonECS", "2026-08-21")]
    assert row["old"] is old
    assert [problem["code"] for problem in document["problems"]] == ["no_own_rates", "old_prices"]


def test_strict_fails_on_usage_without_a_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = told(rated(tmp_path), capsys, "--strict")
    assert code == 3


def test_a_bill_without_quantities_has_no_rates_of_its_own(tmp_path: Path) -> None:
    with open_usage(ingested(tmp_path)) as usage:
        assert price_book(usage).own == {}
