"""The cost report as one HTML file that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from finops import __version__
from finops.errors import FinopsError
from finops.output.report_plotly import plot
from finops.output.values import exact
from finops.paths import reports_dir
from finops.report.model import Cell, Column, Figure, Report

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATE = "report.html.j2"
_STYLE = "style.css"
_BADGES = {"not set": "not set up", "left out": "not part of this report", "failed": "could not be computed"}
_ROUNDED = ("money", "change", "rate", "share", "percent")
_PERCENT = ("share", "percent")
_SCRIPTS = ("vendor/plotly-basic.min.js", "report.js")


def render(report: Report) -> str:
    """The whole page. It runs offline and asks nobody for anything; what it may run is named by hash."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(reports_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        exact_of=partial(_exact, currency=report.currency),
        exact_figure=partial(_exact_figure, currency=report.currency),
        sort_of=_sort,
        spark=_spark,
        keys={section.key for section in report.sections},
        badges=_BADGES,
    )
    return environment.get_template(_TEMPLATE).render(
        report=report,
        policy=_policy(),
        style=Markup(_asset(_STYLE)),
        scripts=[Markup(_asset(name)) for name in _SCRIPTS],
        figures=_figures(report),
        version=__version__,
    )


def _exact(cell: Cell, column: Column, currency: str) -> str | None:
    """The exact amount for whoever points at a cell that rounds it."""
    if not isinstance(cell.value, Decimal) or column.kind not in _ROUNDED:
        return None
    return f"{exact(cell.value)} {'%' if column.kind in _PERCENT else currency}"


def _exact_figure(figure: Figure, currency: str) -> str | None:
    """The same of a key figure."""
    return f"{exact(figure.value)} {currency}" if isinstance(figure.value, Decimal) else None


def _spark(trend: Sequence[Decimal]) -> str:
    """The points of a small line over 120 by 24, its highest value on top; blank of less than two values."""
    if len(trend) < 2:
        return ""
    low, high = min(trend), max(trend)
    heights = [(value - low) / (high - low) if high > low else Decimal("0.5") for value in trend]
    step = Decimal(116) / (len(trend) - 1)
    return " ".join(f"{2 + step * at:.1f},{22 - 20 * height:.1f}" for at, height in enumerate(heights))


def _sort(cell: Cell) -> str | None:
    """What a cell is sorted by where that is not what it says."""
    return exact(cell.value) if isinstance(cell.value, (Decimal, int, date)) else None


def _figures(report: Report) -> Markup:
    """All charts as one JSON object by key; no text in it can end the element it stands in."""
    from markupsafe import Markup

    charts = (chart for section in report.sections for chart in section.charts)
    plots = {chart.key: plot(chart, report.currency) for chart in charts}
    text = json.dumps(plots, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _policy() -> str:
    scripts = " ".join(_hash(_asset(name)) for name in _SCRIPTS)
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_hash(_asset(_STYLE))}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _asset(name: str) -> str:
    text = (reports_dir() / Path(name)).read_text(encoding="utf-8")
    # An element ends at its closing tag wherever that stands, in a string or a comment too.
    if re.search("</(script|style)", text, re.IGNORECASE):
        raise FinopsError("a part of the page would end the element it is put in", where=name)
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
