"""The export held against another side that the ledger has: Cost Explorer, or another export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from finops.catalog import Problem
from finops.document import Document
from finops.errors import DataError
from finops.reconcile.from_ledger import Question, cost_explorer, other_export, the_export
from finops.reconcile.reconcile import reconcile_side
from finops.reconcile.sides import Side

CE = "ce"


def with_side(database: Path, question: Question, export: str | None, other: str) -> tuple[str, Document]:
    """The name of the other side and the comparison; `other` is `ce` or the name of an export.

    Raises DataError where a side is missing or the two are bills of different payers, UsageError for an unknown export.
    """
    ours, theirs = _sides(database, question, export, other)
    both = ours.payers & theirs.payers
    if not both:
        payers = f"{ours.name}: {', '.join(sorted(ours.payers))}; {theirs.name}: {', '.join(sorted(theirs.payers))}"
        raise DataError("the two sides are the bills of different payers", payers)
    notes = []
    if both != ours.payers | theirs.payers:
        named = ",".join(sorted(both))
        ours, theirs = _sides(database, replace(question, where=(*question.where, f"payer={named}")), export, other)
        text = f"only the payers of both sides are compared: {', '.join(sorted(both))}"
        notes = [Problem("payers_left_out", text)]
    document = reconcile_side(ours, theirs, question.metric, question.period)
    return theirs.name, replace(document, problems=[*document.problems, *notes])


def _sides(database: Path, question: Question, export: str | None, other: str) -> tuple[Side, Side]:
    ours = the_export(database, question, export, but=None if other == CE else other)
    theirs = cost_explorer(database, question) if other == CE else other_export(database, question, other)
    return ours, theirs
