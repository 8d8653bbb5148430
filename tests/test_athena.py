"""The views of a Glue database: in order, in Athena's SQL, and the same numbers when they are read back by DuckDB."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from finops.cli import main
from finops.engines.duckdb import connect, path_list
from finops.engines.layout import Shape
from finops.ingest.demo import write_export
from finops.ingest.discover import survey
from finops.ledger.load import Failed, load
from finops.transpile import View, athena_views

GOLDEN = Path(__file__).with_name("golden")
SHAPES: tuple[Shape, ...] = ("cur", "focus")
# Athena's words that sqlglot leaves as they are, in DuckDB's: any number of a set will do.
MACROS = (
    "create macro from_big_endian_64(number) as number",
    "create macro xxhash64(bytes) as hash(bytes)",
    "create macro to_utf8(words) as words",
    "create macro json_format(value) as cast(value as varchar)",
    "create macro bitwise_left_shift(number, places) as number << places",
    "create macro element_at(labels, key) as labels[key]",
)


def parsed(view: View) -> exp.Create:
    (tree,) = sqlglot.parse(view.statement, read="athena", error_level=ErrorLevel.RAISE)
    assert isinstance(tree, exp.Create)
    return tree


@pytest.mark.parametrize("shape", SHAPES)
def test_every_statement_is_one_view_in_athenas_words(shape: Shape) -> None:
    for view in athena_views(shape, "billing.export"):
        tree = parsed(view)
        assert (tree.kind, tree.this.name, bool(tree.args.get("replace"))) == ("VIEW", view.name, True)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_view_reads_the_table_and_views_before_it(shape: Shape) -> None:
    made = {"export"}
    for view in athena_views(shape, "billing.export"):
        tree = parsed(view)
        steps = {step.alias for step in tree.find_all(exp.CTE)}
        read = {table.name for table in tree.expression.find_all(exp.Table)} - steps
        assert read <= made, view.name
        made.add(view.name)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_statements_are_those_that_were_read(shape: Shape) -> None:
    path = GOLDEN / f"athena_{shape}.sql"
    text = ";\n\n".join(view.statement.rstrip() for view in athena_views(shape, "billing.export")) + ";\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(sql).fetchall(), key=repr)


def test_read_back_by_duckdb_they_give_the_marts_of_the_export(tmp_path: Path) -> None:
    (found,) = survey([write_export("cur2-parquet", tmp_path / "export", months=1)]).found
    loaded = list(load(tmp_path / "finops.duckdb", [found]))
    assert not [one for one in loaded if isinstance(one, Failed)]
    (marts,) = (tmp_path / "finops.store").glob("*/marts")
    with closing(connect()) as connection:
        for macro in MACROS:
            connection.execute(macro)
        connection.execute("create schema billing")
        connection.execute(f"create view billing.export as from read_parquet({path_list(list(found.files))})")
        for view in athena_views("cur", "billing.export"):
            # unnest is a table of its own on Athena
            if view.name != "tag_sets":
                connection.execute(sqlglot.transpile(view.statement, read="athena", write="duckdb")[0])
        assert rows(connection, "from marts_tie_to_source") == []
        for mart in ("resource_daily", "daily_cost", "charges", "period_totals"):
            columns = "* exclude (delivery_id)"
            stored = f"from (select {columns} from read_parquet({path_list([marts / f'{mart}.parquet'])}))"
            number = "* exclude (tag_set_id)" if mart in ("resource_daily", "daily_cost") else "*"
            plain = rows(connection, f"select {number} {stored}")
            assert rows(connection, f"select {number} from {mart}") == plain != []


def test_the_verb_writes_a_file_for_each_view(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sql", "--all", "--dialect", "athena", "--source", "billing.cur2"]
    assert main([*words, "--write", str(tmp_path / "views")]) == 0
    assert capsys.readouterr().out == ""
    written = sorted((tmp_path / "views").iterdir())
    assert [path.name for path in written[:2]] == ["01_cur_rows.sql", "02_source_totals.sql"]
    assert "FROM billing.cur2" in written[0].read_text()
    assert main(words) == 0
    assert capsys.readouterr().out.count("CREATE OR REPLACE VIEW") == len(written)


@pytest.mark.parametrize(
    "words",
    [
        ["--all"],
        ["--all", "--dialect", "spark"],
        ["--all", "daily_cost"],
        ["--all", "--dialect", "athena", "--source", "cur; drop table x"],
        ["--all", "--dialect", "athena", "--write", "views", "-o", "views.sql"],
        ["daily_cost", "--write", "views"],
        ["daily_cost", "--source", "billing.cur2"],
        ["daily_cost", "--shape", "focus"],
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sql", *words]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "views").write_text("a file")
    assert main(["sql", "--all", "--dialect", "athena", "--write", str(tmp_path / "views")]) == 4
