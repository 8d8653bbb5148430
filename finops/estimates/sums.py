"""Do the rows sum to the totals a document states? To the precision the document itself prints."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from finops.estimates.lines import Check, Line, Note
from finops.estimates.units import HOURS

_ZERO, _HALF = Decimal(0), Decimal("0.5")
_RANK: dict[Check | None, int] = {"equal": 0, "rounding": 1, "disagrees": 2, None: 3}


@dataclass(frozen=True)
class Sum:
    """Rows added up in a unit: the two ends, and how much rounding the rows admit to."""

    low: Decimal
    high: Decimal | None
    slack: Decimal


def check_totals(lines: Sequence[Line]) -> tuple[list[Line], list[Note]]:
    """The lines with the check of each total and subtotal, and a note for each that disagrees.

    A total is held against the rows above it in its table, those since the last subtotal, the totals above it; where
    its table has no rows, against those of its section and then of its environment. The best fit decides.
    """
    groups = _Groups(lines)
    checked, notes = [], []
    for at, line in enumerate(lines):
        if line.kind not in ("total", "subtotal") or line.low is None:
            checked.append(line)
            continue
        check, rows = _best(line, groups.candidates(at))
        if check == "disagrees" and any(one.aside == "mixed_currency" for one in groups.above(at)):
            check = None
            message = f"{line.label}: not checked, its table holds two currencies"
            notes.append(Note("sum_not_checked", message, line.source_line))
        checked.append(replace(line, check=check))
        if check == "disagrees":
            notes.append(Note("sum_disagrees", _words(line, rows), line.source_line))
    return checked, notes


def _best(total: Line, candidates: Iterable[list[Line]]) -> tuple[Check | None, list[Line]]:
    best: tuple[Check | None, list[Line]] = (None, [])
    for rows in candidates:
        check = compare(total, rows)
        if _RANK[check] <= _RANK[best[0]]:
            best = (check, rows)
        if check == "equal":
            break
    return best


def compare(total: Line, rows: Sequence[Line]) -> Check | None:
    """How a total fits its rows; None where they cannot be compared: other units or currencies, no end."""
    added = sum_of(rows, total.unit)
    if added is None or total.low is None or {row.currency for row in rows} - {total.currency, None}:
        return None
    if added.high is None or total.high is None:
        return None
    if (added.low, added.high) == (total.low, total.high):
        return "equal"
    near = abs(added.low - total.low) <= total.low_place * _HALF + added.slack
    near = near and abs(added.high - total.high) <= total.high_place * _HALF + added.slack
    return "rounding" if near else "disagrees"


def sum_of(rows: Sequence[Line], unit: str | None) -> Sum | None:
    """The rows added up per `unit`; None without rows, or where a unit is no stretch of time like the others."""
    low, high, slack = _ZERO, _ZERO, _ZERO
    open_ended = False
    for row in rows:
        factor = _factor(row.unit, unit)
        if factor is None or row.low is None:
            return None
        low += row.low * factor
        high += (row.high or _ZERO) * factor
        open_ended = open_ended or row.high is None
        slack += row.high_place * _HALF * factor if row.approximate else _ZERO
    return Sum(low, None if open_ended else high, slack) if rows else None


def _factor(unit: str | None, wanted: str | None) -> Decimal | None:
    if unit == wanted or unit is None or wanted is None:
        return Decimal(1)
    if unit in HOURS and wanted in HOURS:
        return HOURS[wanted] / HOURS[unit]
    return None


class _Groups:
    """The lines by the table or list they are summed in, so that a long table is walked once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._members: dict[tuple[int, int], list[int]] = {}
        self._same: dict[tuple[str, ...], list[Line]] = {}
        for at, line in enumerate(lines):
            self._members.setdefault(line.group, []).append(at)
            if line.counts:
                self._same.setdefault(line.environments, []).append(line)

    def above(self, at: int) -> list[Line]:
        """The lines above one in its group."""
        members = self._members[self._lines[at].group]
        return [self._lines[other] for other in members[: bisect_left(members, at)]]

    def candidates(self, at: int) -> Iterator[list[Line]]:
        """What a total may be the total of; never without rows. Whoever asks stops at the first that fits."""
        total = self._lines[at]
        if since := self._since_last_total(at):
            yield since
        if total.kind == "subtotal" and since:
            return
        yield from filter(None, self._in_group(at) or self._elsewhere(total))

    def _since_last_total(self, at: int) -> list[Line]:
        members = self._members[self._lines[at].group]
        found = []
        for other in reversed(members[: bisect_left(members, at)]):
            if self._lines[other].kind in ("total", "subtotal"):
                break
            if self._lines[other].counts:
                found.append(self._lines[other])
        return found[::-1]

    def _in_group(self, at: int) -> list[list[Line]]:
        group = self.above(at)
        rows = [line for line in group if line.counts]
        sums = [line for line in group if line.kind in ("total", "subtotal") and line.low is not None]
        if rows or self._lines[at].environments == ():
            outermost = [line for line in sums if line.kind == "total"]
            paid_elsewhere = [line for line in group if line.counts or line.aside == "other_provider"]
            if any((rows, sums)):
                return [rows, sums, outermost, paid_elsewhere]
        members = self._members[self._lines[at].group]
        return [below] if (below := [self._lines[n] for n in members if n > at and self._lines[n].counts]) else []

    def _elsewhere(self, total: Line) -> list[list[Line]]:
        same = self._same.get(total.environments, [])
        section = [line for line in same if line.section == total.section]
        if section:
            return [section, [line for line in section if line.group == section[-1].group]]
        return [same] if total.environments else []


def _words(total: Line, rows: Sequence[Line]) -> str:
    added = sum_of(rows, total.unit)
    assert added is not None
    stated = _range(total.low or _ZERO, total.high)
    return f"{total.label}: the rows sum to {_range(added.low, added.high)}, the document states {stated}"


def _range(low: Decimal, high: Decimal | None) -> str:
    ends = [_text(low)] if low == high else [_text(low), "more" if high is None else _text(high)]
    return " to ".join(ends)


def _text(value: Decimal) -> str:
    return format(value.normalize() + 0, ",f")
