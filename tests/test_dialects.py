"""Staging, ledger and marts mean the same on every engine: how they translate. What they may hold: test_portable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from finops.models import Model, load_models
from finops.transpile import Dialect, translated
from tests.demo_cost_explorer import demo_month
from tests.model_cases import build_cost_explorer, build_ledger, every_export_row, models_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ELSEWHERE: tuple[Dialect, ...] = ("spark", "athena")
PORTABLE = [model for model in load_models().values() if model.folder in ("staging", "ledger", "marts")]
# Words of Athena that stay as they are on the way back, in DuckDB's words.
MACROS = ("create temp macro bitwise_left_shift(number, places) as number << places",)


def by_name(models: list[Model]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("model", models, ids=lambda model: model.name)


@by_name(PORTABLE)
def test_groups_are_named_columns(model: Model) -> None:
    for group in tree_of(model).find_all(exp.Group):
        assert group.expressions
        assert all(isinstance(key, exp.Column) for key in group.expressions)
        assert not group.args.get("all")


@by_name([model for model in PORTABLE if model.folder == "marts"])
def test_sums_of_money_are_cast_back_to_money(model: Model) -> None:
    # Each engine gives a sum of DECIMAL(38,10) a type of its own.
    sums = [column.this for column in tree_of(model).selects if column.alias_or_name.endswith("cost")]
    assert len(sums) == (2 if model.name == "split_cost_daily" else 5)
    assert all(isinstance(one, exp.Cast) and one.to.sql("duckdb") == "DECIMAL(38, 10)" for one in sums)


@by_name(PORTABLE)
@pytest.mark.parametrize("dialect", ELSEWHERE)
def test_a_model_is_translated_without_loss(model: Model, dialect: Dialect) -> None:
    sqlglot.transpile(model.sql, read="duckdb", write=dialect, unsupported_level=ErrorLevel.RAISE)
    (tree,) = sqlglot.parse(translated(model.sql, dialect), read=dialect, error_level=ErrorLevel.RAISE)
    assert isinstance(tree, exp.Select)
    assert [column.alias_or_name for column in tree.selects] == list(model.columns)
    assert tables(tree) == tables(tree_of(model))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DuckDBPyConnection]:
    """The chain over the export rows of all cases, for each kind of export, and over a month of Cost Explorer."""
    ledgers = {}
    for shape in ("cur", "focus"):
        ledgers[shape], _ = build_ledger(every_export_row(f"{shape}_rows"), tmp_path_factory.mktemp(shape))
    ledgers["cost_explorer"] = build_cost_explorer(demo_month("2026-10"), tmp_path_factory.mktemp("cost_explorer"))
    for connection in ledgers.values():
        for macro in MACROS:
            connection.execute(macro)
    return ledgers


@by_name(PORTABLE)
@pytest.mark.parametrize("dialect", ELSEWHERE)
def test_a_model_translated_and_back_gives_the_same_rows(
    model: Model, dialect: Dialect, built: dict[str, DuckDBPyConnection]
) -> None:
    back = sqlglot.transpile(translated(model.sql, dialect), read=dialect, write="duckdb")[0]
    for shape, connection in built.items():
        if model in models_of(shape):
            rows = rows_of(connection, model.sql)
            # only CUR has split cost
            assert rows or (shape != "cur" and model.name == "split_cost_daily")
            assert rows_of(connection, back) == rows


def rows_of(connection: DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(sql).fetchall(), key=repr)


def tree_of(model: Model) -> exp.Select:
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    assert isinstance(tree, exp.Select)
    return tree


def tables(tree: exp.Expression) -> set[str]:
    return {table.name for table in tree.find_all(exp.Table)}
