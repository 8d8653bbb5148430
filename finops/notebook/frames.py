"""A table of a document as a pandas frame that loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from finops.document import Column, Document, Rows
from finops.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

# Columns whose texts or dates are days; months and billing periods stay the texts they are.
_DAYS = frozenset({"day", "week", "first_seen", "last_seen", "first_day", "last_day"})
_DTYPES = {
    "money": "object",
    "rate": "object",
    "percent": "object",
    "count": "Int64",
    "flag": "boolean",
    "time": "datetime64[us, UTC]",
}


def require_pandas() -> None:
    """Raises UsageError where pandas is not installed."""
    if find_spec("pandas") is None:
        raise UsageError(
            "frames need pandas, which is not installed", "finops.connect", "pip install 'finops[notebook]'"
        )


def frame(document: Document, rows: Rows | None = None) -> pd.DataFrame:
    """All rows of a document, or one of its tables, as a frame; `attrs` is the basis and the problems."""
    import pandas as pd

    table = rows or document.rows
    found = list(table.read(None))
    columns = {column.name: _series(column, [row[at] for row in found]) for at, column in enumerate(table.columns)}
    made = pd.DataFrame(columns)
    made.attrs.update(_attrs(document))
    return made


def _series(column: Column, values: Sequence[Any]) -> pd.Series:
    import pandas as pd

    dtype = "datetime64[s]" if column.name in _DAYS else _DTYPES.get(column.kind, "string")
    if dtype == "datetime64[us, UTC]":
        values = [one.replace(tzinfo=UTC) if one is not None and one.tzinfo is None else one for one in values]
    return pd.Series(values, dtype=dtype, name=column.name)


def _attrs(document: Document) -> dict[str, Any]:
    basis = document.basis
    said = {name: getattr(basis, name) for name in ("metric", "currency", "start", "end", "final", "as_of")}
    return {**said, "problems": [asdict(one) for one in document.problems]}
