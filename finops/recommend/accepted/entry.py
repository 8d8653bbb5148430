"""One line of the ledger of accepted advice: what was promised, and what the bill showed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Line:
    """A usage type on a day: its cost, what it costs on demand, its quantity (None where the bill has none).

    `cost` is at the rates of commitments where they cover it.
    """

    usage_type: str
    cost: Decimal
    on_demand: Decimal
    quantity: Decimal | None


@dataclass(frozen=True)
class Baseline:
    """The days before, [start, end), `days` of them loaded, and a mean day of them.

    `known` are the commitments that were held then, so that a new one is told from them. `why` says why the days cannot
    be held against later ones, and is blank where they can.
    """

    start: date
    end: date
    days: int
    lines: tuple[Line, ...] = ()
    known: tuple[str, ...] = ()
    why: str = ""

    @property
    def cost(self) -> Decimal:
        """What a day cost."""
        return sum((one.cost for one in self.lines), Decimal(0))


@dataclass(frozen=True)
class Entry:
    """Advice that was accepted. Money promised is a month of 730 hours; None where there was no figure.

    `terms` are what a commitment is of: plan type, term, payment, dollars an hour, family. `operation` is the one it is
    about, where other advice is about the same usage in another one; None where it is about all of them.
    """

    id: str
    kind: str
    account: str
    region: str
    service: str
    resource_id: str
    owner: str
    action: str
    basis: str
    certainty: str
    currency: str
    accepted_on: date
    note: str
    promised: Decimal | None
    promised_low: Decimal | None
    promised_high: Decimal | None
    baseline: Baseline
    terms: Mapping[str, str]
    operation: str | None = None


def to_json(entry: Entry) -> dict[str, Any]:
    """The entry as it is written: decimals and days as text, so that nothing is rounded."""
    return {"version": VERSION, **_written(asdict(entry))}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _written(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return str(value) if isinstance(value, Decimal | date) else value


def from_json(row: Mapping[str, Any]) -> Entry:
    """The entry that was written. Raises KeyError, TypeError, ValueError or ArithmeticError for anything else."""
    given = {name: value for name, value in row.items() if name != "version"}
    if row["version"] != VERSION:
        raise ValueError(f"version {row['version']}")
    money = {name: _decimal(given[name]) for name in ("promised", "promised_low", "promised_high")}
    day = date.fromisoformat(given["accepted_on"])
    return Entry(**{**given, **money, "accepted_on": day, "baseline": _baseline(given["baseline"])})


def _baseline(row: Mapping[str, Any]) -> Baseline:
    lines = tuple(
        Line(one["usage_type"], Decimal(one["cost"]), Decimal(one["on_demand"]), _decimal(one["quantity"]))
        for one in row["lines"]
    )
    start, end = date.fromisoformat(row["start"]), date.fromisoformat(row["end"])
    return Baseline(start, end, int(row["days"]), lines, tuple(row["known"]), row["why"])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
