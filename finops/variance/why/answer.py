"""`finops variance --why`: the change between two spans, proved to add up before anything is printed of it."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from finops.availability import negation_note
from finops.catalog import COST_EXPLORER, Problem
from finops.dimensions import Dimension, dimension, needed_joins, parse_where
from finops.document import Basis, basis_of
from finops.errors import FinopsError, UsageError
from finops.variance.why.cells import Cell, read_cells, tells_quantities
from finops.variance.why.come_and_gone import ComeAndGone
from finops.variance.why.effects import Effect, Length, decompose
from finops.variance.why.parts import Change, Part, parts_of, together
from finops.variance.why.spans import Asked, Spans, spans

if TYPE_CHECKING:
    from finops.reader import Ledger

ENVIRONMENT = dimension("environment")
_ZERO = Decimal(0)
_DIGITS = 100


@dataclass(frozen=True)
class Answer:
    """The change between two spans: what each value of `split` cost, and the effects that make it up.

    `effects` are all but those of resources of one span only, which `come_and_gone` has.
    """

    split: Dimension
    spans: Spans
    sums: tuple[Change, ...]
    effects: tuple[Effect, ...]
    basis: Basis
    problems: tuple[Problem, ...]
    come_and_gone: ComeAndGone | None = None

    def largest(self, limit: int | None = None) -> Iterator[Effect]:
        """All effects in no order; with a limit at least that many of the largest, if there are."""
        yield from self.effects
        if self.come_and_gone:
            yield from self.come_and_gone.effects(limit)

    @property
    def count(self) -> int:
        """How many effects there are."""
        return len(self.effects) + (self.come_and_gone.count if self.come_and_gone else 0)

    def parts(self) -> list[Part]:
        """The effects added up by value of the split and name, the largest first."""
        return together(parts_of(self.effects), self.come_and_gone.parts() if self.come_and_gone else ())

    @property
    def whole(self) -> Change:
        """All values added up."""
        return Change(
            "All of it", sum((one.before for one in self.sums), _ZERO), sum((one.after for one in self.sums), _ZERO)
        )


def why(ledger: Ledger, asked: Asked, split: Dimension = ENVIRONMENT, only: str | None = None) -> Answer:
    """The change between two spans, split into effects per resource or usage type.

    `ledger` is open for all periods and for `split`; `only` leaves one value of it. Raises UsageError for words that
    do not fit, DataError for days without data, FinopsError when the effects do not add up: then nothing is printed.
    """
    held = spans(ledger, asked)
    sums = _sums(ledger, held, split)
    used = _deliveries(ledger, held)
    separable = all(one["format"] != COST_EXPLORER for one in used)
    before, after = held.before, held.after
    length = Length(before.days.length, after.days.length, before.month_days, after.month_days)
    with _no_collector():
        cells = read_cells(ledger, held, split, separable)
        effects = decompose(cells, length)
        tie(cells, effects, sums, ComeAndGone(ledger.connection).sums())
    if only:
        known = {change.name for change in sums} | {one.name for one in ledger.settings.environments}
        if only not in known:
            raise UsageError(f"no environment is called {only}", "--env", f"one of {', '.join(sorted(known))}")
        sums, effects = [one for one in sums if one.name == only], [one for one in effects if one.cell.split == only]
    problems = [*ledger.problems, *held.problems, *_notes(ledger, used, separable)]
    basis, others = _basis(ledger, held, used), ComeAndGone(ledger.connection, only)
    return Answer(split, held, tuple(sums), tuple(effects), basis, tuple(problems), others)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's search for cycles: tuples have none, and half the time of a million goes into looking."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def tie(
    cells: Sequence[Cell],
    effects: Sequence[Effect],
    sums: Sequence[Change],
    others: Iterable[tuple[str, Decimal, Decimal, Decimal]] = (),
) -> None:
    """Hold cells and effects against what the days cost, for every value of the split.

    `others` are sums of further cells: cost before, cost after, effects. Raises FinopsError.
    """
    found: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO, _ZERO])
    with localcontext() as context:
        context.prec = _DIGITS
        for cell in cells:
            known = found[cell.split]
            known[0] += cell.cost0
            known[1] += cell.cost1
        for one in effects:
            found[one.cell.split][2] += one.change
        for name, *amounts in others:
            found[name] = [known + amount for known, amount in zip(found[name], amounts, strict=True)]
        moves = sum((one.change for one in effects if one.name == "tag_move"), _ZERO)
        for name, before, after in sums:
            if found.pop(name, [_ZERO] * 3) != [before, after, after - before]:
                raise FinopsError(f"the effects of {name} do not add up to its change", name, "please report this")
    if moves or any(any(one) for one in found.values()):
        raise FinopsError("what moved from one value of the tag to another does not add up to nothing", "tag_move")


def _sums(ledger: Ledger, held: Spans, split: Dimension) -> list[Change]:
    """What each value cost in both spans, told from daily_cost as `spend` tells it; the largest change first."""
    joins = needed_joins([split])
    sql = _SUMS.format(
        split=split.expression(0), cost=ledger.cost, joins=joins.sql, before=held.before.sql(), after=held.after.sql()
    )
    rows = ledger.connection.execute(sql, joins.params).fetchall()
    return sorted((Change(*row) for row in rows), key=lambda one: (-abs(one.change), one.name))


def _deliveries(ledger: Ledger, held: Spans) -> list[dict[str, Any]]:
    sql = f"select distinct delivery_id from daily_cost as facts where {held.before.sql()} or {held.after.sql()}"
    ids = {row[0] for row in ledger.connection.execute(sql).fetchall()}
    return [one for one in ledger.deliveries if one["delivery_id"] in ids]


def _basis(ledger: Ledger, held: Spans, used: Sequence[dict[str, Any]]) -> Basis:
    finals = {one["final"] for one in used}
    final = False if False in finals else None if None in finals else True
    days = held.after.days
    return replace(basis_of(ledger), start=days.start, end=days.end, deliveries=used, final=final)


def _notes(ledger: Ledger, used: Sequence[dict[str, Any]], separable: bool) -> Iterator[Problem]:
    if not separable:
        months = ", ".join(one["period"] for one in used if one["format"] == COST_EXPLORER)
        yield Problem("not_separable", _OF_SUMS, f"Cost Explorer {months}")
    elif not tells_quantities(ledger):
        yield Problem("quantities_unknown", _NO_QUANTITIES, "finops ingest, into a new database")
    if "list" in ledger.unavailable and ledger.ask.metric != "list":
        yield Problem("list_unknown", _NO_LIST, ledger.unavailable["list"])
    filtered = [one.word for one in (parse_where(text).dimension for text in ledger.ask.where) if one.by_tag_set]
    if filtered:
        yield Problem("moves_not_seen", _MOVES, f"--where {', '.join(filtered)}")
    yield from negation_note(ledger)


_OF_SUMS = (
    "Cost Explorer tells no resources and no quantities: what usage, price, mix, new and gone resources make up "
    "is one effect, not_separable"
)
_NO_QUANTITIES = (
    "the periods were loaded before quantities were kept: usage, mix and price are one effect, not_separable"
)
_NO_LIST = "without a public price, what reservations cover has no on-demand cost: all of it is under commitment"
_MOVES = "only a part of the bill is read: a resource that came under it, or left it, counts as new or gone"

_SUMS = """
select
    {split} as name,
    coalesce(sum(facts.{cost}) filter (where {before}), 0) as cost_before,
    coalesce(sum(facts.{cost}) filter (where {after}), 0) as cost_after
from daily_cost as facts {joins}
where ({before}) or ({after})
group by 1
"""
