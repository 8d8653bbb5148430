"""Asking AWS for prices: what is asked, what its answers become, and that nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from finops.paths import pricing_dir
from finops.prices import PriceRow, own_folder, read_prices
from finops.prices.ask_spot import prices_of
from tests.hourly_export import loaded, usage
from tests.price_server import PriceServer, price_server
from tests.s3_bucket import CREDENTIALS

TODAY = "2026-11-21"
BOX, NODE = "USE2-BoxUsage:m5.large", "USE2-NodeUsage:cache.t3.small"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceServer]:
    """AWS, and a machine that reaches no other."""
    silent = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with price_server() as server:
        more = {"AWS_ENDPOINT_URL": server.url, "AWS_EC2_METADATA_DISABLED": "true", "FINOPS_TODAY": TODAY}
        for name, value in {**CREDENTIALS, **silent, **more}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance, a cache node, and a Spot hour."""
    cache = {"lineItem/ProductCode": "AmazonElastiCache", "lineItem/Operation": "CreateCacheCluster:0002"}
    rows = [
        usage(0, 1),
        usage(1, 1, "0.034", NODE, **cache),
        usage(2, 1, "0.04", "USE2-SpotUsage:c5.large", **{"lineItem/Operation": "RunInstances:SV006"}),
    ]
    return loaded(tmp_path_factory.mktemp("bill"), rows)


@pytest.fixture(autouse=True)
def _no_own_prices(database: Path) -> None:
    for path in own_folder(database).glob("*/*.csv"):
        path.unlink()


def dimension(unit: str, price: str, begin: str = "0") -> dict[str, Any]:
    return {"unit": unit, "beginRange": begin, "pricePerUnit": {"USD": price}}


def product(on_demand: str, **reserved: tuple[str, str, str, str]) -> dict[str, Any]:
    """A product: its price on demand, and terms by name: length, payment, upfront, hourly."""
    terms = {
        name: {
            "termAttributes": {"LeaseContractLength": length, "PurchaseOption": payment, "OfferingClass": "standard"},
            "priceDimensions": {"a": dimension("Quantity", upfront), "b": dimension("Hrs", hourly)},
        }
        for name, (length, payment, upfront, hourly) in reserved.items()
    }
    return {"terms": {"OnDemand": {"x": {"priceDimensions": {"y": dimension("Hrs", on_demand)}}}, "Reserved": terms}}


def rate(usage_type: str, price: str, region: str = "us-east-2", seconds: int = 31_536_000) -> dict[str, Any]:
    offering = {"planType": "Compute", "paymentOption": "No Upfront", "durationSeconds": seconds, "currency": "USD"}
    return {
        "savingsPlanOffering": offering, "rate": price, "unit": "Hrs", "serviceCode": "AmazonEC2",
        "usageType": usage_type, "operation": "RunInstances", "properties": [{"name": "region", "value": region}],
    }  # fmt: skip


def change(days_ago: float, price: str, zone: str = "us-east-2a") -> dict[str, str]:
    at = datetime.fromisoformat(f"{TODAY}T00:00:00+00:00") - timedelta(days=days_ago)
    return {
        "instanceType": "c5.large", "productDescription": "Linux/UNIX", "spotPrice": price,
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.000Z}", "availabilityZone": zone,
    }  # fmt: skip


def refreshed(database: Path) -> dict[tuple[str, str], PriceRow]:
    """What the user's own folder holds, by kind and key."""
    assert main(["prices", "refresh", "--db", str(database)]) == 0
    own = [row for row in read_prices(database) if row.source.startswith("AWS ") and row.as_of.isoformat() == TODAY]
    return {(row.kind, row.sku_key): row for row in own}


def test_a_reservation_costs_its_hour_and_its_share_of_the_upfront_fee(aws: PriceServer, database: Path) -> None:
    terms = {"half": ("1yr", "Partial Upfront", "87.6", "0.0115"), "long": ("3yr", "All Upfront", "262.8", "0")}
    aws.products[NODE, "us-east-2"] = [product("0.0340000000", **terms)]
    found = refreshed(database)
    key = "NodeUsage:cache.t3.small|CreateCacheCluster:0002"
    assert {kind: found[kind, key].price for kind, _ in found} == {
        "on_demand": Decimal("0.034"), "ri_1yr_partial_upfront": Decimal("0.0215"),
        "ri_3yr_all_upfront": Decimal("0.01"),
    }  # fmt: skip
    assert found["on_demand", key].region == "us-east-2"


def test_products_of_different_prices_give_none(aws: PriceServer, database: Path) -> None:
    aws.products[NODE, "us-east-2"] = [product("0.034"), product("0.051")]
    assert refreshed(database) == {}


def test_of_a_price_in_tiers_the_first_one_counts(aws: PriceServer, database: Path) -> None:
    tiers = {"a": dimension("Hrs", "0.02", "100"), "b": dimension("Hrs", "0.03")}
    aws.products[NODE, "us-east-2"] = [{"terms": {"OnDemand": {"x": {"priceDimensions": tiers}}}}]
    ((row),) = refreshed(database).values()
    assert row.price == Decimal("0.03")


def test_a_plan_has_the_rate_of_the_usages_own_region_and_term(aws: PriceServer, database: Path) -> None:
    aws.rates = [rate(BOX, "0.05", "us-west-2"), rate(BOX, "0.06"), rate(BOX, "0.04", seconds=94_608_000)]
    found = refreshed(database)
    assert {kind: row.price for (kind, _), row in found.items()} == {
        "sp_compute_1yr_no_upfront": Decimal("0.06"), "sp_compute_3yr_no_upfront": Decimal("0.04"),
    }  # fmt: skip


def test_a_spot_price_counts_for_as_long_as_it_was_in_force(aws: PriceServer, database: Path) -> None:
    # .03 for 27 days, .06 for 3; what was before the 30 days counts from their start on
    aws.spot["us-east-2"] = [change(3, "0.06"), change(40, "0.03")]
    found = refreshed(database)
    key = "SpotUsage:c5.large|RunInstances"
    assert {kind: row.price for (kind, _), row in found.items()} == {
        "spot": Decimal("0.033"), "spot_p75": Decimal("0.03"), "spot_p90": Decimal("0.03"),
    }  # fmt: skip
    assert found["spot", key].unit == "Hrs"


def test_percentiles_are_of_the_time_over_all_zones() -> None:
    found = prices_of([(Decimal(1), Decimal(80)), (Decimal(3), Decimal(15)), (Decimal(9), Decimal(5))])
    assert found == {"spot": Decimal("1.7"), "spot_p75": 1, "spot_p90": 3}


def test_a_rate_that_was_asked_makes_advice_possible(
    aws: PriceServer, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.rates = [rate(BOX, "0.06")]
    refreshed(database)
    capsys.readouterr()
    assert main(["prices", "status", "--format", "csv", "--db", str(database)]) == 0
    assert f"AmazonEC2,{TODAY},0,1,us-east-2,Savings Plan,false" in capsys.readouterr().out


def test_only_what_the_bill_uses_is_asked_and_all_pages_are_read(aws: PriceServer, database: Path) -> None:
    aws.rates = [rate(BOX, "0.06"), rate("USE2-BoxUsage:m5.large", "0.06")]
    refreshed(database)
    operations = [operation for operation, _ in aws.asked]
    assert operations.count("DescribeSavingsPlansOfferingRates") == 2
    products = [
        {one["Value"] for one in body["Filters"]} for operation, body in aws.asked if operation == "GetProducts"
    ]
    # the Spot hour has no list price, and neither has what the bill does not use
    assert products == [{"us-east-2", BOX, "RunInstances"}, {"us-east-2", NODE, "CreateCacheCluster:0002"}]


def test_the_lists_that_came_with_finops_stay_as_they_are(aws: PriceServer, database: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pricing_dir().rglob("*")}
    aws.rates = [rate(BOX, "0.06")]
    refreshed(database)
    assert {path: path.stat().st_mtime_ns for path in pricing_dir().rglob("*")} == before


def test_a_dry_run_asks_nothing(aws: PriceServer, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prices", "refresh", "--dry-run", "--db", str(database)]) == 0
    assert aws.asked == []
    assert "Spot prices of 2 instance types in 1 region" in capsys.readouterr().err


def test_a_refusal_is_told_in_words_and_writes_nothing(
    aws: PriceServer, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.refusals["DescribeSavingsPlansOfferingRates"] = "AccessDeniedException"
    assert main(["prices", "refresh", "--db", str(database)]) == 4
    assert "access denied: savingsplans:DescribeSavingsPlansOfferingRates" in capsys.readouterr().err
    assert not list(own_folder(database).glob("*/*.csv"))
