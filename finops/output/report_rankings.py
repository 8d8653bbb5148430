"""The sections of the cost report that hold one key against another: what moved, where money went, tags."""

from __future__ import annotations

from dataclasses import replace

from finops.output import report_figures as figures
from finops.output.report_document import Block, Cell, Column, Section, Table
from finops.output.report_gaps import coverage_cell, gap_work, trend
from finops.output.report_words import (
    DAILY,
    cash,
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
from finops.report.tags import TagSpend

_NOUNS = {"service": ("service", "services"), "account": ("account", "accounts")}


def movers(facts: ReportFacts) -> Section | None:
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
        Block(f"By {ranking.dimension}", table=_movers_table(ranking, facts))
        if ranking.rows
        else Block(f"By {ranking.dimension}", ("Nothing moved.",))
        for ranking in facts.movers
    )
    return Section("movers", "What moved", tuple(text), blocks)


def _movers_table(ranking: Ranking, facts: ReportFacts) -> Table:
    rows = tuple(_compared_cells(text_cell(row.key), row, facts) for row in ranking.rows)
    rest = _compared_cells(_rest_cell(ranking), ranking.rest, facts) if ranking.rest else None
    return Table(f"Change by {ranking.dimension}", _compared_columns(ranking.dimension, facts), rows, rest)


def spend(facts: ReportFacts) -> Section:
    """The daily charges by service and by account, window by window."""
    first, *others = facts.spend
    blocks = (
        Block(f"By {first.dimension}", (), figures.stacked(first, facts), _ranking_table(first, facts, True)),
        *(Block(f"By {ranking.dimension}", table=_ranking_table(ranking, facts, False)) for ranking in others),
    )
    return Section("spend", "Where the money went", (f"{DAILY}, the costliest first.",), blocks)


def _ranking_table(ranking: Ranking, facts: ReportFacts, drawn: bool) -> Table:
    """The rows, the others and the total; where it is `drawn`, each row with its colour in the picture."""
    tones = figures.tones(ranking) if drawn else [None] * len(ranking.rows)
    rows = tuple(
        _compared_cells(replace(text_cell(row.key), swatch=tone), row, facts)
        for row, tone in zip(ranking.rows, tones, strict=True)
    )
    others = replace(_rest_cell(ranking), swatch=figures.OTHERS if drawn else None)
    rest = _compared_cells(others, ranking.rest, facts) if ranking.rest else None
    total = _compared_cells(Cell("Total"), ranking.total, facts)
    columns = _compared_columns(ranking.dimension, facts)
    return Table(f"{DAILY} by {_name(ranking.dimension)}", columns, rows, rest, total)


def _compared_columns(dimension: str, facts: ReportFacts) -> tuple[Column, ...]:
    first = Column(_name(dimension), code=dimension in _NOUNS)
    now = Column(f"This {unit(facts)}" if facts.whole else "Cost", True)
    if not facts.before:
        return first, now
    count = len(facts.before)
    before = f"Mean of {count} before" if count > 1 else f"{unit(facts).capitalize()} before"
    return first, now, Column(before, True), Column("Change", True), Column("%", True)


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


def tags(facts: ReportFacts) -> Section | None:
    """The daily charges by the values of each required tag; None when no tag is required."""
    if not facts.tags:
        return None
    text = (
        f"{DAILY} by the value of each required tag. (untagged) could carry the tag and does not, (invalid) "
        "has a value that finops.toml does not allow, (untaggable) has no resource that could carry one.",
    )
    blocks = tuple(
        Block(
            printable(tag.tag),
            (),
            figures.stacked(tag.spend, facts),
            _ranking_table(tag.spend, facts, True),
        )
        for tag in facts.tags
    )
    return Section("tags", "Spend by required tag", text, blocks, columns=2)


def gaps(facts: ReportFacts) -> Section | None:
    """How much of the taggable cost each tag covers, and the resources without; None without a tag."""
    if not facts.tags:
        return None
    covered = [Block("Coverage", table=_coverage_table(facts)), *trend(facts)]
    return Section(
        "gaps",
        "Tag gaps",
        (
            "Coverage is the tagged part of the cost that could carry the tag. It counts every charge of the "
            f"{unit(facts) if facts.whole else 'data'}, the longer ones too.",
        ),
        (*covered, *_gap_blocks(facts), *gap_work(facts)),
    )


def _gap_blocks(facts: ReportFacts) -> tuple[Block, ...]:
    """The resources without a tag, the services without one where Cost Explorer has no resources, or both."""
    services = (_service_gaps_block(facts),) if facts.gaps.services else ()
    return services if services and not facts.gaps.rows else (_gaps_block(facts), *services)


def _coverage_table(facts: ReportFacts) -> Table:
    columns = [Column("Tag"), Column("Coverage", True)]
    columns += [Column(f"{unit(facts).capitalize()} before", True)] if facts.before else []
    columns += [Column(label, True) for label in ("Tagged", "Of it invalid", "Gap", "Untaggable")]
    rows = tuple(_coverage_cells(tag, facts) for tag in facts.tags)
    return Table("Coverage by required tag", tuple(columns), rows)


def _coverage_cells(tag: TagSpend, facts: ReportFacts) -> tuple[Cell, ...]:
    now = tag.coverage[0]
    before = [coverage_cell(tag.coverage[1])] if facts.before else []
    amounts = (now.tagged, now.invalid, now.gap, now.untaggable)
    money = (money_cell(amount, facts.currency) for amount in amounts)
    return (text_cell(tag.tag), coverage_cell(now), *before, *money)


def _gaps_block(facts: ReportFacts) -> Block:
    gaps = facts.gaps
    if not gaps.rows:
        return Block("Biggest gaps", ("No taggable cost lacks a required tag.",))
    columns = (
        Column("Resource"),
        Column("Missing"),
        Column("Service", code=True),
        Column("Account", code=True),
        Column("Region", code=True),
        Column("Cost", True),
    )
    rows = tuple(
        (
            text_cell(gap.resource_id),
            text_cell(", ".join(gap.missing)),
            text_cell(gap.service),
            text_cell(gap.account),
            text_cell(gap.region),
            money_cell(gap.cost, facts.currency),
        )
        for gap in gaps.rows
    )
    resources, cost = plural(gaps.count, "resource"), cash(gaps.cost, facts.currency)
    text = f"{resources} with {cost} {'lacks' if gaps.count == 1 else 'lack'} at least one required tag."
    if gaps.count > len(rows):
        text += f" The {len(rows)} that cost most are shown; finops tag-gaps lists all of them."
    return Block("Biggest gaps", (text,), table=Table("Resources without a required tag", columns, rows))


def _service_gaps_block(facts: ReportFacts) -> Block:
    columns = (Column("Tag"), Column("Service", code=True), Column("Cost", True))
    rows = tuple(
        (text_cell(gap.tag), text_cell(gap.service), money_cell(gap.cost, facts.currency))
        for gap in facts.gaps.services
    )
    text = (
        "Cost Explorer has no resources, so this is usage without the tag by service, what could carry no tag "
        "included. Each tag stands by itself: the rows are not added up. finops tag-gaps lists all of them."
    )
    return Block("Biggest gaps by service", (text,), table=Table("Usage without a required tag", columns, rows))
