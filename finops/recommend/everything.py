"""The answer of `finops recommend`: all advice in the order it is taken, and the one total that is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.document import Basis, Column, Document, Rows
from finops.errors import UsageError
from finops.recommend.choosing import Question
from finops.recommend.commitments import Committed, on_what_is_left
from finops.recommend.held import held
from finops.recommend.hours import hourly_facts
from finops.recommend.kinds import kind_of
from finops.recommend.lifecycle import KeptAndStored, kept_and_stored
from finops.recommend.lifecycle_prices import StoragePrices
from finops.recommend.row import BY_CLASS, COLUMNS, TABLE_ROWS, Recommendation, monthly
from finops.recommend.sequence import by_class, by_step, total
from finops.recommend.spot import OnSpot, on_spot
from finops.recommend.spot_prices import SpotBook, spot_book
from finops.recommend.spot_rerun import Pool
from finops.recommend.waste import Wasted, wasted

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.prices import PriceBook
    from finops.usage import Usage

# What a person reads of each row: the action names the resource, and the kind says the step.
_SHOWN = ("kind", "owner", "saving", "saving_in_sequence", "class", "confidence", "effort", "action")
_BY_STEP = (
    Column("step"),
    Column("class"),
    Column("rows", "count"),
    Column("saving", "money"),
    Column("saving_in_sequence", "money"),
)


@dataclass(frozen=True)
class Everything:
    """All advice in sequence, with what it was made from.

    `usage_cost` is a month of all usage, covered usage at the rates of its commitments. Without hours nothing is
    `hourly`.
    """

    rows: Sequence[Recommendation]
    waste: Wasted
    stored: KeptAndStored
    hourly: Hourly | None
    usage_cost: Decimal
    problems: Sequence[Problem]

    @property
    def told(self) -> list[Recommendation]:
        """Every row that a verb prints."""
        hourly = [*self.hourly.moved.rows, *self.hourly.committed.rows] if self.hourly else []
        return [*self.waste.rows, *hourly, *self.stored.rows]

    @property
    def loaded(self) -> tuple[datetime, datetime]:
        """The first complete hour, and the end of the last one."""
        return self.waste.span.start, self.waste.span.end


@dataclass(frozen=True)
class Hourly:
    """Advice that takes hours: Spot and commitments, with the Spot prices."""

    moved: OnSpot
    committed: Committed
    spot_book: SpotBook


def everything(usage: Usage, settings: Settings, book: PriceBook, inventory: Path | None = None) -> Everything:
    """Waste, Spot, lifecycle and commitments in sequence.

    Where the export has no hours, Spot and commitments could not be checked, which is said. Raises UsageError where no
    hour of the bill is complete or the inventory cannot be read.
    """
    before = wasted(usage, settings, book)
    stored = kept_and_stored(usage, StoragePrices.of(book), settings, inventory)
    hourly, problems = _by_the_hour(usage, settings, book, before)
    by_the_hour = [*_pays(hourly.moved.rows), *_advised(hourly.committed)] if hourly else []
    hours = int(before.span.loaded.sum())
    cost = monthly(sum((one.cost for one in before.facts), Decimal(0)), hours)
    rows = sorted([*before.rows, *by_the_hour, *stored.rows], key=_by_money)
    return Everything(rows, before, stored, hourly, cost, [*usage.problems, *stored.problems, *problems])


def _by_the_hour(
    usage: Usage, settings: Settings, book: PriceBook, before: Wasted
) -> tuple[Hourly | None, Sequence[Problem]]:
    """Advice on Spot and commitments, and what is to be said beside; None of an export without hours."""
    try:
        facts, problems = hourly_facts(usage)
    except UsageError as error:
        return None, [Problem("no_hours", f"Spot and commitments could not be checked: {error}")]
    question = Question(facts, held(usage.connection), book, settings)
    pool = Pool(facts, question.held, book)
    prices = spot_book(usage, book)
    moved = on_spot(usage, settings, pool, prices, before.rows)
    return Hourly(moved, on_what_is_left(question, moved), prices), [*problems, *moved.problems]


def _pays(rows: Sequence[Recommendation]) -> Iterator[Recommendation]:
    """What could move, less what had better stay."""
    return (row for row in rows if row.saving is None or row.saving > 0)


def _advised(committed: Committed) -> Iterator[Recommendation]:
    """What is bought in the end and what stands idle; and one offer of usage of which no offer has a known rate."""
    told = {one.candidate.group.key for one in committed.found.all}
    for row in committed.rows:
        if row.saving_in_sequence is not None or row.kind != "commitment":
            yield row
        elif row.saving is None and row.where[:4] not in told:
            told.add(row.where[:4])
            yield row


def _by_money(row: Recommendation) -> tuple[Any, ...]:
    """What saves most in sequence first, then what would alone, then what costs most."""
    known = row.saving_in_sequence if row.saving_in_sequence is not None else Decimal(-1)
    return (
        -known,
        row.saving is None,
        -(row.saving or 0),
        -(row.current_cost or 0),
        row.kind,
        row.where,
        row.apart or "",
    )


def in_one(usage: Usage, found: Everything, where: Mapping[str, Sequence[str]]) -> Document:
    """The document; `where` chooses rows by what their columns hold, and no figure depends on it."""
    rows = chosen(found, where)
    columns = (Column("step", shown="never"), *(_column(one) for one in COLUMNS))
    span = found.waste.span
    return Document(
        command="recommend",
        basis=Basis(span.start.date(), span.end.date(), None, usage.currency, usage.final, span.end, usage.described),
        rows=Rows.of(columns, [(kind_of(row.kind).step, *row.cells(columns[1:])) for row in rows]),
        totals={
            "by_step": Rows.of(_BY_STEP, by_step(rows)),
            "by_class": Rows.of(BY_CLASS, by_class(rows)),
            "usage_cost": found.usage_cost,
            "saving_in_sequence": total(rows, "saving_in_sequence") or Decimal(0),
        },
        problems=found.problems,
        table_rows=TABLE_ROWS,
        lead=_lead(rows, found, usage.currency, bool(where)),
        folded=frozenset({"by_class", "usage_cost"}),
    )


def _column(one: Column) -> Column:
    shown = "filled" if one.name == "owner" else "always" if one.name in _SHOWN else "never"
    return replace(one, shown=shown)  # type: ignore[arg-type]


def chosen(found: Everything, where: Mapping[str, Sequence[str]]) -> list[Recommendation]:
    """The rows whose columns hold what is asked for."""
    return [row for row in found.rows if _is_asked(row, where)]


def _is_asked(row: Recommendation, where: Mapping[str, Sequence[str]]) -> bool:
    return all(value_of(row, key).casefold() in {one.casefold() for one in of} for key, of in where.items())


def value_of(row: Recommendation, key: str) -> str:
    """What a row is filtered by: a key of KEYS."""
    if key == "step":
        return kind_of(row.kind).step
    return str(getattr(row, {"class": "certainty", "resource": "resource_id"}.get(key, key)))


KEYS = ("account", "region", "service", "resource", "owner", "kind", "step", "class", "confidence", "effort")


def _lead(rows: Sequence[Recommendation], found: Everything, currency: str, narrowed: bool) -> list[str]:
    """What is sure, what may come on top, and what nobody knows."""
    measured = total([row for row in rows if row.certainty == "measured"], "saving_in_sequence") or Decimal(0)
    more = total([row for row in rows if row.certainty == "upper bound"], "saving_in_sequence") or Decimal(0)
    open_ = sum(1 for row in rows if row.certainty == "needs data")
    of = "" if narrowed else f" of {found.usage_cost:,.2f}"
    first = f"All of it taken saves {measured:,.2f} {currency}{of} a month, and up to {more:,.2f} on top."
    return [first, *([f"{open_} rows have no figure: they say what is missing."] if open_ else [])]
