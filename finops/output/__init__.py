"""A document as text, in the format and at the place it was asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from finops.catalog import Problem
from finops.document import Document
from finops.output.destination import destination
from finops.output.strictly import note
from finops.output.values import printable

# Each is a module with `chunks(document)`; adding a format is one file and one word here.
_FORMATS = {
    "table": "as_table",
    "terminal": "as_terminal",
    "json": "as_json",
    "csv": "as_csv",
    "md": "as_markdown",
    "github": "as_github",
    "junit": "as_junit",
    "sarif": "as_sarif",
}


def write(document: Document, form: str = "table", output: Path | None = None) -> None:
    """Write the document to `output` (or stdout); problems go to stderr where the format has no room.

    Raises EngineError when the file cannot be written; a file that was there stays as it was.
    """
    if form == "table" and output is None and sys.stdout.isatty():
        form = "terminal"
    module = importlib.import_module(f"finops.output.{_FORMATS[form]}")
    with destination(output) as out:
        for chunk in module.chunks(document):
            out.write(chunk)
    if form != "json":
        tell(document.problems)
    note(document.problems)


def tell(problems: Sequence[Problem]) -> None:
    """Say each problem on a line of stderr."""
    for problem in problems:
        where = f" ({problem.where})" if problem.where else ""
        print(printable(f"note: {problem.message}{where}"), file=sys.stderr)
