"""Unit economics: what a unit of business costs, week by week or month by month."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import parse_by
from finops.output.report_words import money_cell, percent, share, symbol, text_cell
from finops.output.values import rate
from finops.report.model import Block, Cell, Column, Section, Source, Table, Tone
from finops.report.sources import command, daily_sql
from finops.sections.attempt import attempted, left_out, not_set
from finops.sections.case import Case
from finops.sections.rows import rows_of
from finops.units.document import metric_named, unit_costs, where_of

if TYPE_CHECKING:
    from finops.config.settings import UnitMetric

KEY, TITLE = "units", "Unit economics"
_SHOWN = 6
_TONES: dict[str, Tone] = {"over": "up", "within": "muted", "could_not_check": "caution"}


def units(case: Case) -> Section:
    """A table per measure of the settings; how to name one where there is none."""
    settings = case.estate.settings
    if not settings.units.file:
        text = (
            'Name a file with measures of business, such as orders a day: [units] file = "metrics.csv" in finops.toml.'
        )
        return not_set(KEY, TITLE, text)
    if case.is_part:
        return left_out(KEY, TITLE)
    names = [one.name for one in settings.units.metrics] or _in_the_file(case)
    parts = [attempted(name, name, lambda name=name: _measure(case, name)) for name in names[:_SHOWN]]  # type: ignore[misc]
    blocks = tuple(Block(part.title, part.text, table=next(part.tables, None), half=len(parts) > 1) for part in parts)
    failed = parts and all(part.state == "failed" for part in parts)
    return Section(KEY, TITLE, (), blocks, state="failed" if failed else "shown")


def _in_the_file(case: Case) -> list[str]:
    from pathlib import Path

    from finops.units.measures import read_measures

    settings = case.estate.settings
    return sorted(read_measures((settings.path.parent if settings.path else Path()) / settings.units.file))


def _measure(case: Case, name: str) -> Section:
    metric, measures = metric_named(case.estate.settings, name)
    time = "week" if case.facts.cadence == "weekly" else "month"
    where = tuple(where_of(metric))
    with case.open_part(replace(case.estate.ask, where=where, by=None)) as ledger:
        rows = rows_of(unit_costs(ledger, parse_by(time), metric, measures))
        words = f"{command(ledger, 'spend --per')} --per {name} --by {time}".replace(" --per ", " ", 1)
        source = Source(words, daily_sql(ledger, [time]))
    shown = rows[::-1][:_SHOWN]
    columns = (
        Column(time, time.capitalize()),
        Column("unit_cost", "Of it" if metric.currency else "A unit", "share" if metric.currency else "rate"),
        Column("change_percent", "Change", "percent"),
        Column("cost", "Cost", "money"),
        Column("value", metric.name.capitalize(), "money" if metric.currency else "count"),
        Column("class", "State"),
    )
    table = Table(
        f"unit-{name}", f"Cost by {name}", columns, tuple(_row(row, time, metric, case) for row in shown), source=source
    )
    return Section(name, name.capitalize(), _target(metric, case.facts.currency), (Block(table=table),))


def _row(row: dict[str, Any], time: str, metric: UnitMetric, case: Case) -> tuple[Cell, ...]:
    currency = case.facts.currency
    value, change = row["value"], row["change_percent"]
    counted = Cell("n/a", tone="muted") if value is None else Cell(f"{value:,}", value)
    state = row["class"]
    return (
        text_cell(row[time]),
        _unit(row, metric, currency),
        Cell("n/a", tone="muted") if change is None else Cell(percent(change), change),
        money_cell(row["cost"], currency),
        money_cell(value, currency) if metric.currency else counted,
        Cell((state or "no target").replace("_", " "), state, _TONES.get(state or "", "muted")),
    )


def _unit(row: dict[str, Any], metric: UnitMetric, currency: str) -> Cell:
    value = row["share_percent"] if metric.currency else row["unit_cost"]
    if value is None:
        return Cell("n/a", tone="muted")
    return Cell(share(value) if metric.currency else f"{symbol(currency)}{rate(value)}", value)


def _target(metric: UnitMetric, currency: str) -> tuple[str, ...]:
    where = f"of {', '.join(where_of(metric))}" if metric.where else "of everything"
    if metric.target is None:
        return (f"Cost {where}; no target is set.",)
    most = f"{metric.target:f}%" if metric.currency else f"{symbol(currency)}{rate(Decimal(metric.target))}"
    return (f"Cost {where}; the target is at most {most}{'' if metric.currency else ' a unit'}.",)
