"""The section of the cost report on tags: how much they cover, whose the gaps are, and which came and went."""

from __future__ import annotations

from finops.output import report_charts as charts
from finops.output.report_words import (
    cash,
    count_cell,
    money_cell,
    plural,
    share_cell,
    text_cell,
    unit,
    window_name,
)
from finops.report.facts import ReportFacts
from finops.report.gaps import NOBODY, Changes
from finops.report.model import Block, Cell, Column, Section, Source, Table
from finops.report.tags import Coverage, TagSpend


def tags(facts: ReportFacts) -> Section:
    """How much of the taggable cost each tag covers, and the resources without; or what to set to know it."""
    if not facts.tags:
        return Section(
            "tags", "Tags", ('Name the tags that cost has to carry: [tags] required = ["Owner"].',), state="not set"
        )
    text = (
        "Coverage is the tagged part of the cost that could carry the tag. It counts every charge of the "
        f"{unit(facts) if facts.whole else 'data'}, the longer ones too."
    )
    blocks = (*_covered(facts), *_gap_blocks(facts), *_gap_work(facts))
    return Section("tags", "Tags", (text,), blocks)


def _covered(facts: ReportFacts) -> tuple[Block, ...]:
    now = Block("Coverage", chart=charts.coverage(facts), table=_coverage_table(facts))
    if len(facts.before) < 2:
        return (now,)
    columns = (
        Column("start", unit(facts).capitalize(), "day"),
        *(Column(f"tag:{tag.tag}", tag.tag, "share") for tag in facts.tags),
    )
    rows = tuple(
        (Cell(window_name(window), window.start), *(_coverage_cell(tag.coverage[number]) for tag in facts.tags))
        for number, window in enumerate(facts.windows)
    )
    trend = Table(
        "coverage-trend",
        f"Coverage by {unit(facts)}, the last one first",
        columns,
        rows,
        source=_coverage_source(facts),
    )
    return now, Block("Trend", table=trend, folded=True)


def _coverage_cell(coverage: Coverage) -> Cell:
    """Coverage with its meter, or that there is nothing to cover."""
    percent = coverage.percent
    if percent is None:
        return Cell("nothing taggable", tone="muted")
    cell = share_cell(percent)
    return Cell(cell.text, cell.value, meter=cell.value)


def _coverage_table(facts: ReportFacts) -> Table:
    columns = [Column("tag", "Tag"), Column("coverage", "Coverage", "share")]
    columns += [Column("coverage_before", f"{unit(facts).capitalize()} before", "share")] if facts.before else []
    columns += [
        Column("tagged", "Tagged", "money"),
        Column("invalid", "Of it invalid", "money"),
        Column("gap", "Gap", "money"),
        Column("untaggable", "Untaggable", "money"),
    ]
    rows = tuple(_coverage_cells(tag, facts) for tag in facts.tags)
    return Table("coverage", "Coverage by required tag", tuple(columns), rows, source=_coverage_source(facts))


def _coverage_source(facts: ReportFacts) -> Source:
    """The command for all tags; the query is that of the first, the others have theirs alike."""
    return facts.sources[f"coverage:{facts.tags[0].tag}"]


def _listed(facts: ReportFacts) -> Source:
    """The command that lists every gap, and the query of the resources; owners are those of finops.toml."""
    return facts.sources["gaps"]


def _coverage_cells(tag: TagSpend, facts: ReportFacts) -> tuple[Cell, ...]:
    now = tag.coverage[0]
    before = [_coverage_cell(tag.coverage[1])] if facts.before else []
    amounts = (now.tagged, now.invalid, now.gap, now.untaggable)
    money = (money_cell(amount, facts.currency) for amount in amounts)
    return (text_cell(tag.tag), _coverage_cell(now), *before, *money)


def _gap_blocks(facts: ReportFacts) -> tuple[Block, ...]:
    """The resources without a tag, the services without one where Cost Explorer has no resources, or both."""
    services = (_service_gaps_block(facts),) if facts.gaps.services else ()
    return services if services and not facts.gaps.rows else (_gaps_block(facts), *services)


def _gaps_block(facts: ReportFacts) -> Block:
    gaps = facts.gaps
    if not gaps.rows:
        return Block("Biggest gaps", ("No taggable cost lacks a required tag.",))
    columns = (
        Column("resource_id", "Resource"),
        Column("missing", "Missing"),
        Column("service", "Service", "code"),
        Column("account", "Account", "code"),
        Column("region", "Region", "code"),
        Column("cost", "Cost", "money"),
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
    table = Table("gaps", "Resources without a required tag", columns, rows, source=facts.sources["gaps"])
    return Block("Biggest gaps", (text,), table=table)


def _service_gaps_block(facts: ReportFacts) -> Block:
    columns = (Column("tag", "Tag"), Column("service", "Service", "code"), Column("cost", "Cost", "money"))
    rows = tuple(
        (text_cell(gap.tag), text_cell(gap.service), money_cell(gap.cost, facts.currency))
        for gap in facts.gaps.services
    )
    text = (
        "Cost Explorer has no resources, so this is usage without the tag by service, what could carry no tag "
        "included. Each tag stands by itself: the rows are not added up. finops tag-gaps lists all of them."
    )
    table = Table("service-gaps", "Usage without a required tag", columns, rows, source=_listed(facts))
    return Block("Biggest gaps by service", (text,), table=table)


def _gap_work(facts: ReportFacts) -> list[Block]:
    """Gaps by owner, then those that are new and those that are gone."""
    work = facts.gap_work
    if work is None or not (work.owners or work.new or work.closed):
        return []
    blocks = [_owners(facts)] if work.owners else []
    if work.new is not None and work.closed is not None:
        before = f"the {unit(facts)} before"
        blocks.append(_changed("New gaps", work.new, f"that {before} did not have", facts))
        blocks.append(_changed("Gaps that are gone", work.closed, f"of {before} that this one does not have", facts))
    return blocks


def _owners(facts: ReportFacts) -> Block:
    columns = (
        Column("owner", "Owner"),
        Column("resources", "Resources", "count"),
        Column("cost", "Cost", "money"),
    )
    owners = facts.gap_work.owners if facts.gap_work else ()
    rows = tuple(
        (
            text_cell(one.owner, "muted" if one.owner == NOBODY else ""),
            count_cell(one.resources),
            money_cell(one.cost, facts.currency),
        )
        for one in owners
    )
    text = (
        "Resources with a required tag that is missing or wrong, by the owner that another tag or [owners] in "
        "finops.toml names. A resource counts once.",
    )
    return Block(
        "Gaps by owner", text, table=Table("gaps-by-owner", "Tag gaps by owner", columns, rows, source=_listed(facts))
    )


def _changed(title: str, changes: Changes, which: str, facts: ReportFacts) -> Block:
    if not changes.count:
        return Block(title, (f"There is no gap {which}.",))
    columns = (
        Column("resource_id", "Resource"),
        Column("tags", "Tags"),
        Column("cause", "Cause", "code"),
        Column("account", "Account", "code"),
        Column("cost", "Cost", "money"),
    )
    rows = tuple(
        (
            text_cell(one.resource_id),
            text_cell(", ".join(one.tags)),
            text_cell(", ".join(one.causes)),
            text_cell(one.account),
            money_cell(one.cost, facts.currency),
        )
        for one in changes.rows
    )
    text = f"{plural(changes.count, 'resource')} with a gap {which}, {cash(changes.cost, facts.currency)}."
    if changes.count > len(rows):
        text += f" The {len(rows)} that cost most are shown."
    key = title.lower().replace(" ", "-")
    return Block(title, (text,), table=Table(key, title, columns, rows, source=_listed(facts)))
