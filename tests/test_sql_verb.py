"""The SQL of a model, in the words of each engine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlglot

from finops.cli import main
from finops.models import load_models
from finops.transpile import Dialect, sql_in, translated


@pytest.mark.parametrize("name", list(load_models()))
@pytest.mark.parametrize("dialect", ["duckdb", "spark", "athena"])
def test_every_model_can_be_printed_for_every_engine(name: str, dialect: Dialect) -> None:
    text = sql_in(load_models()[name], dialect)
    assert text.startswith("-- ")
    assert len(sqlglot.parse(text, read=dialect)) == 1


def test_duckdb_gets_the_file_as_it_is() -> None:
    model = load_models()["daily_cost"]
    assert sql_in(model) == model.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", ["spark", "athena"])
def test_a_map_is_read_so_that_an_absent_key_is_null(dialect: Dialect) -> None:
    assert "ELEMENT_AT(tags, 'a')" in translated("select tags['a'] as a from t", dialect)


def test_a_list_is_still_read_by_place() -> None:
    assert "ELEMENT_AT" not in translated("select parts[1] as a from t", "spark")


@pytest.mark.parametrize(
    ("dialect", "words"),
    [("athena", ("BITWISE_OR_AGG", "BITWISE_LEFT_SHIFT")), ("spark", ("BIT_OR", "SHIFTLEFT"))],
)
def test_bits_are_counted_in_the_engines_own_words(dialect: Dialect, words: tuple[str, ...]) -> None:
    text = sql_in(load_models()["resource_daily"], dialect)
    assert all(word in text for word in words)


def test_a_translation_back_means_the_same() -> None:
    sql = load_models()["untagged_spend"].sql
    there = translated(sql, "spark")
    back = sqlglot.transpile(there, read="spark", write="duckdb")[0]
    connection = duckdb.connect()
    connection.execute(_TABLES)
    assert connection.execute(back).fetchall() == connection.execute(sql).fetchall() != []


def test_the_verb_prints_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "daily_cost", "--dialect", "athena"]) == 0
    assert "from resource_daily" in capsys.readouterr().out.lower()


def test_what_may_differ_on_another_engine_is_said_beside_the_sql(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "cur_stored_usage", "--dialect", "athena"]) == 0
    assert "may differ on athena: REGEXP_FULL_MATCH" in capsys.readouterr().err
    assert main(["sql", "daily_cost", "--dialect", "athena"]) == 0
    assert capsys.readouterr().err == ""


def test_the_list_names_every_model_and_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(load_models())
    assert any(line.startswith("marts") and "daily_cost" in line for line in lines)


def test_the_sql_can_go_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "daily_cost.sql"
    assert main(["sql", "daily_cost", "-o", str(path)]) == 0
    assert path.read_text() == sql_in(load_models()["daily_cost"])


@pytest.mark.parametrize("words", [["sql"], ["sql", "daily_cost", "--list"], ["sql", "dayly_cost"]])
def test_a_question_that_does_not_fit_is_a_usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("error: ")


_TABLES = """
create table resource_cost as select
    'd' as delivery_id, 1 as tag_set_id, date '2026-10-01' as charge_day, 'p' as billing_account_id,
    'a' as sub_account_id, 'r' as region_id, 's' as x_service_code,
    'i' as resource_id, true as x_taggable, cast(1 as decimal(38, 10)) as cost;
create table tag_values (delivery_id varchar, tag_set_id integer, tag varchar, state varchar);
create table resource_history as select
    delivery_id, tag_set_id, charge_day, sub_account_id, resource_id, x_taggable from resource_cost;
create table tag_faults as select
    1 as fault_id, 'Owner' as tag, 'd' as delivery_id, 1 as tag_set_id, 'missing' as cause, true as is_gap;
create table tag_conflicts as select fault_id, tag, delivery_id, tag_set_id, 'a' as sub_account_id, 'r' as region_id
from tag_faults limit 0;
create table fault_details as select 1 as fault_id, '' as key, '' as value, '' as suggestion, 'web' as owner;
create table account_owners (account varchar, owner varchar);
"""
