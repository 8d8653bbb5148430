"""How a reader of the report gets at what is behind a number: the command that lists it, and its query."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.engines.duckdb import literal
from finops.report.model import Source

if TYPE_CHECKING:
    from finops.reader import Ledger
    from finops.report.windows import Window

# What a verb counts when nothing is said.
_METRIC = {"spend": "unblended"}


def command(ledger: Ledger, verb: str, window: Window | None = None, by: Sequence[str] = ()) -> str:
    """A call of finops that lists the same numbers: the verb with the report's days, filters and metric."""
    words = ["finops", *verb.split()]
    if by:
        words += ["--by", listed(by)]
    if window is not None:
        words += ["--from", f"{window.start}", "--to", f"{window.end}"]
    if ledger.ask.metric != _METRIC.get(words[1], "amortized"):
        words += ["--metric", ledger.ask.metric]
    for condition in ledger.ask.where:
        words += ["--where", condition]
    if ledger.ask.export:
        words += ["--export", ledger.ask.export]
    return shlex.join(words)


def source(
    ledger: Ledger, verb: str, window: Window | None, query: tuple[str, Sequence[Any]], by: Sequence[str] = ()
) -> Source:
    """The command, and the query with its parameters written into it."""
    return Source(command(ledger, verb, window, by), written_out(*query))


def listed(words: Sequence[str]) -> str:
    """Words as one option takes them: a list as in CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(words)
    return text.getvalue()


def written_out(sql: str, params: Sequence[Any] = ()) -> str:
    """A query for reading: each parameter as the literal it stands for."""
    parts = sql.strip().split("?")
    values = [_literal(value) for value in params]
    if len(parts) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {len(parts) - 1} places")
    return "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (bool, int, Decimal)):
        return str(value).lower()
    if isinstance(value, (date, datetime)):
        return f"{'timestamp' if isinstance(value, datetime) else 'date'} {literal(value.isoformat())}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    return literal(str(value))
