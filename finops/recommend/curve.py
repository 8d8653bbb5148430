"""What each commitment would cost: the curve the optimum is the lowest point of, as data or as a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from finops.advice.commitment import outcome
from finops.errors import UsageError
from finops.output.destination import destination
from finops.output.values import exact_decimal
from finops.recommend.advice import Advice
from finops.recommend.row import monthly
from finops.recommend.windows import Windowed

_KEYS = ("plan_type", "region", "what", "term", "payment_option", "hourly_commitment", "cost", "saving")
# Enough for a smooth line; the cost is a chain of straight pieces between these points or more.
_POINTS = 120
_WIDTH, _HEIGHT, _MARGIN = 720, 300, 64
_EXACT = Decimal("1e-10")

Point = tuple[float, Decimal, Decimal]
"""A commitment in USD an hour, the whole cost with it and what it saves, both per month."""


def write_curve(advice: Sequence[Advice], path: Path, fixed: float | None) -> None:
    """Write the curve of every offer with known rates, over all loaded hours; the ending of `path` says in which form.

    Raises UsageError for any other ending.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UsageError(
            f"a curve is no {path.suffix or 'file without an ending'}", str(path), "curve.csv or curve.svg"
        )
    curves = [(one, points(one.windows[-1], fixed)) for one in advice]
    with destination(path) as out:
        out.write(writer(curves))


def points(window: Windowed, fixed: float | None = None) -> list[Point]:
    """Points of the curve from no commitment to one that covers every hour, the optimum and `fixed` among them."""
    import numpy as np

    asked = window.demand
    hourly = np.bincount(asked.hour, asked.plan_cost, asked.hours)
    at = np.unique(np.append(np.quantile(hourly, np.linspace(0, 1, _POINTS)), [0.0, window.outcome.commitment]))
    if fixed is not None:
        at = np.unique(np.append(at, fixed))
    found = [outcome(asked, float(commitment)) for commitment in at]
    return [(one.commitment, monthly(one.cost, asked.hours), monthly(one.saving, asked.hours)) for one in found]


Curves = Sequence[tuple[Advice, list[Point]]]


def _records(curves: Curves) -> list[dict[str, Any]]:
    return [
        dict(zip(_KEYS, (*_name(one), _hourly(at), exact_decimal(cost), exact_decimal(saving)), strict=True))
        for one, found in curves
        for at, cost, saving in found
    ]


def _hourly(at: float) -> str:
    return exact_decimal(Decimal(at).quantize(_EXACT))


def _name(one: Advice) -> tuple[str, str, str, str, str]:
    group, offer = one.candidate.group, one.candidate.offer
    return group.plan_type, group.region, group.what, offer.term, offer.payment


def _csv(curves: Curves) -> str:
    out = StringIO()
    writer = csv.DictWriter(out, _KEYS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_records(curves))
    return out.getvalue()


def _json(curves: Curves) -> str:
    lines = []
    for record in _records(curves):
        texts = {key: value if key in _KEYS[-3:] else json.dumps(value) for key, value in record.items()}
        lines.append("{" + ", ".join(f'"{key}": {value}' for key, value in texts.items()) + "}")
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _html(curves: Curves) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Cost by commitment</title>'
        f'<body style="font-family: sans-serif; max-width: 46rem; margin: 2rem auto">{_svg(curves)}</body></html>\n'
    )


def _svg(curves: Curves) -> str:
    """One panel per offer, below each other; the lowest point of each is marked."""
    each = _HEIGHT + _MARGIN
    panels = "".join(
        f'<g transform="translate(0 {number * each})">{_panel(one, found)}</g>'
        for number, (one, found) in enumerate(curves)
    )
    size = f'width="{_WIDTH}" height="{max(each * len(curves), 1)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="#333">'
        f"{panels}</svg>\n"
    )


def _panel(one: Advice, found: list[Point]) -> str:
    from html import escape

    low, high = float(min(cost for _, cost, _ in found)), float(max(cost for _, cost, _ in found))
    across, up = _scale(0.0, found[-1][0], _MARGIN, _WIDTH - 16), _scale(low, high, _HEIGHT - 32, 40)
    line = " ".join(f"{across(at):.1f},{up(float(cost)):.1f}" for at, cost, _ in found)
    best, cheapest, _ = min(found, key=lambda point: point[1])
    title = escape(" ".join(part for part in _name(one) if part))
    return (
        f'<text x="{_MARGIN}" y="20" font-size="14">{title}: cost per month by hourly commitment</text>'
        f'<polyline points="{line}" fill="none" stroke="#2b6cb0" stroke-width="2"/>'
        f'<circle cx="{across(best):.1f}" cy="{up(float(cheapest)):.1f}" r="4" fill="#c53030"/>'
        f'<text x="{across(best) + 8:.1f}" y="{up(float(cheapest)) - 8:.1f}">{best:.5f}/h: {cheapest:,.2f}</text>'
        f'<text x="4" y="{up(high):.1f}">{high:,.2f}</text><text x="4" y="{up(low):.1f}">{low:,.2f}</text>'
        f'<text x="{_MARGIN}" y="{_HEIGHT}">0</text>'
        f'<text x="{_WIDTH - 80}" y="{_HEIGHT}">{found[-1][0]:.5f}/h</text>'
    )


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)


_WRITERS: dict[str, Callable[[Curves], str]] = {".csv": _csv, ".json": _json, ".svg": _svg, ".html": _html}
