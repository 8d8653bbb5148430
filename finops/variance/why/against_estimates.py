"""The change from what documents promise to what was charged: usage and price where a document states hours.

An estimate per hour has a price and, by its schedule or around the clock, hours; it is held against the hours of the
bill. Of any other estimate only the amount is known. A range counts at its middle, an open-ended one at its low end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import needed_joins, parse_by
from finops.document import basis_of
from finops.errors import FinopsError, UsageError
from finops.variance.actuals import Charges, Month, tells_usage_types
from finops.variance.compare import owner, unmapped
from finops.variance.document import hold
from finops.variance.promises import Promise
from finops.variance.why.answer import ENVIRONMENT, Answer, tie
from finops.variance.why.cells import KIND, NOT_SEPARABLE, USAGE, Cell, on_demand, quantity_columns
from finops.variance.why.effects import Length, decompose
from finops.variance.why.parts import Change
from finops.variance.why.spans import Span, Spans

if TYPE_CHECKING:
    from finops.reader import Ledger

_ZERO = Decimal(0)
_SCALE = Decimal("1e-10")
_HOURS_A_DAY, _DAYS_A_WEEK, _HUNDRED = 24, 7, 100
_HOURS = ("hrs", "hours", "hour", "hr")
_NOT_ESTIMATED, _NOT_SEEN = "not_estimated", "not_seen"


@dataclass(frozen=True)
class Charged:
    """What was charged for one kind of usage: cost, cost on demand, and quantity (null where it is not told)."""

    charges: Charges
    kind: str
    unit: str | None
    cost: Decimal
    demand: Decimal
    quantity: Decimal | None

    @property
    def is_hours(self) -> bool:
        """Whether it is usage that is counted in hours."""
        return self.kind == USAGE and self.quantity is not None and (self.unit or "").lower() in _HOURS


def against_estimates(ledger: Ledger, period: str | None, only: str | None = None) -> Answer:
    """Estimates of a month against the cost of its complete days, line by line; each part of an estimate by days.

    The ledger is open for all periods, by environment and the tags of labels. Raises ConfigError when no document is
    named, UsageError for an environment nobody knows, FinopsError when the effects do not add up.
    """
    month, found, _, problems = hold(ledger, period)
    charged = _charged(ledger, month, found)
    cells = list(_cells(found, charged, month))
    days = month.known.length
    effects = [one for cell in cells for one in decompose([cell], Length(days, days))]
    sums = _sums(cells)
    tie(cells, effects, sums)
    _tie_to_bill(ledger, month, sums)
    if only:
        sums = [one for one in sums if only in one.name.split("/")]
        effects = [one for one in effects if only in one.cell.split.split("/")]
        if not sums:
            raise UsageError(f"no environment is called {only}", "--env", "finops variance names them")
    spans = Spans(Span(month.known, title="the estimates of documents"), Span(month.known))
    basis = replace(basis_of(ledger), start=month.known.start, end=month.known.end)
    told = [*ledger.problems, *problems, *unmapped(found)]
    return Answer(ENVIRONMENT, spans, tuple(sums), tuple(effects), basis, tuple(told))


def _charged(ledger: Ledger, month: Month, found: Sequence[Promise]) -> list[Charged]:
    keys = list(dict.fromkeys(key for one in found if one.target for key, _ in one.target.tags))
    dimensions = parse_by(",".join(["environment", "service", "usage_type", *(f'"tag:{key}"' for key in keys)]))
    joins = needed_joins(dimensions)
    sql = _CHARGED.format(
        keys=", ".join(one.expression(at) for at, one in enumerate(dimensions)),
        kind=KIND,
        cost=ledger.cost,
        demand=on_demand(ledger.ask.metric, ledger.cost),
        joins=joins.sql,
        days=Span(month.known).sql(),
        **quantity_columns(ledger),
    )
    told = tells_usage_types(ledger)
    return [_one(row, keys, told) for row in ledger.connection.execute(sql, joins.params).fetchall()]


def _one(row: Sequence[Any], tags: Sequence[str], told: bool) -> Charged:
    environment, service, usage_type, *values = row[: 3 + len(tags)]
    kind, unit, cost, demand, quantity = row[3 + len(tags) :]
    charges = Charges(environment, service, usage_type if told else None, dict(zip(tags, values, strict=True)))
    return Charged(charges, kind, unit, cost, demand, quantity)


def _cells(found: Sequence[Promise], charged: Sequence[Charged], month: Month) -> Iterator[Cell]:
    """The cells of every promise, and one of every service that nobody promised."""
    claimed: dict[int, list[Charged]] = defaultdict(list)
    rest: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for one in charged:
        costs[one.charges.environment] += one.cost
        at = owner(found, one.charges)
        if at is None:
            rest[one.charges.environment, one.charges.service] += one.cost
        else:
            claimed[at].append(one)
    for at, promise in enumerate(found):
        yield from _of_promise(promise, claimed[at], month, costs)
    for (environment, service), cost in sorted(rest.items()):
        yield _cell(environment, service, service, _NOT_ESTIMATED, cost1=cost)


def _of_promise(
    promise: Promise, held: Sequence[Charged], month: Month, costs: Mapping[str, Decimal]
) -> Iterator[Cell]:
    split = "/".join(promise.environments)
    service = (promise.target and promise.target.service) or "(none)"
    due, hours = _due(promise, month, costs), _hours_due(promise, month)
    if hours is None:
        cost = sum((one.cost for one in held), _ZERO)
        yield _cell(split, service, promise.label, NOT_SEPARABLE if held else _NOT_SEEN, cost0=due, cost1=cost)
        return
    by_hour = [one for one in held if one.is_hours]
    yield _cell(
        split, service, promise.label, USAGE, unit="Hrs",
        cost0=due, demand0=due, quantity0=hours,
        cost1=sum((one.cost for one in by_hour), _ZERO),
        demand1=sum((one.demand for one in by_hour), _ZERO),
        quantity1=sum((one.quantity or _ZERO for one in by_hour), _ZERO),
    )  # fmt: skip
    other = sum((one.cost for one in held if not one.is_hours), _ZERO)
    yield _cell(split, service, promise.label, NOT_SEPARABLE, cost1=other)


def _due(promise: Promise, month: Month, costs: Mapping[str, Decimal]) -> Decimal:
    """What the known days of the month should have cost."""
    if promise.share is not None:
        due = costs.get(promise.of, _ZERO) * promise.share / _HUNDRED
    else:
        high = promise.low if promise.high is None else promise.high
        due = (promise.low + high) / 2 * month.known.length / month.whole.length
    return due.quantize(_SCALE, ROUND_HALF_EVEN)


def _hours_due(promise: Promise, month: Month) -> Decimal | None:
    """The hours of the known days that an estimate per hour is for; None of any other."""
    line = promise.lines[0]
    if line.unit != "hour" or len(promise.lines) > 1 or promise.share is not None:
        return None
    if line.hours_a_week is None:
        return Decimal(_HOURS_A_DAY * month.known.length)
    return line.hours_a_week * month.known.length / _DAYS_A_WEEK


def _cell(split: str, service: str, label: str, kind: str, unit: str | None = None, **values: Decimal) -> Cell:
    costs = {name: values.get(name, _ZERO) for name in ("cost0", "cost1", "demand0", "demand1")}
    return Cell(
        split, kind, service, "(none)", "(none)", label, None, None, unit, **costs,
        quantity0=values.get("quantity0"), quantity1=values.get("quantity1"),
        lines=1, is_long=False, seen0=True, seen1=True,
    )  # fmt: skip


def _sums(cells: Sequence[Cell]) -> list[Change]:
    names = dict.fromkeys(cell.split for cell in cells)
    sums = [
        Change(
            name,
            sum((cell.cost0 for cell in cells if cell.split == name), _ZERO),
            sum((cell.cost1 for cell in cells if cell.split == name), _ZERO),
        )
        for name in names
    ]
    return sorted(sums, key=lambda one: (-abs(one.change), one.name))


def _tie_to_bill(ledger: Ledger, month: Month, sums: Sequence[Change]) -> None:
    days = Span(month.known).sql()
    (row,) = ledger.rows(f"select coalesce(sum(facts.{ledger.cost}), 0) as cost from daily_cost as facts where {days}")
    if row["cost"] != sum((one.after for one in sums), _ZERO):
        raise FinopsError("the lines do not add up to the bill", "variance --why", "please report this")


_CHARGED = """
with lines as (
    select {keys}, {kind} as kind, {pricing_unit} as unit,
        facts.{cost} as cost, {demand} as demand, {x_quantity} as quantity
    from resource_daily as facts {joins}
    where {days}
)
select
    * exclude (cost, demand, quantity), coalesce(sum(cost), 0), coalesce(sum(demand) filter (where kind = 'usage'), 0),
    case when count(*) filter (where quantity is null) = 0 then sum(quantity) end
from lines
group by all
"""
