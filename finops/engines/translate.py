"""DuckDB's SQL in the words of another engine, by sqlglot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlglot import exp

Dialect = Literal["duckdb", "spark", "athena"]

# What a scan of files reads on Spark: it has its own view over them.
EXPORT_ROWS = "export_rows"
# Without the sign: DuckDB keeps these numbers as unsigned ones.
_POSITIVE = 2**63 - 1
# 2^32: a double has more whole digits than a bigint, so it is taken apart in two.
_HALF = 4294967296


def translated(sql: str, dialect: Dialect) -> str:
    """One DuckDB select in another dialect. A key a map lacks stays null there, as it is in DuckDB."""
    import sqlglot

    tree = sqlglot.parse_one(sql, read="duckdb")
    return tree.transform(map_access).sql(dialect=dialect, pretty=True)


def map_access(node: exp.Expr) -> exp.Expr:
    """A key of a map, asked for so that it may be absent: Athena and Spark in ANSI mode fail on map['absent']."""
    from sqlglot import exp

    if isinstance(node, exp.Bracket) and len(node.expressions) == 1 and node.expressions[0].is_string:
        return exp.func("element_at", node.this, node.expressions[0])
    return node


def in_spark(sql: str, doubles: Collection[str] = ()) -> str:
    """One DuckDB select as Spark runs it; a scan of files reads the view `export_rows` that Spark has over them.

    `doubles` are the physical columns of type DOUBLE: Spark gives their decimals other last digits than DuckDB. For
    the same reason what is cast to DOUBLE in DuckDB is a decimal here at once, as models cast it later.
    """
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    physical = frozenset(doubles) if tree.find(exp.ReadParquet) else frozenset()
    return tree.transform(map_access).transform(_for_spark, physical).sql(dialect="spark", pretty=True)


def shared_steps(sql: str) -> tuple[dict[str, str], str]:
    """The steps of a DuckDB select that it reads more than once, each as a select in their order, and what is left.

    Spark would compute each of them anew wherever it is read.
    """
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    steps = {step.alias: step for step in tree.find_all(exp.CTE, bfs=False)}
    read = Counter(table.name for table in tree.find_all(exp.Table))
    shared = {name: step.this.sql("duckdb") for name, step in steps.items() if read[name] > 1}
    needs = {table.name for name in shared for table in steps[name].find_all(exp.Table)}
    if not shared or (needs & steps.keys()) - shared.keys():
        return {}, sql
    for name in shared:
        steps[name].pop()
    return shared, tree.sql("duckdb")


def _for_spark(node: exp.Expr, doubles: Collection[str]) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.Table) and isinstance(node.this, exp.ReadParquet):
        return exp.to_table(EXPORT_ROWS)
    if isinstance(node, exp.Anonymous) and node.name.lower() == "hash":
        return _tag_set_number(node.expressions)
    if not isinstance(node, exp.Cast):
        return node
    kind = node.to.sql("duckdb")
    if kind == "UBIGINT":
        return exp.cast(node.this, "bigint")
    if kind == "MAP(TEXT, TEXT)":
        return _map_of_json(node.this.this)
    if kind == "DOUBLE":
        return _decimal_of_double(node)
    if kind == "DECIMAL(38, 10)" and isinstance(node.this, exp.Column) and node.this.name in doubles:
        return _decimal_of_double(node.this)
    return node


def _tag_set_number(labels: list[exp.Expr]) -> exp.Expr:
    # xxhash64 passes over nulls, and ('a', null) is another set than (null, 'a'); no label is a blank text
    from sqlglot import exp

    texts = [exp.func("coalesce", exp.cast(label.copy(), "varchar"), exp.Literal.string("")) for label in labels]
    number = exp.Anonymous(this="xxhash64", expressions=texts)
    return exp.BitwiseAnd(this=number, expression=exp.Literal.number(_POSITIVE))


def _map_of_json(text: exp.Expr) -> exp.Expr:
    # without the mode what is no JSON would be no labels
    from sqlglot import exp

    mode = exp.Anonymous(this="map", expressions=[exp.Literal.string("mode"), exp.Literal.string("FAILFAST")])
    parts = [text.copy(), exp.Literal.string("map<string, string>"), mode]
    return exp.Anonymous(this="from_json", expressions=parts)


def _decimal_of_double(number: exp.Expr) -> exp.Expr:
    """What DuckDB makes of a double as DECIMAL(38,10): its arithmetic in double precision, taken apart without loss."""
    import sqlglot

    text = number.sql(dialect="spark")
    tenth = f"ROUND({text} * 1e10)"
    high = f"FLOOR({tenth} / {_HALF}D)"
    low = f"CAST({tenth} - {high} * {_HALF}D AS BIGINT)"
    whole = f"CAST({high} AS DECIMAL(28, 0)) * {_HALF} + CAST({low} AS DECIMAL(28, 0))"
    cast = f"CAST(({whole}) * CAST('0.0000000001' AS DECIMAL(10, 10)) AS DECIMAL(38, 10))"
    return sqlglot.parse_one(cast, read="spark")
