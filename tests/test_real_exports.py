"""Exports that others wrote, where a machine has them: sums, rows and oddities, told again from the files themselves.

They lie in the folder FINOPS_REAL_EXPORTS names, or in shared/data beside the checkout, and are no part of it.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from finops.config import Settings
from finops.engines.duckdb import connect, literal
from finops.errors import DataError, UsageError
from finops.ingest.discover import survey
from finops.ledger.load import Failed, Loaded, load
from finops.reader import Ask, Ledger, open_ledger

ROOT = Path(os.environ.get("FINOPS_REAL_EXPORTS") or Path(__file__).resolve().parents[2] / "shared" / "data")
if not (ROOT / "legacy_cur_parquet_real").is_dir():
    reason = f"no real exports in {ROOT}: name their folder in FINOPS_REAL_EXPORTS"
    warnings.warn(reason, stacklevel=1)
    pytest.skip(reason, allow_module_level=True)

PARQUET, CSV, FOCUS = "legacy_cur_parquet_real", "legacy_cur_csv_real", "focus_1_0_sample"
SMALL, MADE = "mini_manifests", "nise_legacy_cur"
Loader = Callable[[str], Path]
Opener = Callable[..., Ledger]
Sums = dict[Any, Decimal]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """The database of one of the exports, loaded the first time it is asked for."""

    @cache
    def loaded(name: str) -> Path:
        path = tmp_path_factory.mktemp(name) / "finops.duckdb"
        outcomes = list(load(path, survey([ROOT / name]).found))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        return path

    return loaded


@pytest.fixture
def opened(database: Loader) -> Iterator[Opener]:
    """Opens the ledger of an export for a question."""
    with ExitStack() as ledgers:
        yield lambda name, **ask: ledgers.enter_context(open_ledger(database(name), Settings(), Ask(**ask)))


def total(ledger: Ledger) -> Decimal:
    (row,) = ledger.rows(f"select sum({ledger.cost}) as cost from daily_cost")
    return Decimal(row["cost"])


def sums_by(ledger: Ledger, *keys: str) -> Sums:
    """Cost by some columns of resource_daily; a single key is no tuple."""
    names = ", ".join(keys)
    rows = ledger.rows(f"select {names}, sum({ledger.cost}) as cost from resource_daily group by {names}")
    return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row["cost"] for row in rows}


def added(rows: Iterable[tuple[Any, str]]) -> Sums:
    """Amounts as texts, each rounded to ten decimals, by key."""
    sums: Sums = defaultdict(Decimal)
    for key, text in rows:
        sums[key] += ten_places(text)
    return dict(sums)


def ten_places(text: str) -> Decimal:
    return Decimal(text or 0).quantize(Decimal("1e-10"), ROUND_HALF_EVEN)


def micro(value: Decimal) -> Decimal:
    return value.quantize(Decimal("1e-6"))


def read_csv(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as member:
            return list(csv.DictReader(io.TextIOWrapper(member, "utf-8", newline="")))
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# --- a year-old bill as Athena Parquet

MONTHS = {"2018-10": 10, "2018-12": 12}
# From the notes that came with the exports.
PARQUET_SUMS = {
    "2018-10": (119_307, Decimal("4064.483132"), Decimal("4195.957109")),
    "2018-12": (91_264, Decimal("408.375992"), Decimal("539.849967")),
}
AMORTIZED_UPFRONT = Decimal("131.473973")
USAGE_FEES = {
    "DiscountedUsage": ("reservation_effective_cost",),
    "RIFee": ("reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee"),
}
READ = (
    "identity_line_item_id", "identity_time_interval", "line_item_line_item_type", "line_item_product_code",
    "line_item_unblended_cost", "line_item_usage_account_id", "line_item_usage_type", "pricing_public_on_demand_cost",
    "reservation_amortized_upfront_fee_for_billing_period", *(name for names in USAGE_FEES.values() for name in names),
)  # fmt: skip
months = pytest.mark.parametrize("period", MONTHS)


@cache
def parquet_rows(period: str) -> list[dict[str, Any]]:
    (path,) = (ROOT / PARQUET / "data" / "year=2018" / f"month={MONTHS[period]}").glob("*.parquet")
    columns = f"{', '.join(READ)}, columns('resource_tags_.*')"
    cursor = connect().execute(f"select {columns} from read_parquet({literal(str(path))})")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@months
def test_parquet_rows_and_sums_are_those_that_came_with_the_export(period: str, opened: Opener) -> None:
    rows, unblended, amortized = PARQUET_SUMS[period]
    ledger = opened(PARQUET, period=period)
    assert [one["rows"] for one in ledger.deliveries] == [rows]
    assert ledger.rows("select sum(line_items) as rows from resource_daily") == [{"rows": rows}]
    assert micro(total(ledger)) == unblended
    assert micro(total(opened(PARQUET, period=period, metric="amortized"))) == amortized


@months
def test_parquet_amortized_ties_to_unblended_by_the_upfront_fees(period: str, opened: Opener) -> None:
    column = "reservation_amortized_upfront_fee_for_billing_period"
    upfront = sum((ten_places(repr(row[column] or 0.0)) for row in parquet_rows(period)), Decimal(0))
    assert micro(upfront) == AMORTIZED_UPFRONT
    cash, spread = (total(opened(PARQUET, period=period, metric=metric)) for metric in ("unblended", "amortized"))
    # AWS rounds the share of each line
    assert abs(spread - cash - upfront) < Decimal("1e-5")


@months
def test_parquet_sums_are_those_of_its_doubles_as_they_print(period: str, opened: Opener) -> None:
    told = added(
        ((row["line_item_usage_account_id"], row["line_item_product_code"]), repr(row["line_item_unblended_cost"]))
        for row in parquet_rows(period)
    )
    assert sums_by(opened(PARQUET, period=period), "sub_account_id", "x_service_code") == told


@months
def test_parquet_amortized_is_what_reservations_say(period: str, opened: Opener) -> None:
    told: Sums = defaultdict(Decimal)
    for row in parquet_rows(period):
        kind = row["line_item_line_item_type"]
        for column in USAGE_FEES.get(kind, ["line_item_unblended_cost"]):
            told[kind] += ten_places(repr(row[column] or 0.0))
    assert sums_by(opened(PARQUET, period=period, metric="amortized"), "x_line_item_type") == told


@months
def test_parquet_days_and_products_are_those_somebody_else_counted(period: str, opened: Opener) -> None:
    ledger = opened(PARQUET, period=period)
    told = {
        (date.fromisoformat(row["usage_day"]), row["product"], row["line_type"]): (
            int(row["line_items"]),
            micro(Decimal(row["unblended_cost"])),
        )
        for row in read_csv(ROOT / "daily_cost_real" / "workshop_daily_by_product.csv")
        if row["usage_day"].startswith(period)
    }
    found = ledger.rows(
        "select charge_day, x_service_code, x_line_item_type, sum(line_items) as line_items, "
        "sum(x_unblended_cost) as cost from daily_cost group by all"
    )
    assert {
        (row["charge_day"], row["x_service_code"], row["x_line_item_type"]): (row["line_items"], micro(row["cost"]))
        for row in found
    } == told


def test_parquet_status_file_is_no_data_and_no_manifest_vouches(opened: Opener) -> None:
    found = survey([ROOT / PARQUET]).found
    assert sorted(one.period or "" for one in found) == list(MONTHS)
    assert all(len(one.files) == 1 and "status" not in str(one.files[0]) for one in found)
    assert not any(one.vouched for one in found)
    assert "unvouched" in [problem.code for problem in opened(PARQUET).problems]


def test_parquet_ids_of_lines_are_not_unique_half_of_them_are_free_and_none_is_lost(opened: Opener) -> None:
    rows = parquet_rows("2018-10")
    assert sum(row["line_item_unblended_cost"] == 0 for row in rows) * 2 > len(rows)
    assert len({row["identity_line_item_id"] for row in rows}) == 1384
    assert len({(row["identity_line_item_id"], row["identity_time_interval"]) for row in rows}) == len(rows)
    ledger = opened(PARQUET, period="2018-10")
    assert ledger.rows("select sum(line_items) as rows from daily_cost") == [{"rows": len(rows)}]


def test_parquet_accounts_keep_their_leading_zeros(opened: Opener) -> None:
    accounts = set(sums_by(opened(PARQUET), "sub_account_id"))
    assert accounts == {row["line_item_usage_account_id"] for month in MONTHS for row in parquet_rows(month)}
    assert {len(account) for account in accounts} == {12}
    assert any(account.startswith("0") for account in accounts)


@months
def test_parquet_spot_has_no_public_price_and_lists_at_what_it_costs(period: str, opened: Opener) -> None:
    spot = [row for row in parquet_rows(period) if "SpotUsage" in row["line_item_usage_type"]]
    assert {row["pricing_public_on_demand_cost"] for row in spot} <= {0.0, None}
    ledger = opened(PARQUET, period=period, metric="list")
    found = ledger.rows(
        "select sum(line_items) as rows, sum(x_unblended_cost) as unblended, sum(list_cost) as list "
        "from resource_daily where pricing_category = 'Dynamic'"
    )[0]
    assert (found["rows"] or 0) == len(spot)
    assert found["list"] == found["unblended"]


@months
def test_parquet_reservation_fees_are_kept_apart_from_days(period: str, opened: Opener) -> None:
    ledger = opened(PARQUET, period=period)
    long = ledger.rows("select distinct x_line_item_type as type, hours_mask from daily_cost where x_is_long")
    assert long == [{"type": "RIFee", "hours_mask": 0}]
    fees = [row for row in parquet_rows(period) if row["line_item_line_item_type"] == "RIFee"]
    told = sum((ten_places(repr(row["line_item_unblended_cost"])) for row in fees), Decimal(0))
    assert sums_by(ledger, "x_is_long")[True] == told


@months
def test_parquet_tags_are_those_of_the_month_with_a_value(period: str, opened: Opener) -> None:
    told = added(
        ((name.removeprefix("resource_tags_"), value), repr(row["line_item_unblended_cost"]))
        for row in parquet_rows(period)
        for name, value in row.items()
        if name.startswith("resource_tags_") and value
    )
    rows = opened(PARQUET, period=period).rows(
        "select key, value, sum(x_unblended_cost) as cost from daily_cost "
        "join tag_sets using (delivery_id, tag_set_id) group by key, value"
    )
    assert {(row["key"], row["value"]): row["cost"] for row in rows} == told


def test_parquet_tag_of_one_month_is_not_in_the_other(opened: Opener) -> None:
    keys = {
        period: {row["key"] for row in opened(PARQUET, period=period).rows("select distinct key from tag_sets")}
        for period in MONTHS
    }
    assert keys["2018-10"] - keys["2018-12"] >= {"user_workload_type"}


# --- an open month as legacy CSV


@cache
def csv_rows() -> list[dict[str, str]]:
    (path,) = (ROOT / CSV).glob("*.csv")
    return read_csv(path)


def test_csv_rows_and_sums_are_those_that_came_with_the_export(opened: Opener) -> None:
    ledger = opened(CSV)
    assert [one["rows"] for one in ledger.deliveries] == [len(csv_rows())] == [1281]
    assert sums_by(ledger, "x_line_item_type") == {"Usage": Decimal("1.6023086974"), "Tax": Decimal("0.08")}


def test_csv_every_day_and_service_sums_to_the_last_decimal(opened: Opener) -> None:
    told = added(
        (
            (date.fromisoformat(row["lineItem/UsageStartDate"][:10]), row["lineItem/ProductCode"]),
            row["lineItem/UnblendedCost"],
        )
        for row in csv_rows()
    )
    assert sums_by(opened(CSV), "charge_day", "x_service_code") == told


def test_csv_amounts_in_scientific_notation_are_exact(opened: Opener) -> None:
    tiny = {row["lineItem/UsageType"] for row in csv_rows() if "E-" in row["lineItem/UnblendedCost"]}
    assert tiny
    told = added((row["lineItem/UsageType"], row["lineItem/UnblendedCost"]) for row in csv_rows())
    found = sums_by(opened(CSV), "x_usage_type")
    assert {name: found[name] for name in tiny} == {name: told[name] for name in tiny}


def test_csv_without_invoices_is_an_estimate(opened: Opener) -> None:
    assert {row["bill/InvoiceId"] for row in csv_rows()} == {""}
    ledger = opened(CSV)
    assert ledger.final is False
    assert "estimated" in [problem.code for problem in ledger.problems]


def test_csv_tax_of_the_month_is_in_no_day(opened: Opener) -> None:
    assert sums_by(opened(CSV), "x_is_long", "x_line_item_type") == {
        (False, "Usage"): Decimal("1.6023086974"),
        (True, "Tax"): Decimal("0.08"),
    }


# --- the FOCUS sample


@cache
def focus_rows() -> list[dict[str, str]]:
    return read_csv(ROOT / FOCUS / "focus_sample.csv")


def test_focus_sums_by_period_category_and_service_are_those_of_the_file(opened: Opener) -> None:
    assert len(focus_rows()) == 1000
    for metric, column in (("unblended", "BilledCost"), ("amortized", "EffectiveCost"), ("list", "ListCost")):
        told = added(((row["BillingPeriodStart"][:7], row["ChargeCategory"]), row[column]) for row in focus_rows())
        assert sums_by(opened(FOCUS, metric=metric), "billing_period", "charge_category") == told


def test_focus_sums_are_those_that_came_with_the_export(opened: Opener) -> None:
    told = added(((row["ProviderName"], row["ChargeCategory"]), row["BilledCost"]) for row in focus_rows())
    assert told["AWS", "Usage"].quantize(Decimal("1e-8")) == Decimal("20.62033862")
    assert told["AWS", "Credit"] == Decimal("-2.6137")
    assert told["Microsoft", "Usage"].quantize(Decimal("1e-4")) == Decimal("1.9765")
    oracle = told["Oracle", "Usage"] + told["Oracle", "Adjustment"]
    assert oracle.quantize(Decimal("1e-4")) == Decimal("0.5371")
    assert total(opened(FOCUS)) == sum(told.values())


def test_focus_costs_of_more_than_ten_decimals_are_counted(tmp_path: Path) -> None:
    finer = sum(ten_places(row["BilledCost"]) != Decimal(row["BilledCost"]) for row in focus_rows())
    outcomes = [
        one for one in load(tmp_path / "finops.duckdb", survey([ROOT / FOCUS]).found) if isinstance(one, Loaded)
    ]
    notes = [problem.message for one in outcomes for problem in one.problems if problem.code == "rounded_costs"]
    assert [int(re.findall(r"\d+", note)[0]) >= finer for note in notes] == [True]


def test_focus_text_null_is_null(opened: Opener) -> None:
    ledger = opened(FOCUS)
    for column in ("region_id", "resource_id", "charge_category", "pricing_category", "x_service_code"):
        assert ledger.rows(f"select 1 from resource_daily where upper({column}) = 'NULL'") == []
    without = sum(row["ResourceId"] == "NULL" for row in focus_rows())
    assert ledger.rows("select sum(line_items) as rows from resource_daily where resource_id is null") == [
        {"rows": without or None}
    ]


def test_focus_accounts_of_any_length_stay_as_they_are(opened: Opener) -> None:
    assert set(sums_by(opened(FOCUS), "sub_account_id")) == {row["SubAccountId"] for row in focus_rows()}


def test_focus_tag_key_with_a_leading_blank_is_kept(opened: Opener) -> None:
    rows = opened(FOCUS).rows("select distinct key from tag_sets where source = 'resource_tag'")
    assert {" org", "org"} <= {row["key"] for row in rows}


def test_focus_finality_is_unknown_without_invoice_ids(opened: Opener) -> None:
    ledger = opened(FOCUS)
    assert ledger.final is None
    assert "finality_unknown" in [problem.code for problem in ledger.problems]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "focus_spec").glob("*utilization*.csv")), ids=lambda path: path.stem[:40]
)
def test_focus_example_without_account_and_currency_is_refused_by_name(path: Path, tmp_path: Path) -> None:
    (outcome,) = load(tmp_path / "finops.duckdb", survey([path]).found)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, DataError)
    assert "sub_account_id, billing_currency" in str(outcome.error)


# --- small trees with manifests


def test_small_trees_are_read_by_their_manifests(opened: Opener) -> None:
    found = survey([ROOT / SMALL]).found
    assert all(one.vouched and not one.missing for one in found)
    assert {one.period: one.files[0].suffix for one in found} == {"2024-01": ".zip", "2024-09": ".gz"}
    for one in found:
        (path,) = one.files
        cost = "lineItem/UnblendedCost" if path.suffix == ".zip" else "line_item_unblended_cost"
        rows = read_csv(path)
        ledger = opened(SMALL, period=one.period)
        assert [delivery["rows"] for delivery in ledger.deliveries] == [len(rows)]
        assert total(ledger) == sum(Decimal(row[cost]) for row in rows)


# --- a made-up bill with manifests, three months of it

MADE_PERIODS = ("2026-08", "2026-09", "2026-10")
made_periods = pytest.mark.parametrize("period", MADE_PERIODS)


@cache
def made_rows(period: str) -> list[dict[str, str]]:
    (folder,) = (ROOT / MADE).glob(f"{period.replace('-', '')}01-*/")
    return [row for path in sorted(folder.glob("*/*.csv.gz")) for row in read_csv(path)]


@made_periods
def test_made_sums_by_type_and_account_are_those_of_the_files(period: str, opened: Opener) -> None:
    told = added(
        ((row["lineItem/LineItemType"], row["lineItem/UsageAccountId"]), row["lineItem/UnblendedCost"])
        for row in made_rows(period)
    )
    ledger = opened(MADE, period=period)
    assert sums_by(ledger, "x_line_item_type", "sub_account_id") == told
    assert [one["rows"] for one in ledger.deliveries] == [len(made_rows(period))]


def test_made_sums_are_those_that_came_with_the_export(opened: Opener) -> None:
    found = sums_by(opened(MADE, period="2026-08"), "x_line_item_type")
    assert found["Usage"].quantize(Decimal("1e-5")) == Decimal("480.40284")
    assert found["SavingsPlanCoveredUsage"] == -found["SavingsPlanNegation"] == Decimal("142.848")
    assert found["SavingsPlanRecurringFee"] == Decimal("111.6")
    assert found["SavingsPlanUpfrontFee"] == 876


@made_periods
def test_made_tag_keys_that_differ_in_case_are_two_keys(period: str, opened: Opener) -> None:
    keys = ("user:Team", "user:team", "user:environment")
    told = added(
        ((key, value), row["lineItem/UnblendedCost"])
        for row in made_rows(period)
        for key in keys
        if (value := row[f"resourceTags/{key}"])
    )
    rows = opened(MADE, period=period).rows(
        "select key, value, sum(x_unblended_cost) as cost from daily_cost "
        "join tag_sets using (delivery_id, tag_set_id) where list_contains(?, key) group by key, value",
        [list(keys)],
    )
    assert {(row["key"], row["value"]): row["cost"] for row in rows} == told
    assert {key for key, _ in told} == set(keys)


def test_made_deliveries_are_vouched_for_and_complete(opened: Opener) -> None:
    found = survey([ROOT / MADE]).found
    assert [(one.period, one.vouched, len(one.files), one.missing) for one in found] == [
        (period, True, 3, ()) for period in MADE_PERIODS
    ]
    assert Counter(one["export"] for one in opened(MADE).deliveries) == {"cur": 3}


def test_made_amortized_cost_has_no_commitment_to_spread_and_says_so(opened: Opener) -> None:
    codes = [problem.code for problem in opened(MADE, metric="amortized").problems]
    assert "amortized_identity" in codes


def test_made_public_prices_are_no_numbers_so_list_cost_is_refused(opened: Opener) -> None:
    with pytest.raises(UsageError, match="pricing_public_on_demand_cost"):
        opened(MADE, metric="list")


@pytest.mark.parametrize("name", [PARQUET, MADE])
def test_a_second_ingest_reads_nothing_and_changes_nothing(name: str, database: Loader, opened: Opener) -> None:
    before = database(name).read_bytes()
    again = list(load(database(name), survey([ROOT / name]).found))
    assert [outcome.bytes_read for outcome in again if isinstance(outcome, Loaded)] == [0] * len(again)
    assert database(name).read_bytes() == before
