"""The report's pictures as Plotly figures: plain dicts, valid for Plotly, without a colour.

A trace names the role of its colour in `meta`. The page looks the role up in its style sheet, so light, dark
and print each have their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from finops.output.report_document import Picture
from finops.output.report_words import (
    cash,
    compared_percent,
    day_name,
    mean_before,
    short_span,
    span,
    symbol,
    unit,
)
from finops.output.values import printable
from finops.report.compare import Compared, Ranking, added
from finops.report.days import Day
from finops.report.facts import ReportFacts
from finops.report.tags import INVALID, UNTAGGABLE, UNTAGGED

SERIES_SHOWN = 6
_LABEL_LENGTH = 28

OTHERS = "others"
_NAMELESS = {UNTAGGED: "untagged", INVALID: "invalid", UNTAGGABLE: "untaggable"}

# For who sees no colour, and for paper.
PATTERNS = {"untagged": "/", "invalid": "x", "untaggable": ".", "longer": "/", "down": "/"}

_HOVER = "%{customdata}<extra></extra>"
_HEIGHT = 300

Plot = dict[str, Any]


def days(facts: ReportFacts) -> Picture | None:
    """Daily charges day by day: the last window stands out, days that are not complete are hatched."""
    if not facts.days:
        return None
    inside = [day for day in facts.days if day.day in facts.now.window]
    outside = [day for day in facts.days if day.day not in facts.now.window]
    data = [_day_bars(held, tone, facts) for held, tone in ((outside, "before"), (inside, "now")) if held]
    layout = _layout(facts) | {"bargap": 0.25, "barmode": "overlay"}
    layout["xaxis"] |= {"type": "date", "tickformat": "%-d %b", **_ticks(facts)}
    label = f"Bars of daily charges, one per day. {span(facts.now.window)} stands out; hatched days are not complete."
    return Picture("days", label, {"data": data, "layout": layout})


def windows(facts: ReportFacts) -> Picture:
    """Daily and longer charges of each window, oldest first."""
    held = [*reversed(facts.before), facts.now]
    names = [short_span(one.window) for one in held]
    data = [
        _stack("Daily charges", names, [one.daily for one in held], facts, "now"),
        _stack("Longer charges", names, [one.longer for one in held], facts, "longer"),
    ]
    layout = _layout(facts) | {"barmode": "relative", "showlegend": True}
    layout["xaxis"] |= {"type": "category"}
    label = f"Stacked bars per {unit(facts)}: daily charges, and longer charges apart."
    return Picture("windows", label, {"data": data, "layout": layout})


def stacked(ranking: Ranking, facts: ReportFacts) -> Picture | None:
    """What each key cost in each window, stacked, oldest window first. The table under it is its legend."""
    if not ranking.rows:
        return None
    names = [short_span(window) for window in reversed(facts.windows)]
    data = [
        _stack(row.key or "all others", names, [*reversed(row.before), row.now], facts, tone)
        for row, tone in _series(ranking)
    ]
    layout = _layout(facts) | {"barmode": "relative"}
    layout["xaxis"] |= {"type": "category"}
    what = ranking.dimension.partition(":")[2] or ranking.dimension
    label = f"Stacked bars per {unit(facts)}: daily charges by {printable(what)}."
    return Picture(ranking.dimension, label, {"data": data, "layout": layout})


def tones(ranking: Ranking) -> list[str]:
    """The role of the colour that stands for each row of a ranking in its picture."""
    named = iter(range(1, SERIES_SHOWN + 1))
    return [_NAMELESS.get(row.key) or next((f"series-{n}" for n in named), OTHERS) for row in ranking.rows]


def movers(ranking: Ranking, facts: ReportFacts) -> Picture:
    """The largest changes as bars to the right (more) and to the left (less), the largest on top."""
    places = [str(place) for place in range(len(ranking.rows))]
    placed = list(zip(places, ranking.rows, strict=True))
    rises = [(place, row) for place, row in placed if row.change and row.change > 0]
    falls = [(place, row) for place, row in placed if row.change and row.change < 0]
    data = [_change_bars(bars, tone, facts) for bars, tone in ((rises, "up"), (falls, "down")) if bars]
    layout = _layout(facts) | {"bargap": 0.35, "barmode": "overlay", "height": 40 + 33 * len(places)}
    layout["xaxis"] |= {"zeroline": True, "showticklabels": False}
    layout["yaxis"] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": places[::-1],
        "tickvals": places,
        "ticktext": [f"{_label(row.key)}  {_change_text(row, facts)}" for row in ranking.rows],
        "ticksuffix": "  ",
        "automargin": True,
        "showgrid": False,
        "fixedrange": True,
    }
    label = (
        f"Bars of the change by {ranking.dimension} against {mean_before(facts)}: "
        "right is more, left is less. The numbers stand under What moved."
    )
    return Picture(f"movers-{ranking.dimension}", label, {"data": data, "layout": layout})


def _day_bars(held: Sequence[Day], tone: str, facts: ReportFacts) -> Plot:
    return {
        "type": "bar",
        "x": [day.day.isoformat() for day in held],
        "y": _heights(day.daily for day in held),
        "customdata": [_day_hover(day, facts) for day in held],
        "hovertemplate": _HOVER,
        "marker": {"pattern": {"shape": ["/" if day.gap else "" for day in held]}},
        "meta": {"tone": tone},
    }


def _day_hover(day: Day, facts: ReportFacts) -> str:
    return "<br>".join(filter(None, (day_name(day.day), _escaped(cash(day.daily, facts.currency)), day.gap)))


def _change_bars(placed: Sequence[tuple[str, Compared]], tone: str, facts: ReportFacts) -> Plot:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [place for place, _ in placed],
        "x": _heights(row.change or Decimal(0) for _, row in placed),
        "customdata": [_change_hover(row, facts) for _, row in placed],
        "hovertemplate": _HOVER,
        "marker": {"pattern": {"shape": PATTERNS.get(tone, "")}},
        "meta": {"tone": tone},
    }


def _series(ranking: Ranking) -> list[tuple[Compared, str]]:
    """The traces of a ranking with their colours: rows of one colour are one, the nameless stand on top."""
    by_tone: dict[str, list[Compared]] = {}
    for row, tone in zip(ranking.rows, tones(ranking), strict=True):
        by_tone.setdefault(tone, []).append(row)
    if ranking.rest:
        by_tone.setdefault(OTHERS, []).append(ranking.rest)
    nameless = [tone for tone in _NAMELESS.values() if tone in by_tone]
    order = [tone for tone in by_tone if tone not in (*nameless, OTHERS)]
    order += [tone for tone in (OTHERS, *nameless) if tone in by_tone]
    return [(_one(by_tone[tone]), tone) for tone in order]


def _one(rows: Sequence[Compared]) -> Compared:
    return rows[0] if len(rows) == 1 else added(rows)


def _stack(name: str, x: Sequence[str], costs: Sequence[Decimal], facts: ReportFacts, tone: str) -> Plot:
    label = _label(name)
    return {
        "type": "bar",
        "name": label,
        "x": list(x),
        "y": _heights(costs),
        "customdata": [f"{label}<br>{_escaped(cash(cost, facts.currency))}" for cost in costs],
        "hovertemplate": _HOVER,
        "marker": {"pattern": {"shape": PATTERNS.get(tone, "")}, "line": {"width": 1}},
        "meta": {"tone": tone},
    }


def _heights(costs: Iterable[Decimal]) -> list[float]:
    # The one place where money is a float: the height of a bar. What is read there is made from decimals.
    return [float(cost) for cost in costs]


def _layout(facts: ReportFacts) -> Plot:
    axis = {"fixedrange": True, "automargin": True}
    money = {"tickprefix": symbol(facts.currency), "tickformat": ",.10~f", "nticks": 6, "zeroline": True}
    return {
        "height": _HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "dragmode": False,
        "bargap": 0.45,
        "xaxis": {**axis, "showgrid": False},
        "yaxis": {**axis, **money},
    }


def _ticks(facts: ReportFacts) -> Plot:
    """A tick on the first day of each window, so that the eye finds the weeks."""
    if not facts.whole:
        return {}
    starts = [window.start.isoformat() for window in reversed(facts.windows)]
    after = facts.now.window.end
    beyond = [after.isoformat()] if facts.days[-1].day >= after else []
    return {"tickmode": "array", "tickvals": starts + beyond}


def _change_text(row: Compared, facts: ReportFacts) -> str:
    return _escaped(cash(row.change or Decimal(0), facts.currency, sign=True))


def _change_hover(row: Compared, facts: ReportFacts) -> str:
    change = f"{_change_text(row, facts)} ({compared_percent(row)})"
    return f"{_escaped(row.key)}<br>{change}<br>now {_escaped(cash(row.now, facts.currency))}"


def _label(text: str) -> str:
    shown = printable(text)
    if len(shown) > _LABEL_LENGTH:
        shown = f"{shown[: _LABEL_LENGTH // 2]}…{shown[-_LABEL_LENGTH // 2 + 1 :]}"
    return escape(shown, quote=False)


def _escaped(text: str) -> str:
    # Plotly reads its texts as a little HTML of its own.
    return escape(printable(text), quote=False)
