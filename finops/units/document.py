"""Cost per unit as the document that `finops spend --per METRIC` prints."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import Problem
from finops.config.settings import Settings, UnitMetric
from finops.dimensions import Dimension, needed_joins, needed_mart
from finops.document import Column, Document, Rows, basis_of
from finops.errors import ConfigError, DataError, FinopsError, UsageError
from finops.report.days import read_days
from finops.units.evaluate import UnitCost, evaluate_unit, spans
from finops.units.measures import Measures, read_measures

if TYPE_CHECKING:
    from finops.reader import Ledger

TIMES = ("day", "week", "month")
COLUMNS = (
    Column("cost", "money"),
    Column("value", "count"),
    Column("unit_cost", "rate"),
    Column("share_percent", "percent", shown="filled"),
    Column("change_percent", "percent"),
    Column("target", "count", shown="filled"),
    Column("class", shown="filled"),
    Column("detail", shown="filled"),
)
_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_LABELS = {
    "day": lambda day: f"{day}",
    "week": lambda day: f"{day - timedelta(days=day.weekday())}",
    "month": lambda day: f"{day:%Y-%m}",
}


def metric_named(settings: Settings, name: str) -> tuple[UnitMetric, Measures]:
    """A measure by its name, and everything the file says.

    Raises ConfigError when the settings name no file, UsageError for a measure that is not in it.
    """
    if not settings.units.file:
        where = str(settings.path or "finops.toml")
        raise ConfigError("the settings name no file of metrics", where, '[units] file = "metrics.csv"')
    measures = read_measures((settings.path.parent if settings.path else Path()) / settings.units.file)
    if name not in measures:
        raise UsageError(f"no metric is called {name}", f"--per {name}", f"one of {', '.join(sorted(measures))}")
    known = {one.name: one for one in settings.units.metrics}
    return known.get(name, UnitMetric(name)), measures


def where_of(metric: UnitMetric) -> list[str]:
    """The part of the bill of a measure as `--where` takes it."""
    return [f"{key}={_listed(values)}" for key, values in metric.where.items()]


def unit_costs(ledger: Ledger, by: Sequence[Dimension], metric: UnitMetric, measures: Measures) -> Document:
    """Cost per unit of the measure by the dimensions: at most one of time, and that a day, a week or a month.

    The ledger has to be limited to the part of the bill that the measure is for. Raises UsageError for another
    dimension of time and where the measure is in another currency, DataError when no day is complete.
    """
    time = _time(by)
    _refuse_currency(metric, ledger.currency)
    days = _complete_days(ledger)
    costs = _costs(ledger, [one for one in by if one.word != time], days)
    values = measures[metric.name]
    rows = _rows(costs, by, time, days, metric, values)
    whole = evaluate_unit(metric, sum((cost for one in costs.values() for cost in one.values()), _ZERO), values, days)
    _tie(ledger, days, whole.cost, rows, len(by))
    return Document(
        command="spend --per",
        basis=replace(basis_of(ledger), start=days[0], end=days[-1] + timedelta(days=1)),
        rows=Rows.of([*(Column(one.key) for one in by), *COLUMNS], rows),
        totals=_totals(metric, whole),
        problems=[*ledger.problems, *_told(ledger, metric, days, values)],
    )


def _time(by: Sequence[Dimension]) -> str | None:
    times = [one.word for one in by if one.over_time]
    if len(times) > 1 or (times and times[0] not in TIMES):
        raise UsageError(f"--per needs one of {', '.join(TIMES)}, not {' and '.join(times)}", f"--by {','.join(times)}")
    return times[0] if times else None


def _refuse_currency(metric: UnitMetric, currency: str) -> None:
    if metric.currency and metric.currency != currency:
        raise UsageError(
            f"{metric.name} is in {metric.currency} and the bill in {currency}",
            f"[units.metrics.{metric.name}] currency",
            f"a metric in {currency}",
        )


def _complete_days(ledger: Ledger) -> list[date]:
    """The days asked for, up to the last complete one."""
    days = read_days(ledger)
    complete = [day.day for day in days if not day.gap]
    if not complete:
        raise DataError("no day of what was asked is complete", fix="ask for earlier days, or ingest a newer delivery")
    return [day.day for day in days if day.day <= max(complete)]


def _costs(
    ledger: Ledger, others: Sequence[Dimension], days: Sequence[date]
) -> dict[tuple[str, ...], dict[date, Decimal]]:
    """Cost by day for each combination of the dimensions that are not of time."""
    joins = needed_joins(others)
    keys = "".join(f"{one.expression(at)}, " for at, one in enumerate(others))
    sql = (
        f"select {keys}facts.charge_day, sum(facts.{ledger.cost}) from {needed_mart(others)} as facts {joins.sql} "
        "where facts.charge_day >= ? and facts.charge_day <= ? group by all"
    )
    found: dict[tuple[str, ...], dict[date, Decimal]] = defaultdict(dict)
    for *key, day, cost in ledger.connection.execute(sql, [*joins.params, days[0], days[-1]]).fetchall():
        found[tuple(key)][day] = Decimal(cost or 0)
    return dict(found) or {(): {}}


def _rows(
    costs: Mapping[tuple[str, ...], Mapping[date, Decimal]],
    by: Sequence[Dimension],
    time: str | None,
    days: Sequence[date],
    metric: UnitMetric,
    values: Mapping[date, Decimal],
) -> list[tuple[Any, ...]]:
    buckets: dict[str, list[date]] = defaultdict(list)
    for day in days:
        buckets[_LABELS[time](day) if time else ""].append(day)
    judged = all(one.over_time for one in by)
    found = []
    for key, daily in costs.items():
        before: UnitCost | None = None
        for label, inside in buckets.items():
            cost = sum((daily.get(day, _ZERO) for day in inside), _ZERO)
            one = evaluate_unit(metric, cost, values, inside, judged)
            found.append((label, -cost, _row(_named(by, label, key), one, before)))
            before = one
    return [row for *_, row in sorted(found, key=lambda one: one[:2])]


def _named(by: Sequence[Dimension], label: str, key: Sequence[str]) -> tuple[str, ...]:
    """The values of the dimensions in the order they were asked for."""
    others = iter(key)
    return tuple(label if one.over_time else next(others) for one in by)


def _row(key: tuple[str, ...], one: UnitCost, before: UnitCost | None) -> tuple[Any, ...]:
    change = None
    if before and before.unit_cost and one.unit_cost is not None:
        change = (one.unit_cost - before.unit_cost) * _HUNDRED / before.unit_cost
    return (*key, one.cost, one.value, one.unit_cost, one.share, change, one.target, one.kind, one.detail)


def _tie(ledger: Ledger, days: Sequence[date], whole: Decimal, rows: Sequence[Sequence[Any]], at: int) -> None:
    """The rows sum to the mart's cost of these days, to the last decimal."""
    sql = f"select coalesce(sum({ledger.cost}), 0) as cost from daily_cost where charge_day >= ? and charge_day <= ?"
    (mart,) = ledger.rows(sql, [days[0], days[-1]])
    summed = sum((row[at] for row in rows), _ZERO)
    if not summed == whole == mart["cost"]:
        raise FinopsError(f"the rows sum to {summed} and the mart to {mart['cost']}", where="spend --per")


def _totals(metric: UnitMetric, whole: UnitCost) -> dict[str, Any]:
    return {
        "metric": metric.name,
        "cost": whole.cost,
        "value": whole.value,
        "unit_cost": whole.unit_cost,
        "share_percent": whole.share,
        "target": whole.target,
        "class": whole.kind,
    }


def _told(
    ledger: Ledger, metric: UnitMetric, days: Sequence[date], values: Mapping[date, Decimal]
) -> Iterator[Problem]:
    yield Problem("complete_through", f"{days[-1]} is the last complete day; later ones are not counted")
    missing = [day for day in days if day not in values]
    if missing:
        text = f"{metric.name} is not known for {spans(missing)}; what holds one of these days has no cost per unit"
        yield Problem("metric_missing", text, ledger.settings.units.file)


def _listed(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
