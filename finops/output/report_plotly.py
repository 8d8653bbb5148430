"""The report's charts as Plotly figures: plain dicts, valid for Plotly, without a colour.

A trace names the role of its colour in `meta`. The page looks the role up in its style sheet, so light, dark
and print each have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

from finops.output.report_words import cash, share, symbol
from finops.output.values import printable
from finops.report.model import Chart, Series

_LABEL_LENGTH = 28
_HEIGHT = 300
# For who sees no colour, and for paper.
PATTERNS = {"untagged": "/", "invalid": "x", "untaggable": ".", "longer": "/", "down": "/", "unused": "/"}
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKS = ("circle", "square", "diamond", "triangle-up", "x", "star")
_HOVER = "%{customdata}<extra></extra>"

Plot = dict[str, Any]


def plot(chart: Chart, currency: str) -> Plot:
    """One chart as data and layout."""
    return _SHAPES[chart.shape](chart, currency)


def _days(chart: Chart, currency: str) -> Plot:
    layout = _layout(chart, currency) | {"bargap": 0.25, "barmode": "overlay"}
    layout["xaxis"] |= {"type": "date", "tickformat": "%-d %b"}
    if chart.ticks:
        layout["xaxis"] |= {"tickmode": "array", "tickvals": [day.isoformat() for day in chart.ticks]}
    return {"data": [_bars(one, chart, currency) for one in chart.series], "layout": layout}


def _stack(chart: Chart, currency: str) -> Plot:
    layout = _layout(chart, currency) | {"barmode": "relative", "showlegend": len(chart.series) == 2}
    layout["xaxis"] |= {"type": "category"}
    return {"data": [_bars(one, chart, currency) for one in chart.series], "layout": layout}


def _bridge(chart: Chart, currency: str) -> Plot:
    layout = _layout(chart, currency) | {"barmode": "stack", "bargap": 0.3}
    layout["xaxis"] |= {"type": "category"}
    if chart.floor is not None:
        # from the floor to the highest level; a bar that only lifts others counts with what stands on it
        tops = [sum((one.values[at] or Decimal(0) for one in chart.series), Decimal(0)) for at in range(len(chart.x))]
        room = (max(tops) - chart.floor) / 12
        layout["yaxis"] |= {"range": [float(chart.floor), float(max(tops) + room)]}
    return {"data": [_bars(one, chart, currency) for one in chart.series], "layout": layout}


def _lines(chart: Chart, currency: str) -> Plot:
    layout = _layout(chart, currency) | {"showlegend": True}
    layout["xaxis"] |= {"type": "category"}
    data = [
        _bars(one, chart, currency)
        | {
            "type": "scatter",
            "mode": "lines+markers",
            "marker": {"symbol": _MARKS[at % len(_MARKS)], "size": 8},
            "line": {"dash": _DASHES[at % len(_DASHES)], "width": 2},
        }
        for at, one in enumerate(chart.series)
    ]
    return {"data": data, "layout": layout}


def _changes(chart: Chart, currency: str) -> Plot:
    """Bars to both sides, the first on top; names stand beside them by place, as two may be alike."""
    places = [str(place) for place in range(len(chart.x))]
    layout = _layout(chart, currency) | {"bargap": 0.35, "barmode": "overlay", "height": 40 + 33 * len(places)}
    layout["xaxis"] = {"fixedrange": True, "automargin": True, "showgrid": False, "zeroline": True}
    layout["xaxis"] |= {"showticklabels": False}
    layout["yaxis"] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": places[::-1],
        "tickvals": places,
        "ticktext": [f"{_label(str(name))}  {_change(chart, at, currency)}" for at, name in enumerate(chart.x)],
        "ticksuffix": "  ",
        "automargin": True,
        "showgrid": False,
        "fixedrange": True,
    }
    data = [_sideways(one, chart, places) for one in chart.series]
    return {"data": data, "layout": layout}


def _sideways(series: Series, chart: Chart, places: Sequence[str]) -> Plot:
    held = [at for at, value in enumerate(series.values) if value is not None]
    return {
        "type": "bar",
        "orientation": "h",
        "name": _label(series.name),
        "y": [places[at] for at in held],
        "x": _heights(series.values[at] for at in held),
        "customdata": [f"{_escaped(str(chart.x[at]))}<br>{_escaped(series.told[at])}" for at in held],
        "hovertemplate": _HOVER,
        "marker": {"pattern": {"shape": PATTERNS.get(series.tone, "")}},
        "meta": {"tone": series.tone},
    }


def _bars(series: Series, chart: Chart, currency: str) -> Plot:
    held = [at for at, value in enumerate(series.values) if value is not None]
    marked = [bool(series.marked and series.marked[at]) for at in held]
    trace: Plot = {
        "type": "bar",
        "name": _label(series.name),
        "x": [_x(chart.x[at]) for at in held],
        "y": _heights(series.values[at] for at in held),
        "meta": {"tone": series.tone},
    }
    if series.is_base:
        return trace | {"hoverinfo": "skip", "showlegend": False, "marker": {"opacity": 0}}
    shape = PATTERNS.get(series.tone, "")
    shapes = ["/" if one else shape for one in marked] if any(marked) else shape
    return trace | {
        "customdata": [_said(series, chart, at, currency) for at in held],
        "hovertemplate": _HOVER,
        "marker": {"pattern": {"shape": shapes}, "line": {"width": 1 if chart.shape == "stack" else 0}},
    }


def _said(series: Series, chart: Chart, at: int, currency: str) -> str:
    if series.told:
        return _escaped(series.told[at]).replace("; ", "<br>")
    value = series.values[at] or Decimal(0)
    amount = share(value) if chart.kind == "share" else cash(value, currency)
    return f"{_label(series.name)}<br>{_escaped(amount)}"


def _change(chart: Chart, at: int, currency: str) -> str:
    value = next((one.values[at] for one in chart.series if one.values[at] is not None), None)
    return _escaped(cash(value or Decimal(0), currency, sign=True))


def _heights(values: Iterable[Decimal | None]) -> list[float]:
    # The one place where money is a float: the height of a bar. What is read there is made from decimals.
    return [float(value) for value in values if value is not None]


def _x(label: str | date) -> str:
    return label.isoformat() if isinstance(label, date) else _label(label)


def _layout(chart: Chart, currency: str) -> Plot:
    axis = {"fixedrange": True, "automargin": True}
    money = {"tickprefix": symbol(currency), "tickformat": ",.10~f", "nticks": 6, "zeroline": True}
    percent = {"ticksuffix": "%", "nticks": 5, "rangemode": "normal"}
    return {
        "height": _HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "dragmode": False,
        "bargap": 0.45,
        "xaxis": {**axis, "showgrid": False},
        "yaxis": {**axis, **(percent if chart.kind == "share" else money)},
    }


def _label(text: str) -> str:
    shown = printable(text)
    if len(shown) > _LABEL_LENGTH:
        shown = f"{shown[: _LABEL_LENGTH // 2]}…{shown[-_LABEL_LENGTH // 2 + 1 :]}"
    return escape(shown, quote=False)


def _escaped(text: str) -> str:
    # Plotly reads its texts as a little HTML of its own.
    return escape(printable(text), quote=False)


_SHAPES: dict[str, Callable[[Chart, str], Plot]] = {
    "days": _days,
    "stack": _stack,
    "bridge": _bridge,
    "lines": _lines,
    "changes": _changes,
}
