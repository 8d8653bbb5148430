"""The query of a Data Export, as far as AWS's grammar goes: SELECT columns FROM TABLE [WHERE ...] [LIMIT ...]."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finops.engines.layout import squash

# AWS: "Data query - SQL query and table configurations" in the Data Exports user guide.
_STATEMENT = re.compile(
    r"\s*select\s+(?P<columns>.+?)\s+from\s+(?P<table>\w+)(?P<filter>\s+(?:where|limit)\b.*)?[\s;]*$",
    re.IGNORECASE | re.DOTALL,
)
_ALIAS = re.compile(r"\s+as\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """`columns` are squashed output names, empty for `*`; `filter` is what follows the table, blank for nothing."""

    table: str
    columns: frozenset[str]
    filter: str

    def gives(self, column: str) -> bool:
        """Whether the export has this column."""
        return not self.columns or squash(column) in self.columns

    def gives_part_of(self, column: str) -> bool:
        """Whether attributes of a map are selected, each as a column."""
        return any(one.startswith(squash(column)) for one in self.columns)


def read_query(statement: str) -> Query | None:
    """The query in a statement, None when it does not follow AWS's grammar."""
    found = _STATEMENT.match(statement)
    if found is None:
        return None
    columns = [_ALIAS.split(part.strip())[-1].strip('" ') for part in found["columns"].split(",")]
    names = frozenset() if columns == ["*"] else frozenset(squash(column) for column in columns)
    return Query(found["table"].upper(), names, " ".join((found["filter"] or "").split()))
