"""How a reader of the report gets at what is behind a number: the command that lists it, and its query."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import dimension, needed_joins
from finops.engines.duckdb import identifier, literal
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


def daily_sql(ledger: Ledger, words: Sequence[str], window: Window | None = None, only: str = "") -> str:
    """The query for cost by day and dimensions, which a figure that takes several steps begins with.

    `only` is a condition over `facts`; without a window the query is over all the days that were asked for.
    """
    dimensions = [dimension(word) for word in words]
    joins = needed_joins(dimensions)
    keys = "".join(f"    {one.expression(at)} as {identifier(one.word)},\n" for at, one in enumerate(dimensions))
    days = [f"facts.charge_day >= date '{window.start}' and facts.charge_day < date '{window.end}'"] if window else []
    conditions = "\n    and ".join([*days, *([only] if only else [])])
    parts = [
        f"select\n    facts.charge_day,\n{keys}    sum(facts.{ledger.cost}) as cost\nfrom daily_cost as facts",
        joins.sql,
        f"where {conditions}" if conditions else "",
        "group by all\norder by all",
    ]
    sql = "\n".join(part for part in parts if part)
    return written_out(sql, joins.params)


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
