"""finops anomalies."""

from __future__ import annotations

from dataclasses import replace

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


def run(
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

    by = asked_by(load_settings(config))
    ask = asked(metric or "amortized", period, last, from_, to, where, export, by)
    # The days before the range are what its days are held against.
    with opened(replace(ask, period=None, last=None, start=None, end=None), db, config) as ledger:
        write(anomalies(ledger, find_anomalies(ledger, *days_asked(ledger, ask))), form, output)
