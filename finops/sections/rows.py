"""Rows of a document as the report takes them."""

from __future__ import annotations

from typing import Any

from finops.document import Document, Rows


def rows_of(found: Document | Rows) -> list[dict[str, Any]]:
    """Every row by the names of its columns."""
    rows = found.rows if isinstance(found, Document) else found
    return [dict(zip(rows.names, row, strict=True)) for row in rows.read(None)]
