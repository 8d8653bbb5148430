"""The sections of the cost report, each made from the facts: sentences, tables, pictures."""

from __future__ import annotations

from dataclasses import replace

from finops.output import report_figures as figures
from finops.output.report_document import Block, Cell, Column, Section, Table
from finops.output.report_words import (
    cash,
    change_cell,
    count_cell,
    day_name,
    finality,
    mean_before,
    money_cell,
    open_days,
    percent_cell,
    plural,
    share,
    span,
    text_cell,
    unit,
    window_name,
)
from finops.output.values import exact_decimal, printable, shown
from finops.report.compare import Compared, Ranking
from finops.report.facts import ReportFacts
from finops.report.month import Sums
from finops.report.tags import Coverage, TagSpend

NOUNS = {"service": ("service", "services"), "account": ("account", "accounts")}
_FINALITY = {
    True: "Every charge has its invoice; credits may still follow.",
    False: "Charges without an invoice can still change.",
    None: "The export has no invoice ids, so nobody can tell from it whether they will change.",
}
LONGER = "Longer charges"
DAILY = "Daily charges"


def sections(facts: ReportFacts) -> tuple[Section, ...]:
    """Every section, in the order of reading."""
    parts = (_overview, _movers, _windows, _spend, _tags, _gaps, _month, _longer, _trust)
    return tuple(section for part in parts if (section := part(facts)))


def _overview(facts: ReportFacts) -> Section:
    days = Block(
        f"{DAILY} per day",
        _days_text(facts),
        picture=figures.days(facts),
        table=_days_table(facts),
        folded=True,
    )
    movers = [
        Block(f"What moved, by {ranking.dimension}", picture=figures.movers(ranking, facts))
        for ranking in facts.movers[:1]
        if ranking.rows
    ]
    return Section("overview", "At a glance", (), (days, *movers), columns=2)


def _days_text(facts: ReportFacts) -> tuple[str, ...]:
    marked = any(day.gap for day in facts.days)
    parts = [f"{span(facts.now.window)} stands out"] if facts.whole else []
    parts += ["hatched days are not complete"] if marked else []
    text = "; ".join(parts)
    return (f"{text[0].upper()}{text[1:]}.",) if text else ()


def _days_table(facts: ReportFacts) -> Table:
    columns = (Column("Day"), Column(DAILY, True), Column(LONGER, True), Column("State"))
    rows = tuple(
        (
            Cell(day_name(day.day), sort=day.day.isoformat()),
            money_cell(day.daily, facts.currency),
            money_cell(day.longer, facts.currency),
            Cell(day.gap or "complete", tone="caution" if day.gap else "muted"),
        )
        for day in facts.days
    )
    return Table("Charges per day (UTC)", columns, rows)


def _movers(facts: ReportFacts) -> Section | None:
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


def _spend(facts: ReportFacts) -> Section:
    first, *others = facts.spend
    blocks = (
        Block(f"By {first.dimension}", (), figures.stacked(first, facts), _ranking_table(first, facts, True)),
        *(
            Block(f"By {ranking.dimension}", table=_ranking_table(ranking, facts, False))
            for ranking in others
        ),
    )
    return Section("spend", "Where the money went", (f"{DAILY}, the costliest first.",), blocks)


def _ranking_table(ranking: Ranking, facts: ReportFacts, drawn: bool, caption: str = "") -> Table:
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
    return Table(caption or f"{DAILY} by {ranking.dimension}", columns, rows, rest, total)


def _compared_columns(dimension: str, facts: ReportFacts) -> tuple[Column, ...]:
    first = Column(printable(dimension.partition(":")[2] or dimension.capitalize()), code=dimension in NOUNS)
    now = Column(f"This {unit(facts)}" if facts.whole else "Cost", True)
    if not facts.before:
        return first, now
    count = len(facts.before)
    before = f"Mean of {count} before" if count > 1 else f"{unit(facts).capitalize()} before"
    return first, now, Column(before, True), Column("Change", True), Column("%", True)


def _compared_cells(name: Cell, row: Compared, facts: ReportFacts) -> tuple[Cell, ...]:
    now = money_cell(row.now, facts.currency)
    if not facts.before:
        return name, now
    change = change_cell(row.change, facts.currency)
    if not facts.judged and row.change is not None and row.change < 0:
        return name, now, money_cell(row.mean, facts.currency), Cell("not judged", tone="muted"), Cell("")
    return name, now, money_cell(row.mean, facts.currency), change, percent_cell(row)


def _rest_cell(ranking: Ranking) -> Cell:
    one, many = NOUNS.get(ranking.dimension, ("value", "values"))
    return Cell(plural(ranking.rest_count, f"other {one}", f"other {many}"), tone="muted")


def _windows(facts: ReportFacts) -> Section | None:
    if not facts.whole:
        return None
    name = unit(facts).capitalize()
    columns = (
        Column(name),
        Column(DAILY, True),
        Column("Per day", True),
        Column(LONGER, True),
        Column("Total", True),
        Column("State"),
    )
    rows = tuple(_window_cells(held, facts) for held in (facts.now, *facts.before))
    text = (
        f"{DAILY} are those of at most a day. {LONGER} (tax, support, fees of reservations and plans, "
        "one-off fees) belong to many days but start on one: they stand in a column of their own, in the "
        f"{unit(facts)} they start in, and are never compared.",
    )
    table = Table(f"{name}s, the last one first", columns, rows)
    block = Block(picture=figures.windows(facts), table=table)
    return Section("windows", f"{name} by {unit(facts)}", text, (block,))


def _window_cells(held: Sums, facts: ReportFacts) -> tuple[Cell, ...]:
    amounts = (held.daily, held.per_day, held.longer, held.total)
    return (
        Cell(window_name(held.window), sort=held.window.start.isoformat()),
        *(money_cell(amount, facts.currency) for amount in amounts),
        _state_cell(held),
    )


def _state_cell(held: Sums) -> Cell:
    return Cell(open_days(held), tone="caution") if held.open_days else Cell("complete", tone="muted")


def _tags(facts: ReportFacts) -> Section | None:
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
            _ranking_table(tag.spend, facts, True, f"{DAILY} by {printable(tag.tag)}"),
        )
        for tag in facts.tags
    )
    return Section("tags", "Spend by required tag", text, blocks, columns=2)


def _gaps(facts: ReportFacts) -> Section | None:
    if not facts.tags:
        return None
    covered = Block("Coverage", table=_coverage_table(facts))
    return Section(
        "gaps",
        "Tag gaps",
        (
            "Coverage is the tagged part of the cost that could carry the tag. It counts every charge of the "
            f"{unit(facts) if facts.whole else 'data'}, the longer ones too.",
        ),
        (covered, _gaps_block(facts)),
    )


def _coverage_table(facts: ReportFacts) -> Table:
    columns = [Column("Tag"), Column("Coverage", True)]
    columns += [Column(f"{unit(facts).capitalize()} before", True)] if facts.before else []
    columns += [Column(label, True) for label in ("Tagged", "Of it invalid", "Gap", "Untaggable")]
    rows = tuple(_coverage_cells(tag, facts) for tag in facts.tags)
    return Table("Coverage by required tag", tuple(columns), rows)


def _coverage_cells(tag: TagSpend, facts: ReportFacts) -> tuple[Cell, ...]:
    now = tag.coverage[0]
    before = [_coverage_cell(tag.coverage[1])] if facts.before else []
    amounts = (now.tagged, now.invalid, now.gap, now.untaggable)
    money = (money_cell(amount, facts.currency) for amount in amounts)
    return (text_cell(tag.tag), _coverage_cell(now), *before, *money)


def _coverage_cell(coverage: Coverage) -> Cell:
    percent = coverage.percent
    if percent is None:
        return Cell("nothing taggable", tone="muted")
    exact = exact_decimal(percent)
    return Cell(share(percent), f"{exact}%", exact, meter=exact)


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


def _month(facts: ReportFacts) -> Section:
    month = facts.month
    columns = (Column("Days"), *(Column(label, True) for label in (DAILY, LONGER, "Total")), Column("State"))
    parts = (("so far", month.so_far), ("complete days", month.complete), ("same days", month.same_days))
    held = [(label, sums) for label, sums in (*parts, ("whole month", month.before)) if sums]
    rows = tuple(
        (
            Cell(f"{span(sums.window)}, {label}"),
            money_cell(sums.daily, facts.currency),
            money_cell(sums.longer, facts.currency),
            money_cell(sums.total, facts.currency),
            _state_cell(sums),
        )
        for label, sums in held
    )
    return Section(
        "month", "Month to date", _month_text(facts), (Block(table=Table("The month so far", columns, rows)),)
    )


def _month_text(facts: ReportFacts) -> tuple[str, ...]:
    month = facts.month
    if month.change is None or month.complete is None or month.same_days is None:
        return ("There are no same days of the month before to hold it against.",)
    row = Compared("", month.complete.daily, (month.same_days.daily,))
    way = "more" if month.change >= 0 else "less"
    return (
        f"{DAILY} of the complete days, {span(month.complete.window)}, are "
        f"{cash(abs(month.change), facts.currency)} ({percent_cell(row).text}) {way} than on the same days "
        f"of {month.same_days.window.start:%B}.",
    )


def _longer(facts: ReportFacts) -> Section | None:
    if not facts.longer:
        return None
    codes = (Column(label, code=True) for label in ("Type", "Service"))
    columns = (*codes, Column("Lines", True), Column("Cost", True))
    rows = tuple(
        (
            text_cell(line.line_item_type or "(none)"),
            text_cell(line.service or "(none)"),
            count_cell(line.lines),
            money_cell(line.cost, facts.currency),
        )
        for line in facts.longer
    )
    lines = count_cell(sum(line.lines for line in facts.longer))
    total = (Cell("Total"), Cell(""), lines, money_cell(facts.now.longer, facts.currency))
    table = Table("Longer charges by type", columns, rows, total=total)
    text = (f"Charges longer than a day, and fees and taxes, that start in {span(facts.now.window)}.",)
    return Section("longer", LONGER, text, (Block(table=table),))


def _trust(facts: ReportFacts) -> Section:
    figures_are = f"The figures are {facts.metric} cost in {facts.currency}, {finality(facts.final)}."
    text = [f"{figures_are} {_FINALITY[facts.final]}"]
    if facts.as_of:
        text.append(f"The newest charge in the data ends {shown(facts.as_of)}.")
    problems = Block(
        "Problems", () if facts.problems else ("No problem is known.",), table=_problems_table(facts)
    )
    blocks = (Block("Deliveries", table=_deliveries_table(facts)), problems)
    return Section("trust", "State of the data", tuple(text), blocks)


def _deliveries_table(facts: ReportFacts) -> Table:
    labels = ("Export", "Format", "Period", "Delivery")
    columns = (
        *(Column(label, code=label == "Delivery") for label in labels),
        Column("Rows", True),
        Column("Unblended", True),
        Column("State"),
        Column("Loaded"),
        Column("Note"),
    )
    rows = tuple(
        (
            *(text_cell(str(entry[label.lower()])) for label in labels),
            count_cell(entry["rows"]),
            money_cell(entry["unblended"], facts.currency),
            Cell(finality(entry["final"]), tone="muted" if entry["final"] else "caution"),
            Cell(shown(entry["loaded_at"])),
            text_cell(_delivery_note(entry["vouched"], entry.get("note"))),
        )
        for entry in facts.deliveries
    )
    return Table("Deliveries the report is made from", columns, rows)


def _delivery_note(vouched: bool, note: str | None) -> str:
    return note or ("" if vouched else "no manifest vouches that it is complete")


def _problems_table(facts: ReportFacts) -> Table | None:
    if not facts.problems:
        return None
    columns = (Column("Problem", code=True), Column("What"), Column("Where"))
    rows = tuple(
        (text_cell(problem.code), text_cell(problem.message), text_cell(problem.where or ""))
        for problem in facts.problems
    )
    return Table("Problems with the data", columns, rows)
