"""The cost report as a document: every section with its figures, tables and charts, exact and complete."""

from __future__ import annotations

from typing import Any

from finops.document import Column, Document, Rows
from finops.report.model import Block, Chart, Figure, Report, Row, Section, Source, Table

COLUMNS = (Column("section"), Column("title"), Column("state"), Column("text"), Column("tables"), Column("charts"))


def document(report: Report) -> Document:
    """A row per section; `totals` are the sentences and the key figures of the first screen."""
    return Document(
        command="report",
        basis=report.basis,
        rows=Rows.of(COLUMNS, [_section(one) for one in report.sections]),
        totals={
            "cadence": report.cadence,
            "summary": list(report.sentences),
            "warnings": list(report.warnings),
            "figures": [_figure(one) for one in report.figures],
        },
        problems=report.problems,
    )


def _section(section: Section) -> tuple[Any, ...]:
    text = [*section.text, *(line for block in section.blocks for line in block.text)]
    tables = [_table(block, block.table) for block in section.blocks if block.table]
    return section.key, section.title, section.state, text, tables, [_chart(one) for one in section.charts]


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "label": figure.label,
        "value": figure.value,
        "kind": figure.kind,
        "text": figure.text,
        "notes": list(figure.notes),
        "trend": list(figure.trend),
        "rows": figure.rows,
    }


def _table(block: Block, table: Table) -> dict[str, Any]:
    return {
        "table": table.key,
        "title": block.title or table.caption,
        "columns": [{"key": one.key, "label": one.label, "kind": one.kind} for one in table.columns],
        "rows": [_row(table, row) for row in table.rows],
        "rest": _row(table, table.rest),
        "total": _row(table, table.total),
        **_source(table.source),
    }


def _row(table: Table, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {column.key: _value(cell.value, cell.text) for column, cell in zip(table.columns, row, strict=True)}


def _value(value: Any, text: str) -> Any:
    """The exact value; what has none is told in the words that are printed, but for what is not known."""
    if value is not None:
        return value
    return None if text in ("", "n/a") else text


def _source(source: Source | None) -> dict[str, Any]:
    return {"command": source.command if source else None, "sql": source.sql if source else None}


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "chart": chart.key,
        "label": chart.label,
        "shape": chart.shape,
        "kind": chart.kind,
        "x": list(chart.x),
        "series": [{"name": one.name, "values": list(one.values)} for one in chart.series if not one.is_base],
    }
