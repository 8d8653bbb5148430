"""The report's first screen in words: what was spent, against what, what moved, whether to trust it."""

from __future__ import annotations

from finops.output.report_sections import sections
from finops.output.report_words import (
    cash,
    compared_percent,
    direction,
    finality,
    mean_before,
    open_days,
    plural,
    restated,
    short_span,
    those_before,
    unit,
    window_name,
)
from finops.output.values import printable, shown
from finops.report.compare import Compared
from finops.report.facts import ReportFacts
from finops.report.model import Figure, Report, Tone

_LABELS = {"weekly": "Last whole week", "monthly": "Last whole month"}


def document(facts: ReportFacts) -> Report:
    """The whole report, ready for an output."""
    return Report(
        cadence=facts.cadence,
        title=f"{facts.cadence.capitalize()} cost report",
        scope=_scope(facts),
        sentences=_sentences(facts),
        figures=_figures(facts),
        warnings=_warnings(facts),
        basis=facts.basis,
        sections=sections(facts),
        problems=facts.problems,
    )


def summary_lines(facts: ReportFacts) -> list[str]:
    """The report in five lines of plain text."""
    tiles = _figures(facts)
    width = max(len(tile.label) for tile in tiles)
    return [f"{tile.label:{width}}  {tile.text}" + "".join(f"; {note}" for note in tile.notes) for tile in tiles]


def _figures(facts: ReportFacts) -> tuple[Figure, ...]:
    return _spent(facts), _against(facts), _moved(facts), _month(facts), _trust(facts)


def _scope(facts: ReportFacts) -> tuple[str, ...]:
    days = window_name(facts.now.window)
    where = [printable(f"where {condition}") for condition in facts.where]
    return (days, f"{facts.metric} cost in {facts.currency}", finality(facts.final), *where)


def _sentences(facts: ReportFacts) -> tuple[str, ...]:
    if not facts.spend[0].rows and not facts.longer:
        return ("The data hold no charge for what was asked.",)
    found = [_spent_sentence(facts), _moved_sentence(facts), _longer_sentence(facts)]
    return tuple(sentence for sentence in found if sentence)


def _spent_sentence(facts: ReportFacts) -> str:
    spent = f"Spend of {window_name(facts.now.window)} is {cash(facts.now.daily, facts.currency)}"
    if facts.final is not True:
        spent += f" ({finality(facts.final)})"
    row = facts.headline
    if row.change is None or row.mean is None:
        return f"{spent}; there is no {unit(facts)} before to hold it against."
    against = f"{mean_before(facts)}, {cash(row.mean, facts.currency)}"
    if row.change < 0 and not facts.judged:
        return f"{spent} so far; with {open_days(facts.now)} it is not held against {against}."
    if not row.change:
        return f"{spent}, the same as {against}."
    way = "more" if row.change > 0 else "less"
    change = cash(abs(row.change), facts.currency)
    rate = f" ({compared_percent(row)})" if row.percent is not None else ""
    return f"{spent}, {change}{rate} {way} than {against}."


def _moved_sentence(facts: ReportFacts) -> str:
    rows = facts.movers[0].rows if facts.movers else ()
    rises = [row for row in rows if row.change and row.change > 0]
    falls = [row for row in rows if row.change and row.change < 0]
    parts = [
        f"{printable(found[0].key)} {verb} most ({_change(found[0], facts)})"
        for found, verb in ((rises, "rose"), (falls, "fell"))
        if found
    ]
    return f"{' and '.join(parts)}." if parts else ""


def _longer_sentence(facts: ReportFacts) -> str:
    if not facts.now.longer:
        return ""
    longer = cash(facts.now.longer, facts.currency)
    return f"Longer charges (tax, support, fees) that start in these days come to {longer} more."


def _spent(facts: ReportFacts) -> Figure:
    notes = [f"{short_span(facts.now.window)}, {finality(facts.final)}"]
    if facts.now.longer:
        notes.append(f"and {cash(facts.now.longer, facts.currency)} of longer charges")
    return Figure(
        "spend",
        _LABELS[facts.cadence] if facts.whole else f"No whole {unit(facts)} yet",
        cash(facts.now.daily, facts.currency),
        tuple(notes),
        facts.now.daily,
        "money",
        trend=tuple(day.daily for day in facts.days),
        trend_label=f"Daily charges per day, {len(facts.days)} days",
        rows="spend",
    )


def _against(facts: ReportFacts) -> Figure:
    row = facts.headline
    if row.change is None or row.mean is None:
        return Figure("change", "Against before", "n/a", (f"no {unit(facts)} before in the data",), tone="muted")
    label = f"Against {those_before(facts)}"
    held = f"{'mean' if len(row.before) > 1 else 'then'} {cash(row.mean, facts.currency)}"
    if row.change < 0 and not facts.judged:
        return Figure("change", label, "not judged", (held, open_days(facts.now)), tone="muted", rows="windows")
    rates = [compared_percent(row)] if row.percent is not None else []
    if rates and facts.cadence == "monthly":
        rates.append(f"per day {compared_percent(facts.per_day)}")
    change = cash(row.change, facts.currency, sign=True)
    notes, trend = (*rates, held), tuple(one.daily for one in (*reversed(facts.before), facts.now))
    return Figure(
        "change",
        label,
        change,
        notes,
        row.change,
        "change",
        direction(row.change),
        trend,
        f"Daily charges by {unit(facts)}",
        "windows",
    )


def _moved(facts: ReportFacts) -> Figure:
    rows = facts.movers[0].rows[:3] if facts.movers else ()
    label = "Moved most"
    if not rows:
        text = "nothing" if facts.movers else "n/a"
        return Figure("moved", label, text, ("no service to name",), tone="muted")
    first = rows[0]
    notes = [f"{printable(first.key)}, {compared_percent(first)}"]
    notes += [f"{printable(row.key)} {_money_change(row, facts)}" for row in rows[1:]]
    tone = direction(first.change) if first.change is not None else ""
    trend = (*reversed(first.before), first.now)
    said = f"{printable(first.key)} by {unit(facts)}"
    change = _money_change(first, facts)
    return Figure("moved", label, change, tuple(notes), first.change, "change", tone, trend, said, "changes")


def _month(facts: ReportFacts) -> Figure:
    month = facts.month
    notes = [f"{short_span(month.so_far.window)}, {finality(facts.month_final)}"]
    if month.complete and month.same_days and month.same_days.daily:
        row = Compared("", month.complete.daily, (month.same_days.daily,))
        complete, same = short_span(month.complete.window), short_span(month.same_days.window)
        notes.append(f"{complete}: {compared_percent(row)} on {same}")
    text = cash(month.so_far.daily, facts.currency)
    return Figure("month", "Month to date", text, tuple(notes), month.so_far.daily, "money", rows="windows")


def _trust(facts: ReportFacts) -> Figure:
    length = facts.now.window.length
    complete = length - len(facts.now.open_days)
    notes = [f"{complete} of {plural(length, 'day')} complete"]
    if facts.as_of:
        notes.append(f"data to {shown(facts.as_of)}")
    if facts.problems:
        notes.append(plural(len(facts.problems), "problem"))
    sound = facts.final is True and complete == length and not facts.problems
    word = finality(facts.final).capitalize()
    tone: Tone = "good" if sound else "caution"
    return Figure("trust", "Can it be trusted?", word, tuple(notes), facts.final, tone=tone, rows="trust")


def _warnings(facts: ReportFacts) -> tuple[str, ...]:
    found = []
    if facts.days and not facts.whole:
        found.append(
            f"There is no whole {unit(facts)} in the data. This shows all there is, "
            f"{window_name(facts.now.window)}, held against nothing."
        )
    elif facts.now.open_days:
        days = ", ".join(f"{day.day:%a} {day.day.day} ({day.gap})" for day in facts.now.open_days[:3])
        found.append(
            f"{len(facts.now.open_days)} of {plural(facts.now.window.length, 'day')} not complete: {days}. "
            "What is higher is shown, nothing is called lower."
        )
    if any(not entry["vouched"] for entry in facts.deliveries):
        found.append("No manifest vouches that every file of the data is here.")
    found += [restated(one, facts.currency) for one in facts.replaced if one.is_notable]
    return tuple(found)


def _change(row: Compared, facts: ReportFacts) -> str:
    return f"{_money_change(row, facts)}, {compared_percent(row)}"


def _money_change(row: Compared, facts: ReportFacts) -> str:
    return cash(row.change, facts.currency, sign=True) if row.change is not None else "n/a"
