"""GitHub workflow commands: a note on the line that an estimate, a total or a budget stands on.

GitHub shows ten warnings and ten notices of a step, so the farthest off come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.document import Document
from finops.output.github_check import commands
from finops.output.values import money, shown
from finops.output.workflow_command import workflow_command

_FINDINGS = {"over": "warning", "under": "notice", "not_seen": "notice"}
_BUDGETS = {"over": "warning", "forecast_over": "warning", "could_not_check": "warning", "alert": "notice"}


def chunks(document: Document) -> Iterator[str]:
    """A command for every line that is off, then one for every problem that has a line of a document."""
    if document.command == "check":
        yield from commands(document)
        return
    names = document.rows.names
    rows = [dict(zip(names, row, strict=True)) for row in document.rows.read(None)]
    if document.command == "variance --budgets":
        yield from _budgets(rows, document)
        return
    off = [row for row in rows if row.get("class") in _FINDINGS]
    for row in sorted(off, key=lambda row: -abs(row["variance"] or Decimal(0))):
        title = f"{row['line']}: {str(row['class']).replace('_', ' ')}"
        file, line = row["source_file"], row["source_line"]
        yield workflow_command(_FINDINGS[row["class"]], file, line, title, _words(row, document))
    for problem in document.problems:
        file, colon, line = problem.where.rpartition(":")
        if colon and line.isdigit():
            level = "warning" if problem.code.endswith("disagrees") else "notice"
            yield workflow_command(level, file, line, problem.code.replace("_", " "), problem.message)


def _words(row: Mapping[str, Any], document: Document) -> str:
    currency = document.basis.currency or ""
    high = "more" if row["estimate_high"] is None else money(row["estimate_high"])
    low = money(row["estimate_low"])
    estimate = low if low == high else f"{low} to {high}"
    if row["class"] == "not_seen":
        return f"estimated {estimate} {currency} a month, nothing was charged up to {document.basis.end} (excluded)"
    return (
        f"estimated {estimate} {currency} a month, charged {money(row['actual'])} before {document.basis.end}, "
        f"{money(abs(row['variance']))} {row['class']}; the month ends at {money(row['forecast'])} "
        f"({money(row['forecast_p10'])} to {money(row['forecast_p90'])})"
    )


def _budgets(rows: Sequence[Mapping[str, Any]], document: Document) -> Iterator[str]:
    off = [row for row in rows if row["class"] in _BUDGETS]
    for row in sorted(off, key=lambda row: list(_BUDGETS).index(row["class"])):
        file, _, line = str(row["source"]).rpartition(":")
        title = f"budget {row['budget']} ({row['period']}): {str(row['class']).replace('_', ' ')}"
        yield workflow_command(_BUDGETS[row["class"]], file, line, title, _used(row, document))


def _used(row: Mapping[str, Any], document: Document) -> str:
    if row["actual"] is None:
        return str(row["detail"])
    used = f", {shown(row['used_percent'], 'percent')} of {money(row['limit'])}" if row["used_percent"] else ""
    said = f"{money(row['actual'])} {document.basis.currency} since {shown(row['start'])}{used}"
    if row["forecast"] is not None:
        said += f"; the {row['period']} ends at {money(row['forecast'])}"
    return "; ".join(filter(None, (said, row["detail"])))
