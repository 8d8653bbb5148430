"""A document whose costs are those of the bill, as a unified diff against the document there is.

What is charged outside an estimate gets the month's forecast in the place of its figure, a range its P10 and P90.
Totals become the sum of what then stands above them. A service nobody estimated gets a row of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.estimates.amounts import Figure
from finops.estimates.cells import read_cell
from finops.estimates.file import SUFFIX
from finops.estimates.lines import Line
from finops.estimates.sums import compare as compare_sum
from finops.estimates.sums import sum_of
from finops.variance.compare import Held, compare
from finops.variance.document import hold
from finops.variance.promises import Promise
from finops.variance.reading import read_one, words_for
from finops.variance.rewrite import in_line, new_figure

if TYPE_CHECKING:
    from finops.reader import Ledger

# A service that costs less in a month is not worth a row.
LEAST_NEW_ROW = Decimal(1)


@dataclass
class _Draft:
    """A document in the making: its lines as in the file, rows to put behind a line, amounts by line read."""

    path: Path
    raw: list[str]
    behind: dict[int, list[str]] = field(default_factory=dict)
    amounts: dict[tuple[int, str], Line] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def propose(ledger: Ledger, period: str | None) -> tuple[str, list[Problem]]:
    """The diff over all Markdown documents of the settings, empty where nothing is to change, and what is left out."""
    month, found, charges, _ = hold(ledger, period)
    held = compare(found, charges, month)
    drafts: dict[str, _Draft] = {}
    for one in held:
        if one.promise and one.kind != "within":
            _correct(_draft(drafts, one.promise.lines[0]), one, one.promise)
    for one in held:
        if one.kind == "not_estimated" and one.actual.end.expected >= LEAST_NEW_ROW:
            _add(drafts, found, one)
    words = words_for(ledger.settings)
    for draft in drafts.values():
        if draft.path.suffix != SUFFIX:
            _correct_totals(draft, read_one(draft.path, words).lines)
    text = "".join(_diff(draft) for draft in drafts.values())
    return text, [problem for draft in drafts.values() for problem in draft.problems]


def _draft(drafts: dict[str, _Draft], line: Line) -> _Draft:
    path = Path(line.source_file)
    if line.source_file not in drafts:
        text = path.read_bytes().decode("utf-8") if path.exists() else ""
        drafts[line.source_file] = _Draft(path, text.split("\n"))
    return drafts[line.source_file]


def _correct(draft: _Draft, one: Held, promise: Promise) -> None:
    line = promise.lines[0]
    where = f"{line.source_file}:{line.source_line}"
    if one.kind == "not_seen":
        draft.problems.append(Problem("not_proposed", f"{one.line}: nothing was charged, the row may go", where))
    elif len(promise.lines) > 1:
        draft.problems.append(Problem("not_proposed", f"{one.line}: the bill does not tell these rows apart", where))
    elif promise.share is not None:
        draft.problems.append(Problem("not_proposed", f"{one.line}: a share is for a person to decide", where))
    else:
        factor = _per_month(line, promise)
        end = one.actual.end
        is_range = line.low != line.high
        low, high = (end.p10, end.p90) if is_range else (end.expected, end.expected)
        _replace(draft, line, low / factor, high / factor)


def _per_month(line: Line, promise: Promise) -> Decimal:
    """How many of the line's units the month had."""
    amount, month = (line.high, promise.high) if line.high else (line.low, promise.low)
    return month / amount if amount and month else Decimal(1)


def _replace(draft: _Draft, line: Line, low: Decimal, high: Decimal) -> None:
    where = f"{line.source_file}:{line.source_line}"
    figure = new_figure(line, low, high, widen=line.kind == "row")
    at = line.source_line - 1
    text = in_line(draft.raw[at], line.figure, figure) if figure and at < len(draft.raw) else None
    if text is None or figure is None:
        message = f"{line.label}: {line.figure or 'the figure'} cannot be replaced in its line"
        draft.problems.append(Problem("not_proposed", message, where))
        return
    draft.raw[at] = text
    draft.amounts[line.source_line, line.label] = _with_amounts(line, figure)


def _with_amounts(line: Line, figure: str) -> Line:
    """The line as it would be read from the new figure."""
    read = read_cell(figure)
    return replace(line, low=read.low, high=read.high) if isinstance(read, Figure) else line


def _add(drafts: dict[str, _Draft], found: Sequence[Promise], one: Held) -> None:
    """A row for a service, in the form of the last row of its environment's table."""
    mine = [line for promise in found for line in promise.lines if one.environment in promise.environments]
    models = [line for line in mine if line.counts and line.unit == "month" and line.figure and line.low]
    if not models:
        return
    model = max(models, key=lambda line: line.source_line)
    draft = _draft(drafts, model)
    raw = draft.raw[model.source_line - 1]
    cells = raw.strip().strip("|").split("|")
    plain = replace(model, figure=_single(model), low=model.low, high=model.low)
    figure = new_figure(plain, one.actual.end.expected, one.actual.end.expected)
    if figure is None or not raw.lstrip().startswith("|") or "\\|" in raw:
        return
    new = [
        f" {one.line} " if at == 0 else f" {figure} " if any(mark in cell for mark in _figures(draft, model)) else " "
        for at, cell in enumerate(cells)
    ]
    ending = "\r" if raw.endswith("\r") else ""
    draft.behind.setdefault(model.source_line, []).append(f"|{'|'.join(new)}|{ending}")
    group = replace(_with_amounts(plain, figure), label=one.line, group=model.group)
    draft.amounts[model.source_line, one.line] = group


def _single(model: Line) -> str:
    """The figure of a line with the first of its numbers only."""
    head, dash, tail = model.figure.partition("-")
    unit = tail.lstrip("0123456789.,$ ") if dash else ""
    return head + unit if model.low != model.high else model.figure


def _figures(draft: _Draft, model: Line) -> list[str]:
    changed = draft.amounts.get((model.source_line, model.label))
    text = draft.raw[model.source_line - 1]
    cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
    marks = [cell for cell in cells[1:] if model.figure in cell]
    return marks or ([cell for cell in cells[1:] if "$" in cell] if changed else [model.figure])


def _correct_totals(draft: _Draft, lines: Sequence[Line]) -> None:
    """Totals that no longer are the sum of the rows they are the total of."""
    for total in lines:
        if total.kind != "total" or total.check is None or total.low is None:
            continue
        rows = [line for line in lines if line.counts and line.group == total.group]
        rows = rows or [line for line in lines if line.counts and line.environments == total.environments]
        before = {(line.source_line, line.label) for line in rows}
        places = {line.source_line for line in rows}
        added = [line for (at, label), line in draft.amounts.items() if at in places and (at, label) not in before]
        now = [draft.amounts.get((line.source_line, line.label), line) for line in rows] + added
        fits = compare_sum(total, now)
        summed = sum_of(now, total.unit)
        if fits == "disagrees" and summed is not None and summed.high is not None:
            if total.low == total.high and summed.low != summed.high:
                message = f"{total.label}: its rows now sum to a range, which it is not"
                where = f"{total.source_file}:{total.source_line}"
                draft.problems.append(Problem("not_proposed", message, where))
            else:
                _replace(draft, total, summed.low, summed.high)


def _diff(draft: _Draft) -> str:
    if not draft.path.exists() or draft.path.suffix == SUFFIX:
        return ""
    old = _ended(draft.path.read_bytes().decode("utf-8").split("\n"))
    new: list[str] = []
    for number, text in enumerate(draft.raw, start=1):
        new += [text, *draft.behind.get(number, ())]
    name = draft.path.as_posix()
    return "".join(_lines(difflib.unified_diff(old, _ended(new), f"a/{name}", f"b/{name}")))


def _ended(lines: list[str]) -> list[str]:
    """Each line with its end; the last has none where the file does not end in one."""
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _lines(diff: Iterator[str]) -> Iterator[str]:
    for line in diff:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
