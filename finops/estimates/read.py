"""A document read: every figure with its file and line, every check, and what was not understood."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from finops.estimates.aside import set_aside
from finops.estimates.blocks import Table, read_blocks
from finops.estimates.entries import read_entry
from finops.estimates.environments import Words
from finops.estimates.lines import Line, Note, Reading
from finops.estimates.schedules import check_schedules
from finops.estimates.sums import check_totals
from finops.estimates.tables import read_table
from finops.estimates.text import SourceText, read_text


def read_document(path: Path, words: Words) -> Reading:
    """Read a Markdown document. Raises DataError when it is absent, too large or no UTF-8 text."""
    return read_source(read_text(path), words)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Everything that is read is kept, so Python's search for garbage among it is a quarter of the time for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_source(source: SourceText, words: Words) -> Reading:
    """The same of a document that is in memory."""
    with _without_search_for_cycles():
        return _read(source, words)


def _read(source: SourceText, words: Words) -> Reading:
    found = list(_found(source, words))
    notes = [*_mended(source), *(one for one in found if isinstance(one, Note))]
    lines, aside = set_aside([one for one in found if isinstance(one, Line)])
    lines, disagreements = check_totals(lines)
    notes += [*aside, *disagreements, *check_schedules(lines), *_unsaid(lines)]
    return Reading(source.name, tuple(lines), tuple(sorted(notes, key=lambda note: note.line)))


def _found(source: SourceText, words: Words) -> Iterator[Line | Note]:
    for block in read_blocks(source):
        if isinstance(block, Table):
            yield from _without_repeats(read_table(block, source.name, words))
        else:
            yield from read_entry(block, source.name, words)


def _without_repeats(found: Iterator[Line | Note]) -> Iterator[Line | Note]:
    seen: set[Note] = set()
    for one in found:
        if isinstance(one, Note):
            if one in seen:
                continue
            seen.add(one)
        yield one


def _mended(source: SourceText) -> list[Note]:
    if not source.mended:
        return []
    count, first = len(source.mended), source.mended[0]
    lines = "1 line had" if count == 1 else f"{count} lines had"
    return [Note("characters_mended", f"{lines} UTF-8 text that was once read as Windows-1252; read as meant", first)]


def _unsaid(lines: Sequence[Line]) -> Iterator[Note]:
    """One note for each table or list whose rows say no currency or no unit of time."""
    seen = set()
    for line in lines:
        if not line.counts:
            continue
        for code, value, what in (
            ("no_unit", line.unit, "unit of time"),
            ("no_currency", line.currency if line.low or line.high else "", "currency"),
        ):
            if value is None and (code, line.group[0]) not in seen:
                seen.add((code, line.group[0]))
                yield Note(code, f"no {what} is stated from here on in this table or list", line.source_line)
