"""Dimensions: what each one is called, what --by and --where make of it, and what SQL comes out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.dimensions import (
    DIMENSIONS,
    by_text,
    dimension,
    keys_of,
    needed_joins,
    needed_mart,
    parse_by,
    parse_where,
    where_sql,
    where_text,
)
from finops.errors import UsageError
from tests.small_ledger import LINES, small_ledger

WORDS = [word.replace("NAME", "team").replace("KEY", "Environment") for word in DIMENSIONS]


def kept(*filters: str) -> Decimal:
    """What the small ledger costs once the filters are applied."""
    ledger = small_ledger()
    parsed = [parse_where(text) for text in filters]
    by = [one.dimension for one in parsed]
    joins, where = needed_joins(by), where_sql(parsed)
    sql = (
        f"select coalesce(sum(x_unblended_cost), 0) as cost from {needed_mart(by)} as facts {joins.sql}"
        f" where {where.sql}"
    )
    (row,) = ledger.rows(sql, [*joins.params, *where.params])
    return Decimal(row["cost"])


@pytest.mark.parametrize("word", WORDS)
def test_every_dimension_is_never_null_and_keeps_every_row(word: str) -> None:
    ledger = small_ledger()
    by = [dimension(word)]
    joins = needed_joins(by)
    rows = ledger.rows(
        f"select {by[0].expression(0)} as value, x_unblended_cost as cost from {needed_mart(by)} as facts {joins.sql}",
        joins.params,
    )
    assert all(isinstance(row["value"], str) and row["value"] for row in rows)
    assert sum(row["cost"] for row in rows) == sum(Decimal(line.cost) for line in LINES)


def test_a_week_is_its_monday() -> None:
    rows = small_ledger().rows(f"select distinct {dimension('week').expression(0)} as week from daily_cost as facts")
    assert sorted(row["week"] for row in rows) == ["2026-09-28", "2026-10-05", "2026-10-12"]


def test_only_usage_type_and_resource_need_the_large_mart() -> None:
    large = [word for word in WORDS if needed_mart([dimension(word)]) == "resource_daily"]
    assert large == ["usage_type", "resource"]


def test_a_resource_is_a_resource_id_in_a_row_and_any_other_dimension_is_itself() -> None:
    assert dimension("resource").key == "resource_id"
    assert dimension("tag:Cost Center").key == "tag:Cost Center"


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("servce", "service"), ("Region", "region"), ("acount", "account"), ("tags:Owner", "tag:KEY")],
)
def test_an_unknown_dimension_names_the_nearest(word: str, nearest: str) -> None:
    with pytest.raises(UsageError) as error:
        dimension(word)
    assert word in error.value.what
    assert error.value.fix is not None
    assert error.value.fix.startswith(nearest)


@pytest.mark.parametrize("word", ["tag:", "tag", "cost_category: ", ""])
def test_a_dimension_without_its_key_is_an_error(word: str) -> None:
    with pytest.raises(UsageError):
        dimension(word)


def test_by_takes_several_dimensions_and_a_quoted_key() -> None:
    assert [one.word for one in parse_by('day, service,"tag:a,b"')] == ["day", "service", "tag:a,b"]
    assert parse_by(None) == []


def test_a_dimension_asked_for_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="twice"):
        parse_by("day,service,day")


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("service=AmazonS3", "25"),
        ("service=AmazonS3,ComputeSavingsPlans", "49"),
        ("region=(none)", "32.125"),
        ("account=000000000002", "183.6250000121"),
        ("resource=(none)", "2.125"),
        ("usage_type=(none)", "8.125"),
        ("tag:Environment=prod", "100.0000000121"),
        ("tag:Environment=(invalid)", "50.5"),
        ("tag:Environment=(untagged)", "55"),
        ("tag:Environment=(untaggable)", "2.125"),
        ("cost_category:team=Team A", "25"),
        ("environment=sandbox", "24"),
        ("day=2026-10-13", "24"),
        ("export=acme-cur", "207.6250000121"),
        ('resource="=cmd|""<b>"""', "0.000000012"),
        ("service=NoSuchService", "0"),
    ],
)
def test_where_keeps_the_rows_of_its_values(text: str, cost: str) -> None:
    assert kept(text) == Decimal(cost)


def test_filters_hold_together_and_their_joins_do_not_mix() -> None:
    assert kept("tag:Environment=prod,(invalid)", "tag:Owner=web", "service=AmazonEC2") == Decimal("100.0000000001")


def test_no_filter_keeps_everything() -> None:
    assert kept() == sum(Decimal(line.cost) for line in LINES)


@pytest.mark.parametrize("value", ["SavingsPlanCoveredUsage", "SavingsPlanNegation"])
def test_covered_usage_and_its_negation_are_filtered_together(value: str) -> None:
    one = parse_where(f"line_item_type={value}")
    assert set(one.values) == {"SavingsPlanCoveredUsage", "SavingsPlanNegation"}
    assert one.widened
    assert kept(f"line_item_type={value}") == 0


def test_both_asked_for_are_nothing_to_speak_of() -> None:
    assert not parse_where("line_item_type=SavingsPlanNegation,SavingsPlanCoveredUsage,Tax").widened
    assert not parse_where("line_item_type=Tax").widened


@pytest.mark.parametrize("text", ["service", "=x", "service=", "service=,", " = "])
def test_a_filter_without_key_or_value_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_where(text)


@given(st.text(min_size=1).filter(lambda text: text.strip() and not set('",\n\r\0') & set(text)))
def test_a_value_is_bound_and_never_part_of_the_sql(value: str) -> None:
    clause = where_sql([parse_where(f'resource="{value}"')])
    assert clause.params == (value,)
    assert clause.sql == "coalesce(facts.resource_id, '(none)') in (?)"


def test_a_tag_key_is_bound_and_never_part_of_the_sql() -> None:
    key = "x' or 1=1 --"
    joins = needed_joins([dimension(f"tag:{key}")])
    assert joins.params == (key,)
    assert key not in joins.sql


def test_keys_are_listed_once_in_order() -> None:
    by = parse_by("tag:b,day,tag:a,cost_category:c")
    assert keys_of("tag", [*by, *by]) == ["b", "a"]
    assert keys_of("cost_category", by) == ["c"]


ONE_LINE = st.text(min_size=1).filter(lambda text: text.strip() and not set("\n\r\0") & set(text))


@given(st.lists(ONE_LINE, min_size=1, max_size=3))
def test_a_filter_written_out_is_read_as_it_was(values: list[str]) -> None:
    assert parse_where(where_text("resource", values)).values == tuple(values)


@given(st.lists(ONE_LINE.filter(lambda text: text == text.strip()), max_size=3, unique=True))
def test_dimensions_written_out_are_read_as_they_were(keys: list[str]) -> None:
    words = [f"tag:{key}" for key in keys]
    assert [one.word for one in parse_by(by_text(words))] == words
