"""The charts of the cost report as series of exact amounts: what is drawn, not how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from finops.output.report_words import cash, compared_percent, day_name, mean_before, short_span, span, unit
from finops.output.values import printable
from finops.report.compare import Compared, Ranking, added
from finops.report.days import Day
from finops.report.facts import ReportFacts
from finops.report.model import Chart, Series
from finops.report.tags import INVALID, UNTAGGABLE, UNTAGGED

SERIES_SHOWN = 6
OTHERS = "others"
_NAMELESS = {UNTAGGED: "untagged", INVALID: "invalid", UNTAGGABLE: "untaggable", "(unmapped)": "untagged"}


def days(facts: ReportFacts) -> Chart | None:
    """Daily charges day by day: the last window stands out, days that are not complete are marked."""
    if not facts.days:
        return None
    inside = [day.day in facts.now.window for day in facts.days]
    before = _day_series("Before", facts, [not one for one in inside], "before")
    now = _day_series(short_span(facts.now.window), facts, inside, "now")
    label = f"Bars of daily charges, one per day. {span(facts.now.window)} stands out; hatched days are not complete."
    held = tuple(series for series in (before, now) if any(value is not None for value in series.values))
    return Chart("days", label, "days", tuple(day.day for day in facts.days), held, ticks=_ticks(facts))


def windows(facts: ReportFacts) -> Chart:
    """Daily and longer charges of each window, oldest first."""
    held = [*reversed(facts.before), facts.now]
    label = f"Stacked bars per {unit(facts)}: daily charges, and longer charges apart."
    names = tuple(short_span(one.window) for one in held)
    series = (
        Series("Daily charges", tuple(one.daily for one in held), "now"),
        Series("Longer charges", tuple(one.longer for one in held), "longer"),
    )
    return Chart("windows", label, "stack", names, series)


def stacked(ranking: Ranking, facts: ReportFacts) -> Chart | None:
    """What each key cost in each window, stacked, oldest window first. The table under it is its legend."""
    if not ranking.rows:
        return None
    names = tuple(short_span(window) for window in reversed(facts.windows))
    series = tuple(
        Series(printable(row.key) or "all others", (*reversed(row.before), row.now), tone)
        for row, tone in _series(ranking)
    )
    what = ranking.dimension.partition(":")[2] or ranking.dimension
    label = f"Stacked bars per {unit(facts)}: daily charges by {printable(what)}."
    return Chart(f"spend:{ranking.dimension}", label, "stack", names, series)


def tones(ranking: Ranking) -> list[str]:
    """The role of the colour that stands for each row of a ranking in its chart."""
    named = iter(range(1, SERIES_SHOWN + 1))
    return [_NAMELESS.get(row.key) or next((f"series-{n}" for n in named), OTHERS) for row in ranking.rows]


def movers(ranking: Ranking, facts: ReportFacts) -> Chart:
    """The largest changes as bars to the right (more) and to the left (less), the largest on top."""
    rows = ranking.rows
    label = (
        f"Bars of the change by {ranking.dimension} against {mean_before(facts)}: "
        "right is more, left is less. The numbers stand under What changed."
    )
    series = (
        Series(
            "More", tuple(row.change if (row.change or 0) > 0 else None for row in rows), "up", (), _told(rows, facts)
        ),
        Series(
            "Less", tuple(row.change if (row.change or 0) < 0 else None for row in rows), "down", (), _told(rows, facts)
        ),
    )
    held = tuple(one for one in series if any(value is not None for value in one.values))
    names = tuple(printable(row.key) for row in rows)
    return Chart(f"movers-{ranking.dimension}", label, "changes", names, held)


def coverage(facts: ReportFacts) -> Chart | None:
    """Coverage of each required tag over the windows, oldest first; None where that is no line."""
    if len(facts.before) < 1 or not facts.tags:
        return None
    names = tuple(short_span(window) for window in reversed(facts.windows))
    series = tuple(
        Series(printable(tag.tag), tuple(one.percent for one in reversed(tag.coverage)), f"series-{place}")
        for place, tag in enumerate(facts.tags[:SERIES_SHOWN], start=1)
    )
    label = f"Lines of the coverage of each required tag, in percent, {unit(facts)} by {unit(facts)}."
    return Chart("coverage", label, "lines", names, series, kind="share")


def _told(rows: Sequence[Compared], facts: ReportFacts) -> tuple[str, ...]:
    return tuple(
        f"{cash(row.change or Decimal(0), facts.currency, sign=True)} ({compared_percent(row)}), "
        f"now {cash(row.now, facts.currency)}"
        for row in rows
    )


def _day_series(name: str, facts: ReportFacts, wanted: Sequence[bool], tone: str) -> Series:
    return Series(
        name,
        tuple(day.daily if is_wanted else None for day, is_wanted in zip(facts.days, wanted, strict=True)),
        tone,
        tuple(day.gap is not None for day in facts.days),
        tuple(_of_day(day, facts) for day in facts.days),
    )


def _of_day(day: Day, facts: ReportFacts) -> str:
    return "; ".join(filter(None, (day_name(day.day), cash(day.daily, facts.currency), day.gap)))


def _series(ranking: Ranking) -> list[tuple[Compared, str]]:
    """The series of a ranking with their colours: rows of one colour are one, the nameless stand on top."""
    by_tone: dict[str, list[Compared]] = {}
    for row, tone in zip(ranking.rows, tones(ranking), strict=True):
        by_tone.setdefault(tone, []).append(row)
    if ranking.rest:
        by_tone.setdefault(OTHERS, []).append(ranking.rest)
    nameless = [tone for tone in dict.fromkeys(_NAMELESS.values()) if tone in by_tone]
    order = [tone for tone in by_tone if tone not in (*nameless, OTHERS)]
    order += [tone for tone in (OTHERS, *nameless) if tone in by_tone]
    return [(_one(by_tone[tone]), tone) for tone in order]


def _one(rows: Sequence[Compared]) -> Compared:
    return rows[0] if len(rows) == 1 else added(rows)


def _ticks(facts: ReportFacts) -> tuple[date, ...]:
    """A tick on the first day of each window, so that the eye finds the weeks."""
    if not facts.whole:
        return ()
    starts = [window.start for window in reversed(facts.windows)]
    after = facts.now.window.end
    return (*starts, after) if facts.days[-1].day >= after else tuple(starts)
