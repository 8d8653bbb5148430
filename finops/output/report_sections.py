"""The sections of the cost report that its facts alone tell: the first look, windows, the state of the data."""

from __future__ import annotations

from finops.output import report_charts as charts
from finops.output.report_gaps import tags
from finops.output.report_spend import changes, spend
from finops.output.report_words import (
    DAILY,
    LONGER,
    cash,
    change_cell,
    count_cell,
    day_cell,
    delivered_anew,
    finality,
    money_cell,
    open_days,
    percent_cell,
    span,
    text_cell,
    unit,
    window_name,
)
from finops.output.values import shown
from finops.report.compare import Compared
from finops.report.facts import ReportFacts
from finops.report.model import Block, Cell, Column, Section, Table
from finops.report.month import Sums

_FINALITY = {
    True: "Every charge has its invoice; credits may still follow.",
    False: "Charges without an invoice can still change.",
    None: "The export has no invoice ids, so nobody can tell from it whether they will change.",
}
_AS_OF = (
    "Once a newer delivery has replaced one of these, finops report --as-of with its id makes the report as it was "
    "just before."
)
_TIED = "What the report reads sums to what the files of each delivery summed to, to the last decimal."
_APART = "The ledger does not sum to the files it was loaded from: do not rely on these figures; run finops db upgrade."
_INVOICE = "Whether the export is what AWS invoiced, finops reconcile tells, by Cost Explorer or by the invoices."
_AMOUNTS = (
    Column("daily", DAILY, "money"),
    Column("longer", LONGER, "money"),
    Column("total", "Total", "money"),
)


def sections(facts: ReportFacts) -> tuple[Section, ...]:
    """Every section, in the order of reading."""
    parts = (_overview, spend, changes, tags, _windows, _trust)
    return tuple(section for part in parts if (section := part(facts)))


def _overview(facts: ReportFacts) -> Section:
    days = Block(
        f"{DAILY} per day",
        _days_text(facts),
        chart=charts.days(facts),
        table=_days_table(facts),
        folded=True,
    )
    moved = [
        Block(f"What moved, by {ranking.dimension}", chart=charts.movers(ranking, facts))
        for ranking in facts.movers[:1]
        if ranking.rows
    ]
    return Section("overview", "At a glance", (), (days, *moved))


def _days_text(facts: ReportFacts) -> tuple[str, ...]:
    marked = any(day.gap for day in facts.days)
    parts = [f"{span(facts.now.window)} stands out"] if facts.whole else []
    parts += ["hatched days are not complete"] if marked else []
    text = "; ".join(parts)
    return (f"{text[0].upper()}{text[1:]}.",) if text else ()


def _days_table(facts: ReportFacts) -> Table:
    columns = (Column("day", "Day", "day"), *_AMOUNTS[:2], Column("state", "State"))
    rows = tuple(
        (
            day_cell(day.day),
            money_cell(day.daily, facts.currency),
            money_cell(day.longer, facts.currency),
            Cell(day.gap or "complete", day.gap or "complete", "caution" if day.gap else "muted"),
        )
        for day in facts.days
    )
    return Table("days", "Charges per day (UTC)", columns, rows, source=facts.sources["days"])


def _windows(facts: ReportFacts) -> Section:
    """Week by week, the month to date, and the charges longer than a day."""
    name = unit(facts).capitalize()
    text = (
        f"{DAILY} are those of at most a day. {LONGER} (tax, support, fees of reservations and plans, "
        "one-off fees) belong to many days but start on one: they stand in a column of their own, in the "
        f"{unit(facts)} they start in, and are never compared."
    )
    held = [_windows_block(facts)] if facts.whole else []
    return Section("windows", f"{name} by {unit(facts)}", (text,), (*held, _month(facts), *_longer(facts)))


def _windows_block(facts: ReportFacts) -> Block:
    name = unit(facts).capitalize()
    columns = (
        Column("start", name, "day"),
        _AMOUNTS[0],
        Column("per_day", "Per day", "money"),
        *_AMOUNTS[1:],
        Column("state", "State"),
    )
    rows = tuple(_window_cells(held, facts) for held in (facts.now, *facts.before))
    table = Table("windows", f"{name}s, the last one first", columns, rows, source=facts.sources["days"])
    return Block(chart=charts.windows(facts), table=table)


def _window_cells(held: Sums, facts: ReportFacts) -> tuple[Cell, ...]:
    amounts = (held.daily, held.per_day, held.longer, held.total)
    return (
        Cell(window_name(held.window), held.window.start),
        *(money_cell(amount, facts.currency) for amount in amounts),
        _state_cell(held),
    )


def _state_cell(held: Sums) -> Cell:
    if held.open_days:
        return Cell(open_days(held), open_days(held), "caution")
    return Cell("complete", "complete", "muted")


def _month(facts: ReportFacts) -> Block:
    month = facts.month
    columns = (Column("days", "Days"), *_AMOUNTS, Column("state", "State"))
    parts = (("so far", month.so_far), ("complete days", month.complete), ("same days", month.same_days))
    held = [(label, sums) for label, sums in (*parts, ("whole month", month.before)) if sums]
    rows = tuple(
        (
            text_cell(f"{span(sums.window)}, {label}"),
            money_cell(sums.daily, facts.currency),
            money_cell(sums.longer, facts.currency),
            money_cell(sums.total, facts.currency),
            _state_cell(sums),
        )
        for label, sums in held
    )
    table = Table("month", "The month so far", columns, rows, source=facts.sources["days"])
    return Block("Month to date", _month_text(facts), table=table)


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


def _longer(facts: ReportFacts) -> tuple[Block, ...]:
    if not facts.longer:
        return ()
    columns = (
        Column("line_item_type", "Type", "code"),
        Column("service", "Service", "code"),
        Column("lines", "Lines", "count"),
        Column("cost", "Cost", "money"),
    )
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
    table = Table("longer", "Longer charges by type", columns, rows, total=total, source=facts.sources["longer"])
    text = f"Charges longer than a day, and fees and taxes, that start in {span(facts.now.window)}."
    return (Block(LONGER, (text,), table=table),)


def _trust(facts: ReportFacts) -> Section:
    figures_are = f"The figures are {facts.metric} cost in {facts.currency}, {finality(facts.final)}."
    text = [f"{figures_are} {_FINALITY[facts.final]}"]
    if facts.as_of:
        text.append(f"The newest charge in the data ends {shown(facts.as_of)}.")
    text += [delivered_anew(one, facts.currency) for one in facts.replaced]
    problems = Block("Problems", () if facts.problems else ("No problem is known.",), table=_problems_table(facts))
    blocks = (Block("Deliveries", (_AS_OF,), table=_deliveries_table(facts)), _reconciliation(facts), problems)
    return Section("trust", "State of the data", tuple(text), blocks)


def _deliveries_table(facts: ReportFacts) -> Table:
    labels = ("Export", "Format", "Period", "Delivery")
    columns = (
        *(Column(label.lower(), label, "code" if label == "Delivery" else "text") for label in labels),
        Column("rows", "Rows", "count"),
        Column("unblended", "Unblended", "money"),
        Column("state", "State"),
        Column("loaded_at", "Loaded"),
        Column("note", "Note"),
    )
    rows = tuple(
        (
            *(text_cell(str(entry[label.lower()])) for label in labels),
            count_cell(entry["rows"]),
            money_cell(entry["unblended"], facts.currency),
            text_cell(finality(entry["final"]), "muted" if entry["final"] else "caution"),
            text_cell(shown(entry["loaded_at"])),
            text_cell(_delivery_note(entry["vouched"], entry.get("note"))),
        )
        for entry in facts.deliveries
    )
    caption = "Deliveries the report is made from"
    return Table("deliveries", caption, columns, rows, source=facts.sources["deliveries"])


def _reconciliation(facts: ReportFacts) -> Block:
    """Cost of each delivery in its files and in the ledger, and where to go on to the invoice."""
    columns = (
        Column("export", "Export"),
        Column("period", "Period"),
        Column("in_files", "In its files", "money"),
        Column("in_marts", "In the ledger", "money"),
        Column("difference", "Difference", "change"),
    )
    rows = tuple(
        (
            text_cell(one.export),
            text_cell(one.period),
            money_cell(one.in_files, facts.currency),
            money_cell(one.in_marts, facts.currency),
            change_cell(one.difference, facts.currency),
        )
        for one in facts.tied
    )
    apart = any(one.difference for one in facts.tied)
    text = (_APART if apart else _TIED, _INVOICE)
    caption = "Unblended cost of each delivery, in its files and in the ledger"
    return Block("Reconciliation", text, table=Table("tied", caption, columns, rows, source=facts.sources["tied"]))


def _delivery_note(vouched: bool, note: str | None) -> str:
    return note or ("" if vouched else "no manifest vouches that it is complete")


def _problems_table(facts: ReportFacts) -> Table | None:
    if not facts.problems:
        return None
    columns = (Column("code", "Problem", "code"), Column("message", "What"), Column("where", "Where"))
    rows = tuple(
        (text_cell(problem.code), text_cell(problem.message), text_cell(problem.where or ""))
        for problem in facts.problems
    )
    return Table("problems", "Problems with the data", columns, rows, source=facts.sources["deliveries"])
