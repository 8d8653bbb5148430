"""Advice on the same cost, one after the other: what each row still saves once those before it are done.

A cost is what one usage type of a resource costs a month without a commitment. Of it a `part` takes what it said, as
long as that is left; a `rate` takes its share of what is left; `all` leaves nothing of the resource. Of several rates
for one cost one is done: the best. Only money that is left can be saved, so no sum exceeds the cost.

What follows an upper bound stays as sure as it was: if the upper bound comes to less, more is left for what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from finops.recommend.kinds import kind_of
from finops.recommend.row import Recommendation

_EXACT = Decimal("1e-10")
_NONE = Decimal(0)


def settled(rows: Iterable[Recommendation]) -> list[Recommendation]:
    """The rows in the order of their steps, each with its saving in sequence; the order given does not matter.

    It stays None for rows without a saving, for the other of two rates, and for kinds that hours or nothing settle.
    """
    ordered = sorted(rows, key=_place)
    best = _best_rates(ordered)
    left: dict[tuple[str, ...], Decimal] = {}
    stopped: set[tuple[str, str]] = set()
    result = []
    for row in ordered:
        takes = kind_of(row.kind).takes
        if row.saving is None or takes in ("hours", "none") or (takes == "rate" and best[row.pool] != row.id):
            result.append(row)
            continue
        cost = row.open_cost or row.saving
        # of a resource that is stopped each cost is saved once, and then nothing is left of any
        is_gone = takes != "all" and (row.account, row.resource_id) in stopped
        rest = _NONE if is_gone else left.get(row.pool, cost)
        # never more than what is left, to the last decimal
        taken = _taken(takes, row.saving, cost, rest).quantize(_EXACT, ROUND_FLOOR)
        left[row.pool] = rest - taken
        if takes == "all":
            stopped.add((row.account, row.resource_id))
        result.append(replace(row, saving_in_sequence=taken))
    return result


def _taken(takes: str, saving: Decimal, cost: Decimal, rest: Decimal) -> Decimal:
    return saving * rest / cost if takes == "rate" and rest < cost else min(saving, rest)


def _best_rates(rows: Sequence[Recommendation]) -> dict[tuple[str, ...], str]:
    """Of each cost the row with the largest saving among those that are rates."""
    best: dict[tuple[str, ...], Recommendation] = {}
    for row in rows:
        if kind_of(row.kind).takes == "rate" and row.saving is not None:
            before = best.get(row.pool)
            if before is None or (row.saving, row.id) > (before.saving or _NONE, before.id):
                best[row.pool] = row
    return {pool: row.id for pool, row in best.items()}


def _place(row: Recommendation) -> tuple[Any, ...]:
    kind = kind_of(row.kind)
    return kind.place, kind.takes == "rate", -(row.saving or 0), row.kind, row.where, row.apart or ""


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
