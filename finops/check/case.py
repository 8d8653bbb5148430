"""What all checks are asked about: the ledger, the settings, the month, and the moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.availability import require
from finops.config.settings import Settings
from finops.dimensions import parse_by, parse_where
from finops.reader import Ask, open_ledger

if TYPE_CHECKING:
    from finops.reader import Ledger

METRIC = "amortized"


@dataclass(frozen=True)
class Case:
    """One run. `known` are ids of an earlier run's results, None where there was none to compare with.

    What is off by less than `min_impact` is told and fails nothing. `period` is YYYY-MM, None for the month of the
    last complete day.
    """

    database: Path
    settings: Settings
    now: datetime
    period: str | None = None
    where: tuple[str, ...] = ()
    min_impact: Decimal = Decimal(0)
    known: frozenset[str] | None = None
    ids: list[str] = field(default_factory=list)
    """Of everything that is off now, for the run that compares itself with this one."""
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def ledger(self, by: str | None = None, period: str | None = None, last: str | None = None) -> Iterator[Ledger]:
        """The ledger in amortized cost, ready to be grouped by `by`.

        Raises DataError when nothing is loaded, UsageError for what the data cannot tell.
        """
        with self.opened(Ask(period=period, last=last, metric=METRIC, where=self.where, by=by)) as ledger:
            yield ledger

    @contextmanager
    def opened(self, ask: Ask) -> Iterator[Ledger]:
        """The ledger for any question."""
        with open_ledger(self.database, self.settings, ask) as ledger:
            asked = [*parse_by(ask.by), *(parse_where(text).dimension for text in ask.where)]
            yield replace(ledger, problems=[*ledger.problems, *require(ledger, asked)])

    def tags(self) -> Sequence[str]:
        """The tag keys that labels of estimates tell apart."""
        return list(dict.fromkeys(key for label in self.settings.labels for key in label.tags))
