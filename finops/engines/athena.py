"""The door between an export's table in a Glue database and the SQL models, for Athena: engine version 3, Trino's SQL.

The first view is the only one that knows the table; everything behind it is the models, translated.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from finops.engines.layout import Label, Layout, Shape, known_columns
from finops.engines.source import Care, scan, source_sql, source_totals_sql, tag_set_id
from finops.engines.translate import map_access

if TYPE_CHECKING:
    from sqlglot import exp

# What only legacy reports have as a column, and what is delivered only where split cost allocation is switched on.
_NOT_IN_CUR_2 = ("product_product_name", "product_region", "split_line_item_")
_TYPES = {"text": "VARCHAR", "account": "VARCHAR", "timestamp": "TIMESTAMP", "money": "DOUBLE", "number": "DOUBLE"}
_LABELS = {
    "cur": (Label("resource_tags", "resource_tag", None), Label("cost_category", "cost_category", None)),
    "focus": (Label("tags", "resource_tag", None), Label("x_costcategories", "cost_category", None)),
}
_MAP = "MAP(VARCHAR, VARCHAR)"
# Stands in for the files that DuckDB would read.
_FILES = [Path("export.parquet")]


def table_layout(shape: Shape) -> Layout:
    """The table of a CUR 2.0 or FOCUS export with all its columns, as Data Exports writes it and a crawler sees it."""
    columns = {
        column.name: _physical(shape, column.name)
        for column in known_columns(shape)
        if shape == "focus" or not column.name.startswith(_NOT_IN_CUR_2)
    }
    kinds = {column.name: column.kind for column in known_columns(shape)}
    types = {physical: _TYPES.get(kinds[name], _MAP) for name, physical in columns.items()}
    labels = _LABELS[shape]
    return Layout(
        shape, {name: (physical,) for name, physical in columns.items()}, labels,
        {**types, **{label.column: _MAP for label in labels}},
    )  # fmt: skip


def _physical(shape: Shape, name: str) -> str:
    """The name in a Glue table, which is in lower case; FOCUS has no underscore but behind its x."""
    if shape == "cur":
        return name
    return f"x_{name[2:].replace('_', '')}" if name.startswith("x_") else name.replace("_", "")


def rows_view(shape: Shape, table: str) -> str:
    """The select that gives the rows of a table under the names and types that staging reads."""
    return _over(source_sql(table_layout(shape), _FILES, "1970-01-01", Care()), table)


def totals_view(shape: Shape, table: str) -> str:
    """Rows and unblended (billed) cost straight from the table: what every view must sum to."""
    return _over(source_totals_sql(table_layout(shape), _FILES, half_even=False), table)


def tag_sets_view(shape: Shape, table: str) -> str:
    """One row per label of each set of labels: tag_set_id, source, key, value."""
    sets = _indented(_label_sets(shape, table))
    selects = [
        f"SELECT DISTINCT\n  tag_set_id,\n  '{label.source}' AS source,\n  label.key,\n  label.value\n"
        f"FROM (\n{sets}\n)\nCROSS JOIN UNNEST({label.column}) AS label(key, value)"
        for label in table_layout(shape).labels
    ]
    return "\nUNION ALL\n".join(selects)


def _label_sets(shape: Shape, table: str) -> str:
    layout = table_layout(shape)
    columns = ", ".join(label.column for label in layout.labels)
    return _over(f"select distinct {tag_set_id(layout)} as tag_set_id, {columns} from {scan(_FILES)}", table)


def texts_view(path: Path) -> str:
    """The select that gives a CSV file of ours as rows."""
    with path.open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    values = ",\n".join(f"  ({', '.join(map(_text, row))})" for row in rows)
    return f"SELECT\n  *\nFROM (VALUES\n{values}\n) AS rows({', '.join(header)})"


def _text(cell: str) -> str:
    return "'" + cell.replace("'", "''") + "'" if cell else "NULL"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _over(sql: str, table: str) -> str:
    import sqlglot

    tree = sqlglot.parse_one(sql, read="duckdb").transform(map_access).transform(_for_athena, table)
    return tree.sql(dialect="athena", pretty=True)


def _for_athena(node: exp.Expr, table: str) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.Table) and isinstance(node.this, exp.ReadParquet):
        return exp.to_table(table, dialect="athena")
    if isinstance(node, exp.Anonymous) and node.name.lower() == "hash":
        return _tag_set_number(node.expressions)
    if isinstance(node, exp.Coalesce) and any(_is_stand_in(one) for one in node.expressions):
        # the table has the column, and a day in its place would be a wrong one
        column: exp.Expr = node.this
        return column
    return node


def _is_stand_in(node: exp.Expr) -> bool:
    return node.sql("duckdb") == "CAST('1970-01-01' AS TIMESTAMP)"


def _tag_set_number(labels: list[exp.Expr]) -> exp.Expr:
    from sqlglot import exp

    row = exp.Anonymous(this="row", expressions=[label.copy() for label in labels])
    text = exp.func("json_format", exp.cast(row, "json"), dialect="trino")
    return exp.func("from_big_endian_64", exp.func("xxhash64", exp.func("to_utf8", text)), dialect="trino")
