"""Reads every shape of the demo back with nothing but DuckDB and the manifests, and ties it to truth.json.

The formulas stand here a second time, in SQL, so that a mistake in the generator's own arithmetic shows.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.ingest.demo import SHAPES, write_export

MONTHS = ["2026-08", "2026-09", "2026-10"]
CUR_SHAPES = [shape for shape in SHAPES if not shape.startswith("focus")]
FOCUS_SHAPES = [shape for shape in SHAPES if shape.startswith("focus")]
TOLERANCE = Decimal("0.000001")
CUR_DIMENSIONS = {
    "line_item_type": "line_item_line_item_type",
    "account": "line_item_usage_account_id",
    "service": "line_item_product_code",
    "region": "coalesce(product_region_code, '')",
    "usage_type": "coalesce(line_item_usage_type, '')",
    "day": "day",
    "tag:Owner": "owner",
}
FOCUS_DIMENSIONS = {
    "account": "SubAccountId",
    "service": "x_ServiceCode",
    "region": "coalesce(RegionId, '')",
    "tag:Owner": "owner",
}
Truth = dict[str, Any]
METRICS = ("unblended", "net_unblended", "amortized", "net_amortized", "list")

TIME = "line_item_usage_start_date"
TEXT = """
product_region_code line_item_usage_account_id line_item_line_item_type line_item_product_code
line_item_usage_type line_item_resource_id bill_invoice_id
savings_plan_savings_plan_a_r_n reservation_reservation_a_r_n
"""
MONEY = """
line_item_unblended_cost line_item_net_unblended_cost pricing_public_on_demand_cost
savings_plan_savings_plan_effective_cost savings_plan_net_savings_plan_effective_cost
savings_plan_total_commitment_to_date savings_plan_used_commitment
savings_plan_amortized_upfront_commitment_for_billing_period
savings_plan_net_amortized_upfront_commitment_for_billing_period
savings_plan_net_recurring_commitment_for_billing_period
reservation_effective_cost reservation_net_effective_cost
reservation_amortized_upfront_fee_for_billing_period
reservation_unused_amortized_upfront_fee_for_billing_period reservation_unused_recurring_fee
reservation_net_unused_amortized_upfront_fee_for_billing_period reservation_net_unused_recurring_fee
"""
# Gross and net by the same formulas: `net_` columns where the month has them, else the gross ones.
CUR_METRICS = """
with line as (
    select
        *,
        line_item_line_item_type as type,
        line_item_unblended_cost as u,
        coalesce(line_item_net_unblended_cost, u) as n,
        coalesce(reservation_reservation_a_r_n, '') <> '' as reserved,
        savings_plan_savings_plan_effective_cost as plan_gross,
        coalesce(savings_plan_net_savings_plan_effective_cost, plan_gross) as plan_net,
        savings_plan_total_commitment_to_date - savings_plan_used_commitment as left_gross,
        savings_plan_net_amortized_upfront_commitment_for_billing_period
            + savings_plan_net_recurring_commitment_for_billing_period as net_commitment,
        reservation_unused_amortized_upfront_fee_for_billing_period
            + reservation_unused_recurring_fee as unused_gross,
        coalesce(
            reservation_net_unused_amortized_upfront_fee_for_billing_period
                + reservation_net_unused_recurring_fee,
            unused_gross
        ) as unused_net
    from raw
),
used as (
    select savings_plan_savings_plan_a_r_n as arn, line_item_usage_start_date as hour,
        sum(plan_net) as net_used
    from line
    where type = 'SavingsPlanCoveredUsage'
    group by arn, hour
)
select
    line.*,
    u as unblended,
    n as net_unblended,
    case
        when type = 'SavingsPlanCoveredUsage' then plan_gross
        when type = 'SavingsPlanRecurringFee' then left_gross
        when type in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') then 0
        when type = 'DiscountedUsage' then reservation_effective_cost
        when type = 'RIFee' then unused_gross
        when type = 'Fee' and reserved then 0
        else u
    end as amortized,
    case
        when type = 'SavingsPlanCoveredUsage' then plan_net
        when type = 'SavingsPlanRecurringFee'
            then coalesce(net_commitment - coalesce(net_used, 0), left_gross)
        when type in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') then 0
        when type = 'DiscountedUsage'
            then coalesce(reservation_net_effective_cost, reservation_effective_cost)
        when type = 'RIFee' then unused_net
        when type = 'Fee' and reserved then 0
        else n
    end as net_amortized,
    case
        when type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
            then coalesce(nullif(pricing_public_on_demand_cost, 0), u)
        when type in ('SavingsPlanNegation', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee') then 0
        when type = 'RIFee' or (type like '%Discount' and type <> 'FutureDiscount') then 0
        when type = 'Fee' and reserved then 0
        else u
    end as list,
    strftime(line_item_usage_start_date, '%Y-%m-%d') as day
from line
left join used on arn = savings_plan_savings_plan_a_r_n and hour = line_item_usage_start_date
"""


def athena(name: str) -> str:
    spaced = re.sub("([A-Z])", r"_\1", name).lower()
    return re.sub("_+", "_", re.sub("[^a-z0-9]", "_", spaced)).strip("_")


def manifest(folder: Path, month: str) -> dict[str, Any]:
    """The period's manifest, which names the newest delivery: the one highest up."""
    start = month.replace("-", "") + "01"
    found = [
        path
        for path in folder.rglob("*-Manifest.json")
        if any(part.startswith(start + "-") or part.endswith("=" + month) for part in path.parts)
    ]
    document: dict[str, Any] = json.loads(min(found, key=lambda path: len(path.parts)).read_text("utf-8"))
    return document


def data_files(folder: Path, month: str) -> list[Path]:
    """The files the manifest lists; their keys start at the bucket, which is two levels above an export."""
    document = manifest(folder, month)
    keys = document.get("reportKeys") or [re.sub("^s3://[^/]+/", "", uri) for uri in document["dataFiles"]]
    return [folder.parent.parent / key for key in keys]


class Ledger:
    """One month of one shape in an in-memory DuckDB: `facts` with the five metrics, or the FOCUS rows."""

    def __init__(self, folder: Path, month: str) -> None:
        self.db = duckdb.connect()
        self.db.execute("set timezone = 'UTC'")
        files = data_files(folder, month)
        names = ", ".join(f"'{path}'" for path in files)
        reader = "read_parquet" if files[0].suffix == ".parquet" else "read_csv"
        options = "" if reader == "read_parquet" else ", all_varchar = true, header = true, union_by_name = true"
        self.source = f"{reader}([{names}]{options})"
        # CSV text goes to a decimal as it stands; a double in Parquet has the nearest tenth decimal.
        self.columns = [row[0] for row in self.db.execute(f"describe select * from {self.source}").fetchall()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.db.execute(query).fetchall()

    def by(self, dimension: str, metric: str) -> dict[str, Decimal]:
        found = self.rows(f"select {dimension}, sum({metric}) from facts group by all")
        return {str(key): Decimal(value) for key, value in found if value}


def cur_ledger(folder: Path, month: str) -> Ledger:
    ledger = Ledger(folder, month)
    known = {athena(name): name for name in ledger.columns if not name.startswith("resourceTags/")}
    picks = [pick(name, known, "varchar") for name in TEXT.split()]
    picks += [pick(name, known, "decimal(38, 10)") for name in MONEY.split()]
    picks.append(pick(TIME, known, "timestamp"))
    picks.append(tags(ledger, TAGGABLE_CUR))
    ledger.db.execute(f"create table raw as select {', '.join(picks)} from {ledger.source}")
    ledger.db.execute(f"create table facts as {CUR_METRICS}")
    return ledger


def pick(name: str, known: dict[str, str], kind: str) -> str:
    if name not in known:
        return f"cast(null as {kind}) as {name}"
    return f"cast(nullif(cast(\"{known[name]}\" as varchar), '') as {kind}) as {name}"


def tag(ledger: Ledger, *keys: str) -> str:
    """The first trimmed value of a tag under these keys, in whatever spelling the shape has."""
    values = ", ".join(f"nullif(trim({value}), '')" for key in keys if (value := raw_tag(ledger, key)))
    return f"coalesce({values}, '(untagged)')"


def raw_tag(ledger: Ledger, key: str) -> str:
    """The value of one key; blank text where this month has no such column."""
    if "Tags" in ledger.columns:
        return f"cast(Tags as json) ->> '{key}'"
    if "resource_tags" in ledger.columns:
        return f"cast(resource_tags as json) ->> '{athena('user:' + key)}'"
    legacy = f"resourceTags/user:{key}"
    known = [name for name in (legacy, athena(legacy)) if name in ledger.columns]
    return f'"{known[0]}"' if known else ""


TAGGABLE_CUR = """line_item_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
    and coalesce(line_item_resource_id, '') <> ''"""
TAGGABLE_FOCUS = """ChargeCategory = 'Usage' and coalesce(ChargeClass, '') <> 'Correction'
    and coalesce(CommitmentDiscountStatus, '') <> 'Unused' and coalesce(ResourceId, '') <> ''"""


def tags(ledger: Ledger, taggable: str) -> str:
    found = {"owner": tag(ledger, "Owner"), "environment": tag(ledger, "Environment", "env", "stage")}
    return ", ".join(
        f"case when {taggable} then {value} else '(untaggable)' end as {name}" for name, value in found.items()
    )


def focus_ledger(folder: Path, month: str) -> Ledger:
    ledger = Ledger(folder, month)
    costs = [f"cast({name} as decimal(38, 10)) as {name}" for name in ("BilledCost", "EffectiveCost", "ListCost")]
    day = "strftime(cast(ChargePeriodStart as timestamp), '%Y-%m-%d') as day"
    picks = [f"* replace ({', '.join(costs)})", tags(ledger, TAGGABLE_FOCUS), day]
    ledger.db.execute(f"create table facts as select {', '.join(picks)} from {ledger.source}")
    return ledger


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bucket")


@pytest.fixture(scope="module")
def exports(bucket: Path) -> dict[str, Path]:
    return {shape: write_export(shape, bucket) for shape in SHAPES}


@pytest.fixture(scope="module")
def ledgers(exports: dict[str, Path]) -> Iterator[dict[tuple[str, str], Ledger]]:
    opened = {}
    for shape, folder in exports.items():
        load = focus_ledger if shape in FOCUS_SHAPES else cur_ledger
        opened.update({(shape, month): load(folder, month) for month in MONTHS})
    yield opened
    for ledger in opened.values():
        ledger.db.close()


@pytest.fixture(scope="module")
def truth(bucket: Path, exports: dict[str, Path]) -> Truth:
    assert exports
    document: Truth = json.loads((bucket / "truth.json").read_text("utf-8"))
    return document


def said(truth: Truth, month: str, dimension: str, metric: str) -> dict[str, Decimal]:
    groups = truth["periods"][month]["by"][dimension]
    return {key: Decimal(figures[metric]) for key, figures in groups.items()}


def only(found: dict[str, Decimal], groups: tuple[str, ...]) -> dict[str, Decimal]:
    return {group: found.get(group, Decimal(0)) for group in groups}


def near(left: dict[str, Decimal], right: dict[str, Decimal], tolerance: Decimal) -> None:
    """Equal in every group; a group that is nothing may be absent."""
    for key in left.keys() | right.keys():
        found, expected = left.get(key, Decimal(0)), right.get(key, Decimal(0))
        assert abs(found - expected) <= tolerance, (key, found, expected)


def tolerance(shape: str) -> Decimal:
    return TOLERANCE if "parquet" in shape else Decimal(0)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_manifest_names_files_that_exist(exports: dict[str, Path], shape: str) -> None:
    files = [file for month in MONTHS for file in data_files(exports[shape], month)]
    assert len(set(files)) == (3 if "parquet" in shape else 6)
    assert all(file.is_file() for file in files)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_of_three_months_stays_small(exports: dict[str, Path], shape: str) -> None:
    assert sum(file.stat().st_size for file in exports[shape].rglob("*") if file.is_file()) < 20_000_000


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", CUR_SHAPES)
def test_every_report_ties_to_the_truth_by_every_dimension(
    truth: Truth, ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    for dimension, column in CUR_DIMENSIONS.items():
        for metric in METRICS:
            near(
                ledgers[shape, month].by(column, metric),
                said(truth, month, dimension, metric),
                tolerance(shape),
            )


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", CUR_SHAPES)
def test_every_report_ties_to_the_total_and_the_rows_of_the_truth(
    truth: Truth, ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    ledger, period = ledgers[shape, month], truth["periods"][month]
    assert ledger.rows("select count(*) from facts")[0][0] == period["rows"]["cur"]
    for metric in METRICS:
        assert abs(ledger.by("1", metric)["1"] - Decimal(period["totals"][metric])) <= tolerance(shape)


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", FOCUS_SHAPES)
def test_focus_ties_to_the_truth_by_account_service_region_and_tag(
    truth: Truth, ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    ledger = ledgers[shape, month]
    for dimension, column in FOCUS_DIMENSIONS.items():
        expected = said(truth, month, dimension, "net_amortized")
        near(ledger.by(column, "EffectiveCost"), expected, tolerance(shape))
    for column, metric in (("BilledCost", "net_unblended"), ("ListCost", "list")):
        near(ledger.by("SubAccountId", column), said(truth, month, "account", metric), tolerance(shape))


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", FOCUS_SHAPES)
def test_focus_totals_are_unblended_and_amortized(
    truth: Truth, ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    ledger, period = ledgers[shape, month], truth["periods"][month]
    assert ledger.rows("select count(*) from facts")[0][0] == period["rows"]["focus"]
    for column, metric in (("BilledCost", "unblended"), ("EffectiveCost", "amortized"), ("ListCost", "list")):
        assert abs(ledger.by("1", column)["1"] - Decimal(period["totals"][metric])) <= tolerance(shape)


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gap_of_a_tag_with_several_spellings_is_the_same_in_every_shape(
    truth: Truth, ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    cost = "EffectiveCost" if shape in FOCUS_SHAPES else "net_amortized"
    found = ledgers[shape, month].by("environment", cost)
    expected = said(truth, month, "tag:Environment", "net_amortized")
    groups = ("(untagged)", "(untaggable)")
    near(only(found, groups), only(expected, groups), tolerance(shape))


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", CUR_SHAPES)
def test_amortized_ties_to_unblended_by_the_identity(
    ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    found = ledgers[shape, month].rows(
        """
        select
            sum(unblended) - sum(amortized),
            sum(unblended) filter (type = 'SavingsPlanUpfrontFee' or (type = 'Fee' and reserved)),
            sum(savings_plan_amortized_upfront_commitment_for_billing_period),
            sum(reservation_amortized_upfront_fee_for_billing_period)
        from facts
        """
    )[0]
    difference, paid, plans, reservations = (Decimal(value or 0) for value in found)
    assert abs(difference - (paid - plans - reservations)) <= tolerance(shape)


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("shape", CUR_SHAPES)
def test_discount_lines_are_what_the_net_costs_leave_out(
    ledgers: dict[tuple[str, str], Ledger], shape: str, month: str
) -> None:
    near(
        ledgers[shape, month].by("1", "unblended"),
        ledgers[shape, month].by("1", "net_unblended"),
        tolerance(shape),
    )


@pytest.mark.parametrize("shape", CUR_SHAPES)
def test_negation_cancels_the_covered_usage_of_every_hour(ledgers: dict[tuple[str, str], Ledger], shape: str) -> None:
    left = ledgers[shape, "2026-09"].rows(
        """
        select sum(unblended), sum(net_unblended), savings_plan_savings_plan_a_r_n, line_item_usage_start_date
        from facts where type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation') group by all
        """
    )
    assert len(left) > 700
    assert all(abs(Decimal(value)) <= tolerance(shape) for row in left for value in row[:2])


def test_net_columns_exist_only_in_months_with_a_discount(exports: dict[str, Path]) -> None:
    for month, expected in (("2026-08", False), ("2026-09", True), ("2026-10", True)):
        ledger = Ledger(exports["legacy-csv"], month)
        assert ("lineItem/NetUnblendedCost" in ledger.columns) is expected


def test_one_tag_column_exists_in_one_month_only(exports: dict[str, Path]) -> None:
    columns = [set(Ledger(exports["legacy-csv"], month).columns) for month in MONTHS]
    assert [sum("Campaign" in name for name in found) for found in columns] == [0, 1, 0]


def test_keys_that_differ_in_case_are_two_columns_in_csv_and_one_in_parquet(exports: dict[str, Path]) -> None:
    csv_names = {name.lower(): name for name in header(data_files(exports["legacy-csv"], "2026-10")[0])}
    assert len(csv_names) == len(header(data_files(exports["legacy-csv"], "2026-10")[0])) - 1
    parquet = Ledger(exports["legacy-parquet"], "2026-10").columns
    assert len({name.lower() for name in parquet}) == len(parquet)
    assert "resource_tags_user_team" in parquet


def header(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


@pytest.mark.parametrize("shape", ["legacy-csv", "cur2-csv", "focus"])
def test_every_chunk_has_its_own_header(exports: dict[str, Path], shape: str) -> None:
    first, second = data_files(exports[shape], "2026-10")
    assert header(first) == header(second)


@pytest.mark.parametrize("shape", ["legacy-csv", "cur2-csv", "focus"])
def test_the_restated_month_keeps_both_deliveries(exports: dict[str, Path], shape: str) -> None:
    newest = data_files(exports[shape], "2026-09")
    every = [file for file in exports[shape].rglob("*.csv.gz") if in_period(file, "2026-09")]
    assert len(every) == 4
    assert set(newest) < set(every)


def in_period(file: Path, month: str) -> bool:
    start = month.replace("-", "") + "01"
    return any(part.startswith(start + "-") or part.endswith("=" + month) for part in file.parts)


@pytest.mark.parametrize("shape", ["legacy-csv", "cur2-csv", "focus"])
def test_a_month_has_the_same_bytes_in_every_run(exports: dict[str, Path], shape: str, tmp_path: Path) -> None:
    again = write_export(shape, tmp_path, months=1)
    files = [file for file in again.rglob("*") if file.is_file()]
    assert len(files) == 4
    for file in files:
        assert file.read_bytes() == (exports[shape] / file.relative_to(again)).read_bytes()


def test_invoice_ids_are_blank_only_while_the_month_is_open(ledgers: dict[tuple[str, str], Ledger]) -> None:
    blank = "select count(*) filter (coalesce(bill_invoice_id, '') = ''), count(*) from facts"
    for month, share in (("2026-08", 0), ("2026-09", 0), ("2026-10", 1)):
        found, rows = ledgers["cur2-csv", month].rows(blank)[0]
        assert found == share * rows


def test_accounts_keep_their_leading_zeros(ledgers: dict[tuple[str, str], Ledger]) -> None:
    for shape in CUR_SHAPES:
        accounts = ledgers[shape, "2026-10"].by("line_item_usage_account_id", "unblended")
        assert {len(account) for account in accounts} == {12}
        assert any(account.startswith("0") for account in accounts)
