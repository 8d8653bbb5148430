"""A model in the SQL of another engine, for pasting: DuckDB as it is written, Spark and Athena by sqlglot."""

from __future__ import annotations

from finops.engines.translate import Dialect, translated
from finops.models import Model

__all__ = ["Dialect", "sql_in", "translated"]


def sql_in(model: Model, dialect: Dialect = "duckdb") -> str:
    """The model with its header in the dialect, ending in a line break."""
    text = model.path.read_text(encoding="utf-8")
    if dialect == "duckdb":
        return text
    header = [line for line in text.splitlines() if line.startswith("--")]
    return "\n".join([*header, translated(model.sql, dialect)]) + "\n"
