"""The results of `finops check` for a person: what fails first, each with what to do; what is fine in one line."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from finops.document import Document
from finops.output.as_checklist import Piece
from finops.output.values import printable
from finops.output.verdict_words import named, told

# What stands in front of a result, and in which style. Failures shout, so that they are found in a file too.
_MARKS = {
    "fails": ("FAILED", "problem"),
    "could not check": ("could not check", "could not check"),
    "forgiven": ("forgiven", "could not check"),
    "breach": ("warning", "could not check"),
    "notice": ("notice", ""),
    "no target": ("no target", ""),
    "ok": ("ok", "ok"),
}
_MARK = 15
_NARROW, _WIDE = 60, 110

Row = dict[str, str]


def lines(document: Document, width: int) -> Iterator[list[Piece]]:
    """Each printed line as pieces of text with their style; `width` is in characters."""
    width = max(_NARROW, min(width, _WIDE))
    names = document.rows.names
    rows = [{name: _text(value) for name, value in zip(names, row, strict=True)} for row in document.rows.read(None)]
    told = [row for row in rows if _is_told(row)]
    beside = max((len(named(row)) for row in told), default=0)
    for row in told:
        yield from _result(row, min(beside, width // 3), width)
    for state in ("notice", "ok"):
        counts = Counter(row["check"] for row in rows if row["state"] == state and row not in told)
        if counts:
            words = ", ".join(f"{check} {count}" for check, count in counts.items())
            yield from _told(state, "", textwrap.wrap(words, width - _MARK - 2), 0)
    yield []
    yield [("area", _summary(document, len(rows) - len(told)))]


def _is_told(row: Row) -> bool:
    """What nobody asked to fail is told only where it is off."""
    asked = row["gate"] == "True"
    return row["state"] in ("breach", "could not check") or (asked and row["state"] in ("notice", "no target"))


def _result(row: Row, beside: int, width: int) -> Iterator[list[Piece]]:
    key = row["state"]
    if key == "breach":
        key = "fails" if row["verdict"] == "fails" else "forgiven" if row["reason"] else key
    place = f"{row['source_file']}:{row['source_line']}" if row["source_file"] and key == "fails" else ""
    wrapped = textwrap.wrap(told(row), max(width - _MARK - beside - 4, 30), break_long_words=False) or [""]
    yield from _told(key, named(row), wrapped, beside)
    for more in filter(None, (place, row["next_step"] if row["verdict"] == "fails" or key == "no target" else "")):
        yield [("next", " " * (_MARK - 1) + f"->  {more}")]


def _told(key: str, subject: str, wrapped: Sequence[str], beside: int) -> Iterator[list[Piece]]:
    mark, style = _MARKS[key]
    first, *more = wrapped
    gap = "  " if beside else ""
    if len(subject) > beside:
        yield [(style, f"{mark:{_MARK}}"), ("", f"  {subject}")]
        yield [("", " " * (_MARK + 2 + beside) + gap + first)]
    else:
        yield [(style, f"{mark:{_MARK}}"), ("", f"  {subject:{beside}}{gap}{first}")]
    for text in more:
        yield [("", " " * (_MARK + 2 + beside) + gap + text)]


def _text(value: object) -> str:
    return "" if value is None else printable(str(value))


def _summary(document: Document, folded: int) -> str:
    totals = document.totals
    start = "passed" if totals["passed"] else f"{totals['failing']} failed"
    words = {"notice": "told", "no_target": "without a target", "ok": "ok"}
    counted = ", ".join([start, *(f"{totals[state]} {word}" for state, word in words.items() if totals[state])])
    return f"{counted}; --format csv or json tells each" if folded else counted
