"""What the sections of one report are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.report.model import Audience
from finops.report.windows import Cadence

if TYPE_CHECKING:
    from finops.budgets.read import Open
    from finops.reader import Ask, Ledger
    from finops.report.facts import ReportFacts


@dataclass(frozen=True)
class Wanted:
    """Which report: its cadence, whom it is for, and the part of the estate that it is of."""

    cadence: Cadence = "weekly"
    audience: Audience | None = None
    owner: str | None = None
    environment: str | None = None
    with_advice: bool | None = None
    """None: where the bill is small enough to read all of its hours while somebody waits."""


@dataclass(frozen=True)
class Case:
    """One report in the making.

    `facts` are of the days and the part that were asked for. `history` has all days of that part, `estate` all days of
    all that `--where` leaves; `open_part` opens the ledger for other questions.
    """

    wanted: Wanted
    ask: Ask
    facts: ReportFacts
    history: Ledger
    estate: Ledger
    open_part: Open
    database: Path
    of_estate: dict[str, Any] = field(default_factory=dict)
    """What is the same for every part of the estate, by section: computed once for the reports of all owners."""

    @property
    def is_part(self) -> bool:
        """Whether the report is of a part of the estate only."""
        return bool(self.ask.where or self.wanted.owner or self.wanted.environment)
