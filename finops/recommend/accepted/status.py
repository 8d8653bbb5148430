"""Whether accepted advice keeps its promise, from what each day since saved."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from finops.errors import UsageError
from finops.output.values import money

Status = Literal["waiting", "on track", "drifted", "not taken", "reversed", "could not check"]
STATUSES: tuple[Status, ...] = ("on track", "drifted", "not taken", "reversed", "waiting", "could not check")
# What is so now is told by this many days: a week has its quiet and its busy ones.
RECENT_DAYS = 7
# Of the least that was promised so much is enough, because no two weeks are the same.
_ENOUGH = Decimal("0.9")
# Of what was promised, less than this share is nothing: usage varies by as much by itself.
_NOTHING = Decimal("0.1")
# Use that differs by less is the same.
_SAME = Decimal("0.01")
_DAYS_A_MONTH = Decimal(730) / 24
_EXACT = Decimal("1e-10")


def parse_statuses(texts: Sequence[str]) -> tuple[str, ...]:
    """The statuses of `--fail-on`, each option one or several with commas. Raises UsageError for an unknown one."""
    named = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    unknown = next((word for word in named if word not in STATUSES), None)
    if unknown is not None:
        raise UsageError(f"there is no status {unknown}", "--fail-on", f"one of {', '.join(STATUSES)}")
    return tuple(dict.fromkeys(named))


def monthly(days: Sequence[Decimal]) -> Decimal:
    """Savings of days as a month of 730 hours."""
    return (sum(days, Decimal(0)) / len(days) * _DAYS_A_MONTH).quantize(_EXACT)


def recent(days: Sequence[Decimal]) -> Decimal:
    """What the last days save, as a month."""
    return monthly(days[-RECENT_DAYS:])


def due(promised: Decimal, levels: Sequence[Decimal]) -> Decimal:
    """What a promise by the month comes to over days, each at its level of use."""
    return (promised * sum(levels, Decimal(0)) / _DAYS_A_MONTH).quantize(_EXACT)


def judged(
    days: Sequence[Decimal], levels: Sequence[Decimal], promised: Decimal, low: Decimal | None
) -> tuple[Status, str]:
    """The status and the reason in words; `days` are not empty, each has its level of use, `promised` is above 0.

    On track is at least nine tenths of the least that was promised, and a tenth of all of it. Less than a tenth is
    nothing: reversed where a week before was on track, not taken where none was.
    """
    need = max(_ENOUGH * (low or Decimal(0)), _NOTHING * promised)
    now, level = recent(days), _mean(levels[-RECENT_DAYS:])
    seen = (
        f"{money(now)} a month by the last {min(len(days), RECENT_DAYS)} days, {money(promised)} promised{_at(level)}"
    )
    if now >= need * level:
        return "on track", seen
    if now >= _NOTHING * promised * level:
        return "drifted", f"{seen}, at least {money(need * level)} expected"
    weeks = [slice(at, at + RECENT_DAYS) for at in range(max(len(days) - RECENT_DAYS, 0))]
    kept = [monthly(days[week]) for week in weeks if monthly(days[week]) >= need * _mean(levels[week])]
    if kept:
        return "reversed", f"{seen}; it was {money(max(kept))} in a week before"
    return "not taken", seen


def _at(level: Decimal) -> str:
    """In words how much is used, where it is not about as much as before."""
    return "" if abs(level - 1) < _SAME else f" at {level * 100:.0f} % of the use before"


def _mean(levels: Sequence[Decimal]) -> Decimal:
    return sum(levels, Decimal(0)) / len(levels)
