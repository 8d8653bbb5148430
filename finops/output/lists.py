"""The layouts that are lists of lines and no tables, each with the module that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from finops.document import Document
from finops.output import as_checklist, as_verdicts

# Of a file or a pipe, which have none of their own.
WIDTH = 110

LISTS: Mapping[str, Callable[[Document, int], Iterator[list[as_checklist.Piece]]]] = {
    "checklist": as_checklist.lines,
    "verdicts": as_verdicts.lines,
}
