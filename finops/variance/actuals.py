"""What was charged, by environment and kind of usage: to date, and day by day for the forecast."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.advice.forecast import Forecast, forecast
from finops.catalog import COST_EXPLORER
from finops.dimensions import needed_joins, parse_by
from finops.errors import DataError
from finops.report.days import read_days
from finops.report.windows import Window

if TYPE_CHECKING:
    from finops.reader import Ledger

HISTORY_DAYS = 56
_ZERO = Decimal(0)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """A calendar month and how much of it is known: `known` are its days up to the last complete one.

    `history` are the days in a row that a forecast is made from; it ends where `known` does.
    """

    whole: Window
    known: Window
    history: Window

    @property
    def share(self) -> Decimal:
        """The part of the month that is known."""
        return Decimal(self.known.length) / self.whole.length


@dataclass(frozen=True)
class Charges:
    """What one kind of usage of one environment cost: each day's charges, and longer ones that started by day.

    `usage_type` is None where Cost Explorer, which was not asked for it, is all there is.
    """

    environment: str
    service: str
    usage_type: str | None
    tags: dict[str, str]
    daily: dict[date, Decimal] = field(default_factory=dict)
    longer: dict[date, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Actual:
    """Charges added up over a month: exact to date, and where they will end."""

    to_date: Decimal
    accrued: Decimal
    """The same with charges for the whole month counted by the days that have passed."""
    end: Forecast
    seen: bool


def month_of(ledger: Ledger, period: str | None) -> Month:
    """The month `period` (YYYY-MM), or that of the last complete day. Raises DataError where none is complete."""
    days = read_days(ledger)
    complete = [day.day for day in days if not day.gap]
    inside = [day for day in complete if period is None or f"{day:%Y-%m}" == period]
    if not inside:
        what = f"no day of {period} is complete" if period else "no day of the data is complete"
        raise DataError(what, fix="ingest a newer delivery, or another --period")
    last = max(inside)
    first = last.replace(day=1)
    whole = Window(first, first + timedelta(days=calendar.monthrange(last.year, last.month)[1]))
    data_start = min(day.day for day in days)
    known = Window(max(first, data_start), last + _DAY)
    return Month(whole, known, Window(max(data_start, known.end - HISTORY_DAYS * _DAY), known.end))


def read_charges(ledger: Ledger, month: Month, tag_keys: Sequence[str]) -> list[Charges]:
    """Everything charged in the month and its history, one entry per environment, service, usage type and tags."""
    dimensions = parse_by(",".join(["environment", "service", "usage_type", *(f'"tag:{key}"' for key in tag_keys)]))
    joins = needed_joins(dimensions)
    keys = ", ".join(one.expression(at) for at, one in enumerate(dimensions))
    sql = (
        f"select {keys}, facts.charge_day, facts.x_is_long, sum(facts.{ledger.cost}) "
        f"from resource_daily as facts {joins.sql} where facts.charge_day >= ? and facts.charge_day < ? group by all"
    )
    start = min(month.history.start, month.whole.start)
    rows = ledger.connection.execute(sql, [*joins.params, start, month.whole.end]).fetchall()
    found: dict[tuple[str, ...], Charges] = {}
    told = tells_usage_types(ledger)
    for *key, day, is_long, cost in rows:
        tags = dict(zip(tag_keys, key[3:], strict=True))
        one = found.setdefault(tuple(key), Charges(key[0], key[1], key[2] if told else None, tags))
        (one.longer if is_long else one.daily)[day] = Decimal(cost or 0)
    return [found[key] for key in sorted(found)]


def tells_usage_types(ledger: Ledger) -> bool:
    """Whether any delivery comes from an export, which has usage types."""
    return any(one["format"] != COST_EXPLORER for one in ledger.deliveries)


def add_up(charges: Iterable[Charges], month: Month) -> Actual:
    """Charges added up: to the last complete day, and with a forecast to the end of the month.

    Longer charges that have started are in the forecast as they are; later ones nobody can foresee.
    """
    held = list(charges)
    series = [sum((one.daily.get(day, _ZERO) for one in held), _ZERO) for day in month.history.days()]
    daily = sum((cost for day, cost in zip(month.history.days(), series, strict=True) if day in month.known), _ZERO)
    longer = sum((cost for one in held for day, cost in one.longer.items() if day in month.known), _ZERO)
    ahead = forecast(month.history.start, series, month.whole.end)
    assert ahead is not None
    so_far = daily + longer
    end = Forecast(so_far + ahead.expected, so_far + ahead.p10, so_far + ahead.p90)
    seen = any(day in month.known for one in held for day in (*one.daily, *one.longer))
    return Actual(so_far, daily + longer * month.share, end, seen)
