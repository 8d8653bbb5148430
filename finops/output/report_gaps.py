"""The part of the cost report that says whose the tag gaps are, and what changed: blocks of its section on gaps."""

from __future__ import annotations

from finops.output.report_document import Block, Cell, Column, Table
from finops.output.report_words import cash, count_cell, money_cell, plural, share, text_cell, unit, window_name
from finops.output.values import exact_decimal
from finops.report.facts import ReportFacts
from finops.report.gaps import NOBODY, Changes
from finops.report.tags import Coverage


def coverage_cell(coverage: Coverage) -> Cell:
    """Coverage with its meter, or that there is nothing to cover."""
    percent = coverage.percent
    if percent is None:
        return Cell("nothing taggable", tone="muted")
    exact = exact_decimal(percent)
    return Cell(share(percent), f"{exact}%", exact, meter=exact)


def trend(facts: ReportFacts) -> list[Block]:
    """Coverage of each tag window by window, the last one first; nothing without a window before."""
    if len(facts.before) < 2:
        return []
    columns = (Column(unit(facts).capitalize()), *(Column(tag.tag, True) for tag in facts.tags))
    rows = tuple(
        (
            Cell(window_name(window), sort=window.start.isoformat()),
            *(coverage_cell(tag.coverage[number]) for tag in facts.tags),
        )
        for number, window in enumerate(facts.windows)
    )
    return [Block("Trend", table=Table(f"Coverage by {unit(facts)}, the last one first", columns, rows))]


def gap_work(facts: ReportFacts) -> list[Block]:
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
    columns = (Column("Owner"), Column("Resources", True), Column("Cost", True))
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
    return Block("Gaps by owner", text, table=Table("Tag gaps by owner", columns, rows))


def _changed(title: str, changes: Changes, which: str, facts: ReportFacts) -> Block:
    if not changes.count:
        return Block(title, (f"There is no gap {which}.",))
    columns = (
        Column("Resource"),
        Column("Tags"),
        Column("Cause", code=True),
        Column("Account", code=True),
        Column("Cost", True),
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
    return Block(title, (text,), table=Table(title, columns, rows))
