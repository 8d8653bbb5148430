"""Each kind of advice: its step in the sequence, what it takes of a cost there, and the work it is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

_TABLE = Path(__file__).with_name("kinds.csv")

STEPS = ("stop", "schedule", "rightsize", "spot", "lifecycle", "commit")
Takes = Literal["all", "part", "rate", "hours", "none"]


@dataclass(frozen=True)
class Kind:
    """One kind of advice.

    `takes` says how it meets advice on the same cost: `all` leaves nothing of the resource, a `part` is there or is
    not, a `rate` makes what is left cheaper, `hours` are settled hour by hour, `none` is never in the total.
    `effort` is `low` for one setting, `medium` for a change that is rolled out and watched or that binds, `high` for a
    rebuild. `wrong_if` says what would make the advice wrong.
    """

    kind: str
    step: str
    takes: Takes
    effort: str
    wrong_if: str

    @property
    def place(self) -> int:
        """Its step, counted from 0."""
        return STEPS.index(self.step)


@cache
def _kinds() -> dict[str, Kind]:
    with _TABLE.open(newline="", encoding="utf-8") as handle:
        return {row["kind"]: Kind(**row) for row in csv.DictReader(handle)}  # type: ignore[arg-type]


def kind_of(name: str) -> Kind:
    """What is known of a kind of advice. Raises KeyError for one that has no line in kinds.csv."""
    return _kinds()[name]


def confidence_of(certainty: str, basis: str) -> str:
    """How far a saving is to be believed: `high` where it is measured at the bill's own rates alone.

    `medium` is measured, with a price of a dated list in it; `low` an upper bound; `none` has no figure.
    """
    if certainty == "measured":
        return "high" if basis == "own rate" else "medium"
    return "low" if certainty == "upper bound" else "none"
