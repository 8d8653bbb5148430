"""One piece of advice as every `finops recommend` verb prints it, and the document of many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.findings import finding_id, id_apart
from finops.recommend.kinds import confidence_of, kind_of

# Only for showing: a year has 8,760 hours and 12 months.
HOURS_PER_MONTH = 730
_EXACT = Decimal("1e-10")
# What a person reads of a table; JSON and CSV have every row.
TABLE_ROWS = 25

Class = Literal["measured", "upper bound", "needs data"]
"""How sure a saving is: computed from the bill's own hours; at most this much; or no figure, for want of data."""

COLUMNS = (
    Column("id", "id", shown="never"),
    Column("kind"),
    Column("account", shown="filled"),
    Column("region", shown="filled"),
    Column("service", shown="never"),
    Column("resource_id", shown="never"),
    Column("owner", shown="filled"),
    Column("current_cost", "money"),
    Column("saving", "money"),
    Column("saving_low", "money"),
    Column("saving_high", "money", shown="never"),
    Column("saving_in_sequence", "money"),
    Column("basis"),
    Column("class"),
    Column("confidence", shown="never"),
    Column("effort", shown="never"),
    Column("pay_back_months", shown="never"),
    Column("action"),
    Column("evidence", shown="never"),
)

BY_CLASS = (
    Column("class"),
    Column("rows", "count"),
    Column("saving", "money"),
    Column("saving_in_sequence", "money"),
)


@dataclass(frozen=True)
class Recommendation:
    """One thing to change. All money is per month of 730 hours, in the currency of the bill; None is not known.

    `saving` is what this alone saves, `saving_low` and `saving_high` the band it lies in, `saving_in_sequence` what it
    saves after all advice that comes before it (None where it is not part of the total). `basis` says where the rates
    are from: `own rate`, `price list YYYY-MM-DD` or `assumption`. `pay_back_months` is one-off cost over saving, 0
    where there is none. `where` tells it from others of its kind, and `apart` from those that would share its id, where
    there are any; `more` are columns of the verb's own.
    `cost_of` names the cost that the advice acts on where other advice may act on it too, `open_cost` is how much of it
    can be saved at all: what no commitment covers.
    """

    kind: str
    where: tuple[str, ...]
    action: str
    evidence: str
    basis: str
    certainty: Class
    account: str = ""
    region: str = ""
    service: str = ""
    resource_id: str = ""
    owner: str = ""
    current_cost: Decimal | None = None
    saving: Decimal | None = None
    saving_low: Decimal | None = None
    saving_high: Decimal | None = None
    saving_in_sequence: Decimal | None = None
    pay_back_months: Decimal | None = None
    cost_of: tuple[str, ...] = ()
    open_cost: Decimal | None = None
    apart: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pool(self) -> tuple[str, ...]:
        """The cost it acts on: its own where no other advice shares it."""
        return self.cost_of or (self.kind, *self.where)

    @property
    def confidence(self) -> str:
        """How far the saving is to be believed: `high`, `medium`, `low`, or `none` without a figure."""
        return confidence_of(self.certainty, self.basis)

    @property
    def effort(self) -> str:
        """The work it is: `low`, `medium` or `high`."""
        return kind_of(self.kind).effort

    @property
    def id(self) -> str:
        """What the advice is called from run to run, as long as it is about the same thing."""
        found = finding_id(self.kind, self.where)
        return found if self.apart is None else id_apart(found, self.apart)

    def cells(self, columns: Sequence[Column]) -> tuple[Any, ...]:
        """The values of the row in the order of the columns."""
        return tuple(self._value(column.name) for column in columns)

    def _value(self, name: str) -> Any:
        if name in self.more:
            return self.more[name]
        return getattr(self, "certainty" if name == "class" else name, None)


def monthly(cost: float | Decimal, hours: int) -> Decimal:
    """A cost over some hours as cost per month of 730 hours, to 10 decimals."""
    return (Decimal(cost) * HOURS_PER_MONTH / hours).quantize(_EXACT)


def document(
    command: str,
    basis: Basis,
    advice: Sequence[Recommendation],
    more: Sequence[Column] = (),
    totals: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    hidden: Collection[str] = (),
) -> Document:
    """The advice as a document, in the order given; `more` are columns of the verb's own, behind the common ones.

    Tables for a person leave `hidden` columns out, so that the action has room; JSON and CSV have every column.
    `totals.saving_in_sequence` is what all of it saves together: the sum of what each saves in sequence.
    """
    columns = tuple(replace(one, shown="never") if one.name in hidden else one for one in (*COLUMNS, *more))
    saving = sum((one.saving_in_sequence for one in advice if one.saving_in_sequence is not None), Decimal(0))
    return Document(
        command=command,
        basis=basis,
        rows=Rows.of(columns, [one.cells(columns) for one in advice]),
        totals={"saving_in_sequence": saving, **(totals or {})},
        problems=problems,
        table_rows=TABLE_ROWS,
    )
