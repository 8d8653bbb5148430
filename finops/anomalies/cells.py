"""What cost went up or down by: the lines of flagged days, by account, region, service, usage type and resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.allocate.shares import amount, divided, units
from finops.anomalies.levels import Level
from finops.anomalies.series import USAGE
from finops.config.settings import Planned
from finops.dimensions import dimension, needed_joins
from finops.errors import FinopsError

if TYPE_CHECKING:
    from finops.reader import Ledger

PLANNED_DAYS = 14
"""From a planned day on cost may change for so long."""
_PLACE = ("account", "region", "service", "usage_type")
_ZERO = Decimal(0)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """What one place and kind of usage cost, and what was expected of it; `planned` where a change is declared."""

    account: str
    region: str
    service: str
    usage_type: str
    resource_id: str
    owner: str
    actual: Decimal
    expected: Decimal
    planned: bool = False

    @property
    def place(self) -> tuple[str, ...]:
        """What tells it from other cells, resources left out."""
        return self.account, self.region, self.service, self.usage_type

    @property
    def excess(self) -> Decimal:
        """What it cost beyond what was expected; below zero where it cost less."""
        return self.actual - self.expected


@dataclass(frozen=True)
class Slice:
    """A series for some days [start, end), which were expected to cost `expected` in all.

    `base` is the first day of those before, whose cost tells how the expected cost is made up.
    """

    level: Level
    key: tuple[str, ...]
    start: date
    end: date
    expected: Decimal
    base: date


@dataclass(frozen=True)
class Cells:
    """The temp table `anomaly_cells` of a ledger: which column of it holds which dimension."""

    ledger: Ledger
    columns: Mapping[str, str]
    owner: str

    def of(self, one: Slice, resources: bool = False) -> list[Cell]:
        """The cells of a slice; their expected cost sums to the slice's, divided as its days before cost.

        With `resources` each resource is a cell of its own, with the value of its owner tag.
        """
        words = [*_PLACE, *(("resource", self.owner) if resources else ())]
        names = [self.columns[word] for word in words]
        slice_of = "".join(f" and {self.columns[part.word]} = ?" for part in one.level.dimensions)
        planned = [f"plan_{at}" for at, plan in enumerate(self.ledger.settings.planned) if _is_due(plan, one)]
        rows = self.ledger.connection.execute(
            f"select {', '.join(names)}, bool_or({' or '.join(planned) or 'false'}), "
            "coalesce(sum(cost) filter (where charge_day >= ?), 0) as actual, "
            "coalesce(sum(cost) filter (where charge_day < ?), 0) as base from anomaly_cells "
            f"where charge_day >= ? and charge_day < ?{slice_of} group by {', '.join(names)} "
            f"order by actual desc, {', '.join(names)}",
            [one.start, one.start, one.base, one.end, *one.key],
        ).fetchall()
        return _divided(rows, one.expected)


def create_cells(ledger: Ledger, slices: Sequence[Slice]) -> Cells:
    """Create the table: usage of the days of the slices and of those before, by all that it is asked by."""
    settings = ledger.settings
    owner = f"tag:{settings.owners.tag}"
    words = [*_PLACE, "resource", owner, *(part.word for one in slices for part in one.level.dimensions)]
    places = {word: at for at, word in enumerate(dict.fromkeys([*words, *_planned_words(settings.planned)]))}
    dimensions = [dimension(word) for word in places]
    columns = {word: f"k{at}" for word, at in places.items()}
    flags, values = _flags(settings.planned, columns)
    joins = needed_joins(dimensions)
    keys = [f"{one.expression(at)} as k{at}" for at, one in enumerate(dimensions)]
    inner = (
        f"select {', '.join(keys)}, facts.charge_day, cast(sum(facts.{ledger.cost}) as decimal(38, 10)) as cost "
        f"from resource_daily as facts {joins.sql} "
        f"where {USAGE} and facts.charge_day >= ? and facts.charge_day < ? group by all"
    )
    first = min(one.base for one in slices)
    ledger.connection.execute(
        f"create or replace temp table anomaly_cells as select *{flags} from ({inner})",
        [*values, *joins.params, first, max(one.end for one in slices)],
    )
    return Cells(ledger, columns, owner)


def _planned_words(planned: Sequence[Planned]) -> list[str]:
    return [word for plan in planned for word in plan.where]


def _flags(planned: Sequence[Planned], columns: Mapping[str, str]) -> tuple[str, list[str]]:
    """A column per planned change: whether it speaks of the line."""
    flags, values = "", []
    for at, plan in enumerate(planned):
        tests = [f"{columns[word]} in ({', '.join('?' * len(wanted))})" for word, wanted in plan.where.items()]
        values += [value for wanted in plan.where.values() for value in wanted]
        flags += f", {' and '.join(tests) or 'true'} as plan_{at}"
    return flags, values


def _is_due(plan: Planned, one: Slice) -> bool:
    return plan.date - _DAY <= one.start < plan.date + PLANNED_DAYS * _DAY


def _divided(rows: Sequence[Any], expected: Decimal) -> list[Cell]:
    """Rows end in: planned, actual, base. The expected cost is divided by the base, by largest remainder."""
    weights = [max(0, units(row[-1])) for row in rows]
    if rows and not any(weights):
        weights[0] = 1
    parts = divided(units(expected), weights) if rows else []
    cells = [_cell(row, amount(part)) for row, part in zip(rows, parts, strict=True)]
    if sum((cell.expected for cell in cells), _ZERO) != (expected if rows else _ZERO):
        raise FinopsError("the parts of an anomaly do not sum to it", where="anomaly_cells")
    return cells


def _cell(row: Sequence[Any], expected: Decimal) -> Cell:
    account, region, service, usage_type, *more, planned, actual, _ = row
    resource, owner = more or ("", "")
    return Cell(account, region, service, usage_type, resource, owner, actual, expected, planned)
