"""A model in the SQL of another engine, for pasting: DuckDB as it is written, Spark and Athena by sqlglot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from finops.engines.layout import Shape
from finops.engines.translate import Dialect, translated
from finops.errors import UsageError
from finops.ledger.recipe import SERVICE_CODES, SOURCE_MODELS
from finops.models import Model, folder, model

__all__ = ["Dialect", "View", "athena_views", "sql_in", "translated"]

_TABLE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,2}")


@dataclass(frozen=True)
class View:
    """A view of a Glue database: its name, and the statement that makes it."""

    name: str
    statement: str


def sql_in(model: Model, dialect: Dialect = "duckdb") -> str:
    """The model with its header in the dialect, ending in a line break."""
    text = model.path.read_text(encoding="utf-8")
    if dialect == "duckdb":
        return text
    header = [line for line in text.splitlines() if line.startswith("--")]
    return "\n".join([*header, translated(model.sql, dialect)]) + "\n"


def athena_views(shape: Shape, table: str) -> list[View]:
    """The views of a Glue database from the table of an export to the marts and their check, each after its inputs.

    Raises UsageError for a table whose name is none.
    """
    if not _TABLE.fullmatch(table):
        raise UsageError(f"{table} is no name of a table", "--source", "DATABASE.TABLE, as Athena lists it")
    return [View(name, f"CREATE OR REPLACE VIEW {name} AS\n{said}{sql}\n") for name, said, sql in _views(shape, table)]


def _views(shape: Shape, table: str) -> Iterator[tuple[str, str, str]]:
    """Name, comment and select of each view."""
    from finops.engines import athena

    models = [model(name) for name in SOURCE_MODELS[shape]]
    yield (
        f"{shape}_rows",
        _comment("The rows of the export: edit this view where your table differs."),
        athena.rows_view(shape, table),
    )
    yield "source_totals", _comment("What every view must sum to."), athena.totals_view(shape, table)
    yield "tag_sets", _comment("One row per tag of each set of tags."), athena.tag_sets_view(shape, table)
    if any("service_codes" in one.inputs for one in models):
        yield "service_codes", _comment("AWS service codes by name."), athena.texts_view(SERVICE_CODES)
    for one in models:
        yield one.name, _comment(one.purpose), translated(one.sql, "athena")
    yield "line_items", _comment("The ledger."), f"SELECT\n  *\nFROM {shape}_line_items"
    for one in (*folder("marts"), model("marts_tie_to_source")):
        yield one.name, _comment(one.purpose), translated(one.sql, "athena")


def _comment(text: str) -> str:
    return f"-- {text}\n"
