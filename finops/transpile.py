"""A model in the SQL of another engine, for pasting: DuckDB as it is written, Spark and Athena by sqlglot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from finops.models import Model

if TYPE_CHECKING:
    from sqlglot import exp

Dialect = Literal["duckdb", "spark", "athena"]


def sql_in(model: Model, dialect: Dialect = "duckdb") -> str:
    """The model with its header in the dialect, ending in a line break."""
    text = model.path.read_text(encoding="utf-8")
    if dialect == "duckdb":
        return text
    header = [line for line in text.splitlines() if line.startswith("--")]
    return "\n".join([*header, translated(model.sql, dialect)]) + "\n"


def translated(sql: str, dialect: Dialect) -> str:
    """One DuckDB select in another dialect. A key a map lacks stays null there, as it is in DuckDB."""
    import sqlglot

    tree = sqlglot.parse_one(sql, read="duckdb")
    return tree.transform(_map_access).sql(dialect=dialect, pretty=True)


def _map_access(node: exp.Expr) -> exp.Expr:
    # Athena and Spark in ANSI mode fail on map['absent'].
    from sqlglot import exp

    if isinstance(node, exp.Bracket) and len(node.expressions) == 1 and node.expressions[0].is_string:
        return exp.func("element_at", node.this, node.expressions[0])
    return node
