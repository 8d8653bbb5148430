"""The SQL models: what they compute, case by case, and that their headers tell the truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from finops.engines.duckdb import connect, identifier
from finops.engines.layout import Shape, known_columns
from finops.engines.source import MONEY
from finops.ingest.demo import write_export
from finops.ingest.discover import survey
from finops.ingest.rows import store_rows
from finops.ledger.build import Built, build
from finops.models import FOLDERS, Model, load_models
from finops.paths import queries_dir
from tests.demo_cost_explorer import demo_month
from tests.model_cases import (
    Case,
    Row,
    Table,
    build_cost_explorer,
    build_ledger,
    column_types,
    create_given,
    described,
    every_export_row,
    load_cases,
    models_of,
    parse_table,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


MODELS = list(load_models().values())
RULES = [model for model in MODELS if model.folder == "rules"]
# What is made for the question asked, or for two deliveries: the columns a model may count on.
MADE_INPUTS = {
    "compared_metrics": Table(("metric",)),
    "settled_days": Table(("before", "is_final")),
    "required_tags": Table(("tag",)),
    "tag_values": Table(("delivery_id", "tag_set_id", "tag", "raw_key", "raw_value", "value", "state")),
    "resource_cost": Table(
        ("delivery_id", "tag_set_id", "charge_day", "billing_account_id", "sub_account_id", "region_id",
         "x_service_code", "resource_id", "x_taggable", "cost")
    ),
    "resource_history": Table(
        ("delivery_id", "tag_set_id", "charge_day", "sub_account_id", "resource_id", "x_taggable")
    ),
    "tag_faults": Table(("fault_id", "tag", "delivery_id", "tag_set_id", "cause", "is_gap")),
    "tag_conflicts": Table(("fault_id", "tag", "delivery_id", "tag_set_id", "sub_account_id", "region_id")),
    "fault_details": Table(("fault_id", "key", "value", "suggestion", "owner")),
    "account_owners": Table(("account", "owner")),
    "residency_cost": Table(
        ("rule", "charge_day", "sub_account_id", "region_id", "x_service_code", "resource_id", "cost")
    ),
    "residency_regions": Table(("rule", "region")),
}  # fmt: skip


def by_name(models: Sequence[Model]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("model", models, ids=lambda model: model.name)


# --- cases


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: f"{case.model.name}: {case.name}")
def test_case(case: Case, tmp_path: Path) -> None:
    connection, built = ledger_of(case, tmp_path)
    types = described(connection, case.model.sql)
    require_grain(connection, case.model)
    if case.expect is not None:
        names = case.expect.columns or tuple(types)
        assert answers(connection, case.model.sql, names) == expected(connection, case.expect.rows, types)
    for column, value in (case.totals or {}).items():
        (total,) = connection.execute(f"select sum({identifier(column)}) from ({case.model.sql})").fetchone() or ()
        assert (column, total) == (column, typed(connection, value, types[column]))
    if case.problems is not None:
        assert built is not None
        assert sorted(problem.code for problem in built.problems) == sorted(case.problems)
    if case.unavailable is not None:
        assert built is not None
        assert sorted(built.unavailable) == sorted(case.unavailable)


def ledger_of(case: Case, folder: Path) -> tuple[DuckDBPyConnection, Built | None]:
    """A connection in which the model can be run."""
    if case.export:
        return build_ledger(case.given[case.export].rows, folder)
    connection = connect()
    for table in {*case.given, *case.model.inputs}:
        create_given(connection, table, case.given.get(table, Table()), MADE_INPUTS.get(table, Table()).columns)
    return connection, None


def answers(connection: DuckDBPyConnection, sql: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
    columns = ", ".join(map(identifier, names))
    return sorted(connection.execute(f"select {columns} from ({sql})").fetchall(), key=repr)


def expected(connection: DuckDBPyConnection, rows: Sequence[Row], types: Mapping[str, str]) -> list[tuple[Any, ...]]:
    cells = [tuple(typed(connection, value, types[name]) for name, value in row.items()) for row in rows]
    return sorted(cells, key=repr)


def typed(connection: DuckDBPyConnection, value: str | None, kind: str) -> Any:
    (cell,) = connection.execute(f"select cast(? as {kind})", [value]).fetchone() or ()
    return cell


@by_name(MODELS)
def test_every_model_has_cases(model: Model) -> None:
    assert any(case.model == model for case in load_cases())


@by_name([model for model in MODELS if model.folder in ("rules", "checks")])
def test_rules_and_checks_have_cases_that_fire_and_cases_that_stay_silent(model: Model) -> None:
    outcomes = {bool(case.expect.rows) for case in load_cases() if case.model == model and case.expect is not None}
    assert outcomes == {True, False}


def test_every_type_of_line_item_that_a_model_names_is_in_a_case() -> None:
    named = {
        name
        for model in MODELS
        for node in sqlglot.parse_one(model.sql, read="duckdb").find_all(exp.EQ, exp.In)
        if isinstance(node.this, exp.Column) and node.this.name == "x_line_item_type"
        for name in [literal.name for literal in node.find_all(exp.Literal)]
    }
    assert len(named) >= 17
    assert named <= {row["line_item_line_item_type"] for row in every_export_row("cur_rows")}


def test_a_table_of_text_is_read_cell_by_cell() -> None:
    rows = ({"a": "1", "b": None}, {"a": None, "b": "x y"}, {"a": "3", "b": None})
    assert parse_table("a | b\n1 |\n  | x y\n3") == Table(("a", "b"), rows)
    assert parse_table("") == Table()


# --- headers


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DuckDBPyConnection]:
    """The chain over a month of the demo company's bill, from every source."""
    folder = tmp_path_factory.mktemp("demo")
    built = {shape: built_demo(export, folder / shape) for shape, export in EXPORT_OF.items()}
    (folder / "cost_explorer").mkdir()
    return {**built, "cost_explorer": build_cost_explorer(demo_month("2026-09"), folder / "cost_explorer")}


EXPORT_OF = {"cur": "cur2-csv", "focus": "focus"}


def built_demo(export: str, folder: Path) -> DuckDBPyConnection:
    (found,) = survey([write_export(export, folder / "export", months=1)]).found
    connection = connect()
    rows = store_rows(connection, found.files, folder / "rows")
    build(connection, rows.layout, rows.files, folder / "marts", "demo", str(found.period))
    return connection


def runs_in(demo: Mapping[str, DuckDBPyConnection], model: Model) -> list[DuckDBPyConnection]:
    """The connections in which a model can be run, with data where it reads an export."""
    built = [demo[shape] for shape in demo if model in models_of(shape)]
    if built:
        return built
    connection = connect()
    for table in model.inputs:
        create_given(connection, table, MADE_INPUTS.get(table, Table()))
    return [connection]


@by_name(MODELS)
def test_the_header_is_complete(model: Model) -> None:
    assert model.purpose.endswith((".", ";"))
    assert model.grain
    assert model.inputs
    assert model.columns
    assert all(model.columns.values())
    if model.folder == "rules":
        assert model.notes.get("why")
        assert model.notes.get("fix")


@by_name(MODELS)
def test_the_inputs_are_the_tables_the_select_reads(model: Model) -> None:
    scopes = traverse_scope(sqlglot.parse_one(model.sql, read="duckdb"))
    read = {source.name for scope in scopes for source in scope.sources.values() if isinstance(source, exp.Table)}
    assert set(model.inputs) == read
    assert len(model.inputs) == len(read)


@by_name(MODELS)
def test_the_columns_are_those_of_the_select_in_its_order(model: Model, demo: dict[str, DuckDBPyConnection]) -> None:
    for connection in runs_in(demo, model):
        assert list(described(connection, model.sql)) == list(model.columns)


@by_name([model for model in MODELS if model.folder not in ("rules", "journal")])
def test_the_grain_is_true_of_built_data(model: Model, demo: dict[str, DuckDBPyConnection]) -> None:
    for connection in runs_in(demo, model):
        require_grain(connection, model)
        if model.grain == "one row per row of the export":
            assert count(connection, model.sql) == number(connection, "select line_items from source_totals") > 1000


def require_grain(connection: DuckDBPyConnection, model: Model) -> None:
    """No two rows are of one grain; a grain in words says `one row ...`."""
    if model.grain.startswith("one row when "):
        assert count(connection, model.sql) <= 1
    elif model.grain != "one row per row of the export":
        keys = [name.strip() for name in model.grain.split(",")]
        assert set(keys) <= set(model.columns)
        distinct = f"select distinct {', '.join(map(identifier, keys))} from ({model.sql})"
        assert count(connection, model.sql) == count(connection, distinct)


def count(connection: DuckDBPyConnection, sql: str) -> int:
    return number(connection, f"select count(*) from ({sql})")


def number(connection: DuckDBPyConnection, sql: str) -> int:
    return int((connection.execute(sql).fetchone() or (0,))[0])


@by_name([model for model in MODELS if model.folder in ("ledger", "marts", "journal", "rules")])
def test_money_is_a_decimal_of_ten_places(model: Model, demo: dict[str, DuckDBPyConnection]) -> None:
    for connection in runs_in(demo, model):
        types = described(connection, model.sql)
        costs = {name: kind for name, kind in types.items() if name.endswith("cost") or name == "net_used"}
        assert set(costs.values()) <= {MONEY.upper().replace(" ", "")}
        assert costs


@by_name(MODELS)
def test_a_column_has_the_same_type_in_every_model(model: Model, demo: dict[str, DuckDBPyConnection]) -> None:
    everywhere = column_types()
    for connection in runs_in(demo, model):
        types = described(connection, model.sql)
        assert {name: everywhere.get(name, kind) for name, kind in types.items()} == types


@pytest.mark.parametrize("shape", ["cur", "focus"])
def test_only_columns_that_models_read_are_taken_from_an_export(shape: Shape) -> None:
    (tree,) = sqlglot.parse(load_models()[shape].sql, read="duckdb")
    read = {column.name for column in tree.find_all(exp.Column)}
    taken = {column.name for column in known_columns(shape)}
    # two columns are taken out of the map of product attributes before staging
    assert taken - read == ({"product"} if shape == "cur" else set())


# --- form


@by_name(MODELS)
def test_a_model_is_one_select_with_its_columns_written_out(model: Model) -> None:
    (tree,) = sqlglot.parse(model.sql, read="duckdb")
    assert isinstance(tree, exp.Select)
    assert not [column for column in tree.selects if column.find(exp.Star)]
    assert [column.alias_or_name for column in tree.selects] == list(model.columns)


@by_name(MODELS)
def test_a_model_is_in_lower_case(model: Model) -> None:
    without_texts = re.sub(r"'[^']*'|--.*", "", model.sql)
    assert without_texts == without_texts.lower()


@by_name(MODELS)
def test_a_model_has_no_tab_no_semicolon_and_no_long_line(model: Model) -> None:
    lines = model.path.read_text(encoding="utf-8").splitlines()
    assert not [
        line for line in lines if len(line) > 140 or "\t" in line or line != line.rstrip() or ";" in line.split("--")[0]
    ]


def test_names_are_used_once_and_folders_are_known() -> None:
    paths = sorted(queries_dir().rglob("*.sql"))
    assert [name for name, times in Counter(path.stem for path in paths).items() if times > 1] == []
    assert {path.parent.relative_to(queries_dir()).as_posix() for path in paths} <= set(FOLDERS)
    assert {path.stem for path in paths} == set(load_models())


def test_the_verb_sql_lists_each_model_with_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    from finops.cli import main

    assert main(["sql", "--list"]) == 0
    listed = [tuple(line.split()[:2]) for line in capsys.readouterr().out.splitlines()]
    assert sorted(listed) == sorted((model.folder, model.name) for model in MODELS)
