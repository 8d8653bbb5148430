"""finops anomalies."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

import typer

from finops.cli.options import (
    ConfigFile,
    Db,
    ExportName,
    Format,
    From,
    Last,
    Metric,
    Output,
    Period,
    To,
    Where,
)
from finops.cli.reading import asked, opened
from finops.config import load_settings
from finops.errors import UsageError

Replay = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="90d",
        help="Put known anomalies into these last days of the bill, and tell what several thresholds find of them.",
    ),
]
_SPAN = re.compile(r"([1-9]\d{0,3})([dwm])")
_DAYS = {"d": 1, "w": 7, "m": 30}


def run(
    replay: Replay = None,
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Find what left the ordinary in daily cost: since when, how much, why, whose."""
    from finops.anomalies.document import anomalies
    from finops.anomalies.find import find_anomalies
    from finops.anomalies.levels import asked_by
    from finops.output import write
    from finops.reader import days_asked

    days = _days(replay) if replay else 0
    by = asked_by(load_settings(config))
    if days and (period or last or from_ or to):
        raise UsageError("--replay counts back from the newest day; it takes no other range", "--replay")
    ask = asked(metric or "amortized", period, last, from_, to, where, export, by)
    # The days before the range are what its days are held against.
    with opened(replace(ask, period=None, last=None, start=None, end=None), db, config) as ledger:
        if days:
            from finops.anomalies.replay import replay as replayed

            write(replayed(ledger, days), form, output)
        else:
            write(anomalies(ledger, find_anomalies(ledger, *days_asked(ledger, ask))), form, output)


def _days(span: str) -> int:
    found = _SPAN.fullmatch(span.strip().lower())
    if not found:
        raise UsageError(f"--replay {span} is no span", fix="--replay 90d, --replay 12w or --replay 3m")
    return int(found[1]) * _DAYS[found[2]]
