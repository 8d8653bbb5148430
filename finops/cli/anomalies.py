"""finops anomalies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from finops.config import load_settings, today
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.anomalies.find import Found
    from finops.document import Document, Rows
    from finops.reader import Ask, Ledger

Replay = Annotated[
    str | None,
    typer.Option(
        "--replay",
        metavar="90d",
        help="Put known anomalies into these last days of the bill, and tell what several thresholds find of them.",
    ),
]
Aws = Annotated[
    bool, typer.Option("--aws", help="Show what AWS Cost Anomaly Detection found beside it; at most 0.01 USD a page.")
]
_SPAN = re.compile(r"([1-9]\d{0,3})([dwm])")
_DAYS = {"d": 1, "w": 7, "m": 30}


def run(
    aws: Aws = False,
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
    from finops.output import write

    days = _days(replay) if replay else 0
    if days and (period or last or from_ or to or aws):
        raise UsageError("--replay counts back from the newest day; it takes no other range and no --aws", "--replay")
    ask = asked(metric or "amortized", period, last, from_, to, where, export)
    with opened_with_history(ask, db, config) as ledger:
        write(_replayed(ledger, days) if days else _found(ledger, ask, aws), form, output)


@contextmanager
def opened_with_history(ask: Ask, db: Path | None, config: Path | None) -> Iterator[Ledger]:
    """The ledger that `find_anomalies` takes: all days, because those before a range are what it is held against.

    It is opened by all that is watched, as far as its months have it. Raises as `opened` does.
    """
    from finops.anomalies.levels import asked_by, is_whole

    all_days = replace(ask, period=None, last=None, start=None, end=None)
    with opened(all_days, db, config) as ledger:
        if not is_whole(ledger):
            yield ledger
            return
    with opened(replace(all_days, by=asked_by(load_settings(config))), db, config) as ledger:
        yield ledger


def _replayed(ledger: Ledger, days: int) -> Document:
    from finops.anomalies.replay import replay

    return replay(ledger, days)


def _found(ledger: Ledger, ask: Ask, aws: bool) -> Document:
    from finops.anomalies.document import anomalies
    from finops.anomalies.find import find_anomalies
    from finops.reader import days_asked

    found = find_anomalies(ledger, *days_asked(ledger, ask))
    document = anomalies(ledger, found)
    if not aws:
        return document
    return replace(document, totals={**document.totals, "aws": _of_aws(found)})


def _of_aws(found: Found) -> Rows:
    """What AWS found in the days that were judged, as far back as it keeps it."""
    from datetime import timedelta

    from finops.anomalies.cost_anomaly_detection import KEPT_DAYS, beside
    from finops.anomalies.cost_anomaly_detection import ask as ask_aws
    from finops.aws.door import open_door
    from finops.cli.progress import say

    kept = today() - timedelta(days=KEPT_DAYS)
    first, last = found.judged or (kept, today())
    if last <= kept:
        raise UsageError(f"AWS keeps what it finds for {KEPT_DAYS} days: since {kept}", "--aws", "a later range")
    say("asking AWS Cost Anomaly Detection: it is free, a request to its API counts as 0.01 USD at most")
    return beside(ask_aws(open_door(), max(first, kept), last), found.events)


def _days(span: str) -> int:
    found = _SPAN.fullmatch(span.strip().lower())
    if not found:
        raise UsageError(f"--replay {span} is no span", fix="--replay 90d, --replay 12w or --replay 3m")
    return int(found[1]) * _DAYS[found[2]]
