"""The causes of a gap, from causes.csv: what each means, what it counts as, what closes it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

RULE = "untagged_spend"


@dataclass(frozen=True)
class Cause:
    """One cause. It counts as a `gap` where no value is read, as `tagged` where a value is, or as either."""

    name: str
    counts_as: Literal["gap", "tagged", "either"]
    meaning: str
    fix: str


@cache
def causes() -> dict[str, Cause]:
    """All causes by name, in the order in which they are explained."""
    with Path(__file__).with_name("causes.csv").open(newline="", encoding="utf-8") as handle:
        rows = csv.DictReader(handle)
        return {row["cause"]: Cause(row["cause"], *(row[key] for key in _REST)) for row in rows}  # type: ignore[arg-type]


_REST = ("counts_as", "meaning", "fix")
