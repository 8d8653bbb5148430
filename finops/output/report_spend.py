"""The sections of the cost report that hold one key against another: spend over time by any cut, what changed."""

from __future__ import annotations

from dataclasses import replace

from finops.output import report_charts as charts
from finops.output.report_words import (
    DAILY,
    change_cell,
    mean_before,
    money_cell,
    open_days,
    percent_cell,
    plural,
    text_cell,
    unit,
)
from finops.output.values import printable
from finops.report.compare import Compared, Ranking
from finops.report.facts import ReportFacts
from finops.report.model import Block, Cell, Column, Kind, Section, Table

_NOUNS = {
    "service": ("service", "services"),
    "account": ("account", "accounts"),
    "environment": ("environment", "environments"),
}


def changes(facts: ReportFacts) -> Section | None:
    """What changed most, by service and by account; None without a window to hold it against."""
    if not facts.before:
        return None
    text = [f"{DAILY} of the {unit(facts)} against {mean_before(facts)}, by size of the change."]
    if not facts.judged:
        text.append(
            f"{open_days(facts.now)}, so only rises are shown: what looks like a fall may be a charge "
            "that has not arrived."
        )
    blocks = tuple(
        Block(f"By {ranking.dimension}", table=_movers_table(ranking, facts), half=True)
        if ranking.rows
        else Block(f"By {ranking.dimension}", ("Nothing moved.",))
        for ranking in facts.movers
    )
    return Section("changes", "What changed", tuple(text), blocks)


def _movers_table(ranking: Ranking, facts: ReportFacts) -> Table:
    rows = tuple(_compared_cells(text_cell(row.key), row, facts) for row in ranking.rows)
    rest = _compared_cells(_rest_cell(ranking), ranking.rest, facts) if ranking.rest else None
    word = ranking.dimension
    columns = _compared_columns(word, facts)
    return Table(f"changes-{word}", f"Change by {word}", columns, rows, rest, source=facts.sources[word])


def spend(facts: ReportFacts) -> Section:
    """The daily charges window by window, by one cut at a time: service, account, environment, each required tag."""
    text = [f"{DAILY}, {unit(facts)} by {unit(facts)}; under the chart the last one, the costliest first."]
    if facts.tags:
        text.append(
            "By a tag, (untagged) could carry it and does not, (invalid) has a value that finops.toml does not "
            "allow, (untaggable) has no resource that could carry one."
        )
    rankings = (*facts.spend, *(tag.spend for tag in facts.tags))
    blocks = tuple(
        Block(
            _title(ranking.dimension),
            chart=charts.stacked(ranking, facts),
            table=_ranking_table(ranking, facts),
        )
        for ranking in rankings
    )
    return Section("spend", "Spend over time", tuple(text), blocks, switch="Cut by")


def _ranking_table(ranking: Ranking, facts: ReportFacts) -> Table:
    """The rows, the others and the total, each row with its colour in the chart."""
    tones = charts.tones(ranking)
    rows = tuple(
        _compared_cells(replace(text_cell(row.key), swatch=tone), row, facts)
        for row, tone in zip(ranking.rows, tones, strict=True)
    )
    others = replace(_rest_cell(ranking), swatch=charts.OTHERS)
    rest = _compared_cells(others, ranking.rest, facts) if ranking.rest else None
    total = _compared_cells(Cell("Total"), ranking.total, facts)
    word = ranking.dimension
    columns, caption = _compared_columns(word, facts), f"{DAILY} by {_name(word)}"
    return Table(f"spend-{word}", caption, columns, rows, rest, total, facts.sources[word])


def _compared_columns(dimension: str, facts: ReportFacts) -> tuple[Column, ...]:
    kind: Kind = "code" if dimension in _NOUNS else "text"
    first = Column(dimension, _name(dimension), kind)
    now = Column("cost", f"This {unit(facts)}" if facts.whole else "Cost", "money")
    if not facts.before:
        return first, now
    count = len(facts.before)
    before = f"Mean of {count} before" if count > 1 else f"{unit(facts).capitalize()} before"
    return (
        first,
        now,
        Column("mean_before", before, "money"),
        Column("change", "Change", "change"),
        Column("change_percent", "%", "percent"),
    )


def _title(dimension: str) -> str:
    """A cut by its name; a tag may be called as a dimension is."""
    return f"Tag {_name(dimension)}" if dimension.startswith("tag:") else _name(dimension)


def _name(dimension: str) -> str:
    """A tag by its key, anything else by its own word."""
    return printable(dimension.partition(":")[2]) or dimension.capitalize()


def _compared_cells(name: Cell, row: Compared, facts: ReportFacts) -> tuple[Cell, ...]:
    now = money_cell(row.now, facts.currency)
    if not facts.before:
        return name, now
    change = change_cell(row.change, facts.currency)
    if not facts.judged and row.change is not None and row.change < 0:
        return name, now, money_cell(row.mean, facts.currency), Cell("not judged", tone="muted"), Cell("")
    return name, now, money_cell(row.mean, facts.currency), change, percent_cell(row)


def _rest_cell(ranking: Ranking) -> Cell:
    one, many = _NOUNS.get(ranking.dimension, ("value", "values"))
    return Cell(plural(ranking.rest_count, f"other {one}", f"other {many}"), tone="muted")
