"""What is kept of a figure in a document, and what there is to say about the reading."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finops.estimates.amounts import Figure
from finops.estimates.kinds import Kind

Unit = Literal["hour", "day", "week", "month", "year", "once"]
Check = Literal["equal", "rounding", "disagrees"]


@dataclass(frozen=True)
class Line:
    """One figure of a document. Money is in `currency` per `unit`; each is None where the document does not say.

    `high` None is open-ended; without `low` either there is no amount, as in `30% of production`: then `share`
    (percent) and `of` (an environment) say what it follows. `counts` is false for what never enters a sum.
    `aside` is the code of the note that says why it does not.
    `group` numbers what is summed together: a table's column, a list. `figure` is the text as printed.
    """

    environments: tuple[str, ...]
    section: str
    label: str
    low: Decimal | None
    high: Decimal | None
    unit: str | None
    currency: str | None
    kind: Kind
    source_file: str
    source_line: int
    configuration: str = ""
    check: Check | None = None
    counts: bool = False
    hours_a_week: Decimal | None = None
    share: Decimal | None = None
    of: str = ""
    figure: str = ""
    approximate: bool = False
    low_place: Decimal = Decimal(1)
    high_place: Decimal = Decimal(1)
    group: tuple[int, int] = (0, 0)
    aside: str = ""
    service: str = ""
    usage_type: str = ""

    @property
    def environment(self) -> str | None:
        """The environments as one text, `test/dev` where the document gives one figure for both."""
        return "/".join(self.environments) or None


@dataclass(frozen=True)
class Note:
    """Something a reader of the lines should know: a stable code, a sentence, the line of the document."""

    code: str
    message: str
    line: int


@dataclass(frozen=True)
class Reading:
    """Everything that was read from one document."""

    source_file: str
    lines: tuple[Line, ...]
    notes: tuple[Note, ...]


def line_of(
    figure: Figure,
    place: tuple[str, int],
    section: str,
    label: str,
    environments: tuple[str, ...],
    kind: Kind,
    *,
    unit: str | None = None,
    currency: str | None = None,
    configuration: str = "",
    hours_a_week: Decimal | None = None,
    group: tuple[int, int] = (0, 0),
) -> Line:
    """A line from a figure; `place` is the file and the line it stands on.

    `unit` and `currency` are those of what is around it, for a figure that says none itself.
    """
    return Line(
        environments=environments,
        section=section,
        label=label,
        low=figure.low,
        high=figure.high,
        unit=figure.unit or unit,
        currency=figure.currency or currency,
        kind=kind,
        source_file=place[0],
        source_line=place[1],
        configuration=configuration,
        counts=kind == "row",
        hours_a_week=hours_a_week,
        share=figure.share,
        figure=figure.text,
        approximate=figure.approximate,
        low_place=figure.low_place,
        high_place=figure.high_place,
        group=group,
    )
