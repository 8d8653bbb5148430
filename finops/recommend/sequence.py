"""Advice on the same cost, one after the other: what each row still saves once those before it are done.

A cost is what one usage type of a resource costs a month without a commitment. Of it a `part` takes what it said, as
long as that is left; a `rate` takes its share of what is left; `all` leaves nothing of the resource. Only money that is
left can be saved, so no sum exceeds the cost.

Of several rates for one cost one is done. The best measured one is counted as what is sure; an upper bound that saves
more counts with what it may add to that, so that both together are what the upper bound alone comes to.

What follows an upper bound stays as sure as it was: if the upper bound comes to less, more is left for what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from finops.recommend.kinds import kind_of
from finops.recommend.row import Recommendation

_EXACT = Decimal("1e-10")
_NONE = Decimal(0)


def settled(rows: Iterable[Recommendation]) -> list[Recommendation]:
    """The rows in the order of their steps, each with its saving in sequence; the order given does not matter.

    It stays None for rows without a saving, for rates that are not done, and for kinds that hours or nothing settle.
    """
    ordered = sorted(rows, key=_place)
    done = _done_rates(ordered)
    left: dict[tuple[str, ...], Decimal] = {}
    sure: dict[_Choice, _Sure] = {}
    stopped: set[tuple[str, str]] = set()
    result = []
    for row in ordered:
        takes = kind_of(row.kind).takes
        if row.saving is None or takes in ("hours", "none") or (takes == "rate" and row.id not in done):
            result.append(row)
            continue
        cost = row.open_cost or row.saving
        # of a resource that is stopped each cost is saved once, and then nothing is left of any
        is_gone = takes != "all" and (row.account, row.resource_id) in stopped
        rest = _NONE if is_gone else left.get(row.pool, cost)
        before = sure.get(_choice(row)) if takes == "rate" else None
        taken = _taken(takes, row.saving, cost, rest) if before is None else _more(row.saving, cost, before)
        left[row.pool] = rest - taken
        if takes == "all":
            stopped.add((row.account, row.resource_id))
        if takes == "rate":
            sure.setdefault(_choice(row), _Sure(row, rest, taken))
        result.append(replace(row, saving_in_sequence=taken, evidence=_evidence(row, before, taken)))
    return result


@dataclass(frozen=True)
class _Sure:
    """The rate that is counted first for a cost: what was left before it, and what it took of that."""

    row: Recommendation
    rest: Decimal
    taken: Decimal


# A cost and a step.
_Choice = tuple[tuple[str, ...], int]


def _choice(row: Recommendation) -> _Choice:
    return row.pool, kind_of(row.kind).place


def _taken(takes: str, saving: Decimal, cost: Decimal, rest: Decimal) -> Decimal:
    """Never more than what is left, to the last decimal."""
    share = saving * rest / cost if takes == "rate" and rest < cost else min(saving, rest)
    return share.quantize(_EXACT, ROUND_FLOOR)


def _more(saving: Decimal, cost: Decimal, sure: _Sure) -> Decimal:
    """What a rate takes in place of another one, less what that one took."""
    return max(_taken("rate", saving, cost, sure.rest) - sure.taken, _NONE)


def _evidence(row: Recommendation, sure: _Sure | None, taken: Decimal) -> str:
    if sure is None:
        return row.evidence
    successor = str(sure.row.more.get("successor") or sure.row.kind)
    return f"{row.evidence}; instead of {successor.rpartition(':')[2]}: {taken:,.2f} more in sequence"


def _done_rates(rows: Sequence[Recommendation]) -> set[str]:
    """The ids of the rates that are done: of a cost the best measured one, and an upper bound that saves more."""
    best: dict[_Choice, dict[bool, tuple[Decimal, str]]] = {}
    for row in rows:
        if kind_of(row.kind).takes == "rate" and row.saving is not None:
            of = best.setdefault(_choice(row), {})
            of[_is_sure(row)] = max(of.get(_is_sure(row), (_NONE, "")), (row.saving, row.id))
    sure = {choice: of.get(True, (_NONE, ""))[0] for choice, of in best.items()}
    return {
        identity
        for choice, of in best.items()
        for is_sure, (saving, identity) in of.items()
        if is_sure or True not in of or saving > sure[choice]
    }


def _is_sure(row: Recommendation) -> bool:
    return row.certainty == "measured"


def _place(row: Recommendation) -> tuple[Any, ...]:
    kind = kind_of(row.kind)
    is_rate = kind.takes == "rate"
    is_on_top = is_rate and not _is_sure(row)
    return kind.place, is_rate, is_on_top, -(row.saving or 0), row.kind, row.where, row.apart or ""


def by_step(rows: Iterable[Recommendation]) -> list[tuple[Any, ...]]:
    """Step, class, rows, saving of each alone, saving in sequence: of every step and class there is."""
    found: dict[tuple[int, str], list[Recommendation]] = {}
    for row in rows:
        found.setdefault((kind_of(row.kind).place, row.certainty), []).append(row)
    return [
        (kind_of(of[0].kind).step, certainty, len(of), total(of, "saving"), total(of, "saving_in_sequence"))
        for (_, certainty), of in sorted(found.items(), key=lambda item: (item[0][0], CLASSES.index(item[0][1])))
    ]


CLASSES = ("measured", "upper bound", "needs data")


def by_class(rows: Sequence[Recommendation]) -> list[tuple[Any, ...]]:
    """Class, rows, saving of each alone, saving in sequence."""
    return [
        (name, len(of), total(of, "saving"), total(of, "saving_in_sequence"))
        for name in CLASSES
        if (of := [row for row in rows if row.certainty == name])
    ]


def total(rows: Iterable[Recommendation], name: str) -> Decimal | None:
    """The sum of what is known; None where nothing is."""
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    return sum(values, _NONE) if values else None
