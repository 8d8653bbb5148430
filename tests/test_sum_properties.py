"""Whatever rows an export has: every view sums to them, and money, times, ids and tags arrive as they were."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.engines.duckdb import connect, literal
from finops.engines.source import finer_sql, money
from finops.ingest.rows import store_rows
from finops.ledger.build import build
from tests.model_cases import PERIOD, build_ledger

MARTS = ("line_items", "resource_daily", "daily_cost", "period_totals", "charges")
METRICS = ("x_unblended_cost", "x_net_unblended_cost", "x_amortized_cost", "x_net_amortized_cost", "list_cost")
PLACES = Decimal("1e-10")

# --- what each metric should be, said once more and independently of the SQL

USAGE = {"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"}
NEGOTIATED = {"EdpDiscount", "PrivateRateDiscount", "SppDiscount", "RiVolumeDiscount", "Discount"}
FEES = {"RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "SavingsPlanNegation"}
TYPES = [
    *sorted(USAGE | NEGOTIATED | FEES),
    "BundledDiscount", "Credit", "Fee", "FlatRateSubscription", "Refund", "Tax", "TypeOfNextYear", None,
]  # fmt: skip
COST = "line_item_unblended_cost"
NET = "line_item_net_unblended_cost"
PUBLIC = "pricing_public_on_demand_cost"
RESERVATION = "reservation_reservation_a_r_n"
PLAN = "savings_plan_savings_plan_a_r_n"
START = "line_item_usage_start_date"
# type -> columns added, columns taken off
GROSS = {
    "SavingsPlanCoveredUsage": (["savings_plan_savings_plan_effective_cost"], []),
    "SavingsPlanRecurringFee": (["savings_plan_total_commitment_to_date"], ["savings_plan_used_commitment"]),
    "DiscountedUsage": (["reservation_effective_cost"], []),
    "RIFee": (
        ["reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee"],
        [],
    ),
    "SavingsPlanNegation": ([], []),
    "SavingsPlanUpfrontFee": ([], []),
}
AFTER_DISCOUNTS = {
    "SavingsPlanCoveredUsage": ["savings_plan_net_savings_plan_effective_cost"],
    "SavingsPlanRecurringFee": [
        "savings_plan_net_amortized_upfront_commitment_for_billing_period",
        "savings_plan_net_recurring_commitment_for_billing_period",
    ],
    "DiscountedUsage": ["reservation_net_effective_cost"],
    "RIFee": [
        "reservation_net_unused_amortized_upfront_fee_for_billing_period",
        "reservation_net_unused_recurring_fee",
    ],
}
AMOUNTS = sorted(
    {NET, PUBLIC}
    | {name for plus, minus in GROSS.values() for name in plus + minus}
    | {name for names in AFTER_DISCOUNTS.values() for name in names}
)


def amount(row: Mapping[str, Any], column: str) -> Decimal:
    return rounded(Decimal(row.get(column) or 0))


def rounded(value: Decimal) -> Decimal:
    with localcontext(prec=80):
        return value.quantize(PLACES, ROUND_HALF_EVEN)


def metrics_of(row: Mapping[str, Any], covered: Mapping[tuple[Any, Any], Decimal]) -> tuple[Decimal, ...]:
    """The five metrics of one line; `covered` is what each plan's usage cost after discounts, by hour."""
    kind, cost = row["line_item_line_item_type"], amount(row, COST)
    reservation_upfront = kind == "Fee" and bool(row.get(RESERVATION))
    net = amount(row, NET) if row.get(NET) else Decimal(0) if kind in NEGOTIATED else cost
    amortized = Decimal(0) if reservation_upfront else cost
    if kind in GROSS:
        plus, minus = GROSS[kind]
        amortized = sum((amount(row, name) for name in plus), Decimal(0))
        amortized -= sum((amount(row, name) for name in minus), Decimal(0))
    net_amortized = amortized if kind in GROSS or reservation_upfront else net
    given_after = [name for name in AFTER_DISCOUNTS.get(kind, []) if row.get(name)]
    if given_after:
        net_amortized = sum((amount(row, name) for name in given_after), Decimal(0))
        if kind == "SavingsPlanRecurringFee":
            net_amortized -= covered[row[PLAN], row[START]]
    public = amount(row, PUBLIC) or cost if kind in USAGE | {"FlatRateSubscription"} else cost
    no_list = kind in FEES | NEGOTIATED | {"BundledDiscount"} or reservation_upfront
    return cost, net, amortized, net_amortized, Decimal(0) if no_list else public


def covered_by_plans(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, Any], Decimal]:
    covered: dict[tuple[Any, Any], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["line_item_line_item_type"] == "SavingsPlanCoveredUsage" and row[PLAN]:
            covered[row[PLAN], row[START]] += amount(row, "savings_plan_net_savings_plan_effective_cost")
    return covered


# --- rows


def amounts(places: int, digits: int) -> st.SearchStrategy[str]:
    """Texts of amounts as exports write them: negative ones and huge ones among them, in every notation."""
    numbers = st.builds(
        lambda whole, part, sign: Decimal(f"{sign}{whole}.{part or 0}"),
        st.one_of(st.just(0), st.integers(0, 10**3), st.integers(0, 10**digits - 1)),
        st.text("0123456789", max_size=places),
        st.sampled_from(["", "-"]),
    )
    return st.builds(format, numbers, st.sampled_from(["f", "e", "E"]))


def export_row(places: int) -> st.SearchStrategy[dict[str, Any]]:
    hour = st.integers(0, 47)
    return st.fixed_dictionaries(
        {
            "line_item_line_item_type": st.sampled_from(TYPES),
            COST: amounts(places, 18),
            START: st.builds(lambda at: f"{datetime(2026, 10, 5) + timedelta(hours=at):%Y-%m-%dT%H:%M:%SZ}", hour),
            PLAN: st.sampled_from([None, "plan-a", "plan-b"]),
            RESERVATION: st.sampled_from([None, "reservation"]),
            "line_item_resource_id": st.sampled_from([None, "", "i-1", "i-2"]),
            "line_item_usage_account_id": st.sampled_from(["000000000002", "000000000003"]),
            "resource_tags_user_owner": st.sampled_from([None, "", "web", "data"]),
            "line_item_product_code": st.just("AmazonEC2"),
            "line_item_currency_code": st.just("USD"),
            **{name: st.one_of(st.none(), amounts(10, 15)) for name in AMOUNTS},
        }
    ).map(ending_an_hour_later)


def ending_an_hour_later(row: dict[str, Any]) -> dict[str, Any]:
    end = datetime.fromisoformat(row[START]) + timedelta(hours=1)
    return row | {"line_item_usage_end_date": end.isoformat()}


def one_fee_per_plan_and_hour(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # AWS bills a plan once an hour
    seen = set()
    kept = []
    for row in rows:
        key = (row[PLAN], row[START])
        if row["line_item_line_item_type"] == "SavingsPlanRecurringFee":
            if key in seen:
                continue
            seen.add(key)
        kept.append(row)
    return kept


def exports(places: int = 12) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(export_row(places), min_size=1, max_size=8).map(one_fee_per_plan_and_hour)


@settings(max_examples=16)
@given(exports())
def test_every_mart_sums_to_the_rows_in_every_metric(rows: list[dict[str, Any]]) -> None:
    with localcontext(prec=80):
        covered = covered_by_plans(rows)
        expected = tuple(map(sum, zip(*(metrics_of(row, covered) for row in rows), strict=True)))
    sums = ", ".join(f"sum({metric})" for metric in METRICS)
    with TemporaryDirectory() as folder:
        connection, built = build_ledger(rows, Path(folder))
        assert built.rows == len(rows)
        assert built.unblended == expected[0]
        for mart in MARTS:
            assert connection.execute(f"select {sums} from {mart}").fetchone() == expected
            line_items = "count(*)" if mart == "line_items" else "sum(line_items)"
            assert connection.execute(f"select {line_items} from {mart}").fetchone() == (len(rows),)


@settings(max_examples=5)
@given(exports(places=10))
def test_the_order_of_rows_changes_no_sum(rows: list[dict[str, Any]]) -> None:
    query = f"select x_line_item_type, {', '.join(METRICS)}, line_items from period_totals order by all"
    answers = []
    for arranged in (rows, rows[::-1]):
        with TemporaryDirectory() as folder:
            connection, _ = build_ledger(arranged, Path(folder))
            answers.append(connection.execute(query).fetchall())
    assert answers[0] == answers[1]


# --- money


engine = cache(connect)


def of_each(values: Sequence[Any], kind: str, sql: str) -> list[Any]:
    """What an expression over `x` gives for each value."""
    query = f"select {sql} from (select unnest(cast(? as {kind}[])) as x)"
    return [row[0] for row in engine().execute(query, [values]).fetchall()]


def cast_as_money(values: Sequence[Any], kind: str, half_even: bool = True) -> list[Decimal]:
    return of_each(values, kind, money("x", half_even))


def near_ties(digits: int) -> st.SearchStrategy[str]:
    """At, just below and just above the middle between two amounts of ten decimals."""
    return st.builds(
        lambda number, off: str(Decimal(number * 100 + 50 + off).scaleb(-12)),
        st.integers(-(10 ** (digits + 10)), 10 ** (digits + 10)),
        st.integers(-1, 1),
    )


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=50)


@settings(max_examples=25)
@given(many(amounts(12, 18) | near_ties(18)))
def test_a_text_is_rounded_half_even_to_ten_decimals(texts: list[str]) -> None:
    assert cast_as_money(texts, "varchar") == [rounded(Decimal(text)) for text in texts]


@settings(max_examples=25)
@given(many(amounts(10, 18)), st.booleans())
def test_a_text_of_ten_decimals_stays_as_it_is(texts: list[str], half_even: bool) -> None:
    assert cast_as_money(texts, "varchar", half_even) == [Decimal(text) for text in texts]


@example([0.13201550915, -0.25913707265])
@settings(max_examples=25)
@given(many((amounts(12, 4) | near_ties(4)).map(float)))
def test_a_double_is_rounded_half_even_as_it_prints(values: list[float]) -> None:
    assert cast_as_money(values, "double") == [rounded(Decimal(repr(value))) for value in values]


@settings(max_examples=25)
@given(many(amounts(10, 5).map(float)), st.booleans())
def test_a_double_that_prints_ten_decimals_at_most_becomes_what_it_prints(values: list[float], half_even: bool) -> None:
    assert cast_as_money(values, "double", half_even) == [rounded(Decimal(repr(value))) for value in values]


@settings(max_examples=25)
@given(many(st.floats(-1e19, 1e19)))
def test_a_huge_double_is_off_by_no_more_than_doubles_are(values: list[float]) -> None:
    for value, cast in zip(values, cast_as_money(values, "double"), strict=True):
        with localcontext(prec=80):
            assert abs(cast - Decimal(value)) <= max(PLACES, abs(Decimal(value)) * Decimal("4e-15"))


@settings(max_examples=25)
@given(many(amounts(12, 18) | near_ties(18)))
def test_a_text_of_more_than_ten_decimals_is_known_as_such(texts: list[str]) -> None:
    found = of_each(texts, "varchar", finer_sql("x", "VARCHAR"))
    assert found == [rounded(Decimal(text)) != Decimal(text) for text in texts]


@pytest.mark.parametrize("columns", [[COST], AMOUNTS], ids=["the cost itself", "every other amount"])
def test_an_amount_of_more_than_ten_decimals_is_rounded_half_even_and_noted(columns: list[str], tmp_path: Path) -> None:
    row = {**ROW, COST: "1", **dict.fromkeys(columns, "0.00000000025")}
    connection, built = build_ledger([row], tmp_path)
    (staged_row,) = connection.execute("select * from cur").fetchall()
    assert staged_row.count(Decimal("2E-10")) == len(columns)
    assert "rounded_costs" in [problem.code for problem in built.problems]


@pytest.mark.parametrize("text", ["1e28", "-12345678901234567890123456789", "NaN", "1,000.00", "$5"])
def test_an_amount_that_cannot_be_held_is_an_error(text: str, tmp_path: Path) -> None:
    import duckdb

    with pytest.raises(duckdb.ConversionException):
        build_ledger([{**ROW, COST: text}], tmp_path)


ROW = {
    "line_item_line_item_type": "Usage",
    COST: "1",
    START: "2026-10-05T00:00:00Z",
    "line_item_usage_account_id": "000000000002",
    "line_item_product_code": "AmazonEC2",
    "line_item_currency_code": "USD",
}

# --- times


SPELLINGS = ("%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S+00:00")
moments = st.datetimes(datetime(2016, 1, 1), datetime(2035, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
offsets = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


def staged(rows: Sequence[Mapping[str, Any]], column: str, types: Mapping[str, str] | None = None) -> list[Any]:
    """What the models are given of one column of a delivery, in the order of the rows."""
    numbered = [{**ROW, **row, "line_item_usage_amount": number} for number, row in enumerate(rows)]
    with TemporaryDirectory() as folder:
        connection, _ = build_ledger(numbered, Path(folder), types)
        query = f"select {column} from cur_rows order by line_item_usage_amount"
        return [row[0] for row in connection.execute(query).fetchall()]


@settings(max_examples=5)
@given(many(st.tuples(moments, st.sampled_from(SPELLINGS))))
def test_every_spelling_of_a_time_is_the_same_time(given_times: list[tuple[datetime, str]]) -> None:
    rows = [{START: moment.strftime(spelling)} for moment, spelling in given_times]
    assert staged(rows, START) == [moment for moment, _ in given_times]


@settings(max_examples=5)
@given(many(st.tuples(moments, offsets, st.sampled_from("T "))))
def test_a_time_with_an_offset_is_the_utc_time(given_times: list[tuple[datetime, timezone, str]]) -> None:
    rows = [{START: local(moment, offset).isoformat(separator)} for moment, offset, separator in given_times]
    assert staged(rows, START) == [moment for moment, _, _ in given_times]


def local(moment: datetime, offset: timezone) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(offset)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-05T09:32:45+05:30", "2026-10-05T09:32:45.000+05:30", "2026-10-05T09:32:45+0530",
        "2026-10-05 09:02:45+05", "2026-10-05 04:02:45-00:00", " 2026-10-05T04:02:45Z", "2026-10-04T23:02:45-05",
    ],
)  # fmt: skip
def test_a_time_in_a_rare_spelling_is_the_utc_time_or_an_error(text: str) -> None:
    import duckdb

    try:
        found = staged([{START: text}], START)
    except duckdb.ConversionException:
        return
    assert found == [datetime(2026, 10, 5, 4, 2, 45)]


@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"])
def test_a_time_that_is_a_time_stays_as_it_is(kind: str) -> None:
    assert staged([{START: "2026-10-05 03:00:00"}], START, {START: kind}) == [datetime(2026, 10, 5, 3)]


# --- ids

ACCOUNT = "line_item_usage_account_id"


@settings(max_examples=5)
@given(st.lists(st.integers(0, 10**12 - 1), min_size=1, max_size=30))
def test_an_account_keeps_its_leading_zeros_from_text_and_regains_them_from_a_number(numbers: list[int]) -> None:
    ids = [f"{number:012d}" for number in numbers]
    rows = [{ACCOUNT: one} for one in ids]
    assert staged(rows, ACCOUNT) == ids
    assert staged(rows, ACCOUNT, {ACCOUNT: "BIGINT"}) == ids


@pytest.mark.parametrize("kind", ["UINTEGER", "BIGINT", "UBIGINT", "DECIMAL(12,0)", "DOUBLE"])
def test_an_account_is_twelve_digits_from_every_type_of_number(kind: str) -> None:
    rows = [{ACCOUNT: "22"}, {ACCOUNT: "2000000001"}]
    assert staged(rows, ACCOUNT, {ACCOUNT: kind}) == ["000000000022", "002000000001"]


@settings(max_examples=5)
@given(st.lists(st.text("0123456789", min_size=1, max_size=14), min_size=1, max_size=30))
def test_an_id_that_is_text_is_never_read_as_a_number(ids: list[str]) -> None:
    columns = (ACCOUNT, "bill_payer_account_id", "bill_invoice_id", "line_item_resource_id")
    found = staged([dict.fromkeys(columns, one) for one in ids], f"[{', '.join(columns)}]")
    assert found == [[one] * len(columns) for one in ids]


# --- tags

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
tag_maps = st.dictionaries(texts.filter(bool), texts, max_size=4)


def tags_of(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """The tags of each row as the ledger has them, found by what the row costs: powers of two."""
    priced = [{**ROW, **row, COST: str(2**number)} for number, row in enumerate(rows)]
    with TemporaryDirectory() as folder:
        connection, _ = build_ledger(priced, Path(folder), types)
        found: list[dict[str, str]] = [{} for _ in rows]
        for key, value, cost in connection.execute(costs_by_tag(Path(folder) / "marts")).fetchall():
            for number in range(len(rows)):
                if int(cost) >> number & 1:
                    assert key not in found[number]
                    found[number][key] = value
    return found


def costs_by_tag(marts: Path) -> str:
    tag_sets = literal(str(marts / "tag_sets.parquet"))
    return (
        "select key, value, sum(x_unblended_cost) from daily_cost "
        f"join read_parquet({tag_sets}) as tag_sets using (tag_set_id) group by key, value"
    )


@settings(max_examples=5)
@given(st.lists(tag_maps, min_size=1, max_size=6), st.booleans())
def test_tags_in_a_map_of_json_text_arrive_as_they_are(maps: list[dict[str, str]], ascii_only: bool) -> None:
    rows = [{"resource_tags": json.dumps(one, ensure_ascii=ascii_only)} for one in maps]
    assert tags_of(rows) == maps


@settings(max_examples=5)
@given(st.lists(tag_maps, min_size=1, max_size=6))
def test_tags_in_a_parquet_map_arrive_as_they_are(maps: list[dict[str, str]]) -> None:
    rows = [{"resource_tags": one} for one in maps]
    assert tags_of(rows, {"resource_tags": "MAP(VARCHAR, VARCHAR)"}) == maps


@settings(max_examples=5)
@given(st.lists(st.tuples(*[st.none() | texts] * 2), min_size=1, max_size=8))
def test_tags_in_columns_arrive_unless_blank(rows: list[tuple[str | None, str | None]]) -> None:
    keys = ("resource_tags_user_owner", "resource_tags_user_team")
    expected = [
        {key.removeprefix("resource_tags_"): value for key, value in zip(keys, row, strict=True) if value}
        for row in rows
    ]
    assert tags_of([dict(zip(keys, row, strict=True)) for row in rows]) == expected


def test_a_tag_that_is_blank_and_one_that_is_absent_are_the_same_set_of_tags(tmp_path: Path) -> None:
    rows = [{**ROW, "resource_tags_user_owner": value} for value in (None, "")]
    connection, _ = build_ledger(rows, tmp_path)
    assert connection.execute("select line_items from daily_cost").fetchall() == [(2,)]


def test_a_blank_value_in_a_map_is_a_value_and_an_absent_key_is_none() -> None:
    maps = ['{"user_owner": ""}', "{}", None, '{"user_owner": null}']
    assert tags_of([{"resource_tags": one} for one in maps]) == [{"user_owner": ""}, {}, {}, {}]


def test_keys_that_differ_in_case_are_two_keys_of_a_csv_file(tmp_path: Path) -> None:
    keys = ("resourceTags/user:Team", "resourceTags/user:team", "resourceTags/user:TEAM")
    rows = [dict(zip(keys, values, strict=True)) for values in (("a", "b", "c"), ("", "d", ""), ("", "", ""))]
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [*ROW, *keys])
        writer.writeheader()
        writer.writerows({**ROW, COST: 2**number, **row} for number, row in enumerate(rows))
    connection = connect()
    kept = store_rows(connection, [path], tmp_path / "rows")
    build(connection, kept.layout, kept.files, tmp_path / "marts", "case", PERIOD)
    found = connection.execute(costs_by_tag(tmp_path / "marts")).fetchall()
    assert sorted(found) == [("user:TEAM", "c", 1), ("user:Team", "a", 1), ("user:team", "b", 1), ("user:team", "d", 2)]


def test_keys_that_differ_in_case_are_two_keys_of_a_map() -> None:
    both = {"user_team": "a", "user_Team": "b"}
    assert tags_of([{"resource_tags": json.dumps(both)}]) == [both]
    assert tags_of([{"resource_tags": both}], {"resource_tags": "MAP(VARCHAR, VARCHAR)"}) == [both]


def test_a_focus_export_has_its_tags_under_bare_keys(tmp_path: Path) -> None:
    row = {
        "BilledCost": "1", "EffectiveCost": "1", "ChargeCategory": "Usage", "BillingCurrency": "USD",
        "SubAccountId": "000000000002", "ChargePeriodStart": "2026-10-05T00:00:00Z",
        "BillingPeriodStart": "2026-10-01T00:00:00Z", "Tags": '{"Owner": "web", " team": "a, \\"b\\""}',
    }  # fmt: skip
    connection, _ = build_ledger([row], tmp_path)
    assert sorted(connection.execute(costs_by_tag(tmp_path / "marts")).fetchall()) == [
        (" team", 'a, "b"', 1), ("Owner", "web", 1),
    ]  # fmt: skip
