"""The columns of the cost and usage report and how each export spells their names.

`data/columns.csv` has the legacy spelling. `when` is `net` for what exists only with a discount in the
period, `cur2` for what only CUR 2.0 has, `map` for what CUR 2.0 keeps inside its map `product`.
"""

import re
from functools import cache
from typing import NamedTuple

from finops.ingest.demo.estate import table


class Column(NamedTuple):
    """One column of the report: its two spellings; `text`, `number` or `time`; and when it is there."""

    legacy: str
    name: str
    kind: str
    when: str


@cache
def columns() -> tuple[Column, ...]:
    """Every column but tags, cost categories and maps, in the order of the legacy report."""
    return tuple(
        Column(row["column"], snake(row["column"]), row["kind"], row["when"]) for row in table("data/columns.csv")
    )


@cache
def snake(name: str) -> str:
    """The Athena name of a legacy column: resourceTags/user:CostCenter is resource_tags_user_cost_center.

    A capital starts a new word, all else that is not a letter or a digit separates words (Cost and Usage
    Report user guide, "Column names").
    """
    words = re.sub(r"([A-Z])", r"_\1", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def tag_column(key: str) -> str:
    """The legacy column of a tag key: user keys carry `user:`, those of AWS keep their `aws:`."""
    return f"resourceTags/{key if key.startswith('aws:') else 'user:' + key}"


def merged(cells: list[tuple[str, str]]) -> dict[str, str]:
    """Cells by name; of several with one name the first that is not blank wins, as AWS merges columns."""
    result: dict[str, str] = {}
    for name, value in cells:
        if not result.get(name, "").strip():
            result[name] = value
    return result
