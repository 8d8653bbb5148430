"""What `finops check` tells GitHub Actions: annotations, the summary of the step, and outputs for later steps."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.document import Document
from finops.output.values import printable
from finops.output.verdict_words import named, place, told
from finops.output.workflow_command import workflow_command

# GitHub shows this many of each kind of a step and drops the others without a word.
_SHOWN = 10
# Of one step; what is longer is not shown at all.
_SUMMARY_BYTES = 1 << 20
_LEVELS = {"fails": "error", "breach": "warning", "could not check": "warning", "notice": "notice"}

_TABLE = ("| | check | subject | message | next |", "| --- | --- | --- | --- | --- |")

Row = Mapping[str, Any]


def commands(document: Document) -> Iterator[str]:
    """Annotations, what fails first; the last one of a kind says how many there is no room for."""
    rows = [(level, row) for row in _rows(document) if (level := _level(row))]
    totals, told = Counter(level for level, _ in rows), Counter[str]()
    for level, row in rows:
        told[level] += 1
        if totals[level] > _SHOWN and told[level] >= _SHOWN:
            if told[level] == _SHOWN:
                left = totals[level] - _SHOWN + 1
                yield workflow_command(level, "", None, "finops check", f"{left} more; the summary has them all")
            continue
        yield workflow_command(
            level, str(row["source_file"] or ""), row["source_line"], named(row), str(row["message"])
        )


def summary(document: Document) -> str:
    """The step's summary in Markdown, cut at whole rows where it would be too long to be shown."""
    totals = document.totals
    head = "passed" if totals["passed"] else f"failed: {totals['failing']}"
    lines = [f"### finops check {head}", "", *_TABLE]
    size = sum(len(line.encode()) + 1 for line in lines)
    rows = [row for row in _rows(document) if row["state"] != "ok"]
    for at, row in enumerate(rows):
        line = _summary_row(row)
        size += len(line.encode()) + 1
        if size > _SUMMARY_BYTES - 100:
            lines += ["", f"{len(rows) - at} more rows."]
            break
        lines.append(line)
    return "\n".join([*lines, "", f"{totals['ok']} results are as they should be.", ""])


def outputs(document: Document) -> dict[str, str]:
    """What a later step can ask: `steps.ID.outputs.passed`."""
    names = ("failing", "breach", "could_not_check", "notice", "ok")
    return {
        "passed": "true" if document.totals["passed"] else "false",
        **{name: str(document.totals[name]) for name in names},
    }


def tell_github(document: Document) -> None:
    """Append to the files that GitHub Actions names; nothing where it names none."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        _append(path, summary(document))
    if path := os.environ.get("GITHUB_OUTPUT"):
        _append(path, "".join(f"{name}={value}\n" for name, value in outputs(document).items()))


def _append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


def _rows(document: Document) -> list[Row]:
    names = document.rows.names
    return [dict(zip(names, row, strict=True)) for row in document.rows.read(None)]


def _level(row: Row) -> str | None:
    return _LEVELS["fails"] if row["verdict"] == "fails" else _LEVELS.get(str(row["state"]))


def _summary_row(row: Row) -> str:
    mark = "**fails**" if row["verdict"] == "fails" else str(row["state"])
    cells = (mark, row["check"], _cell(place(row)), _cell(told(row)), _cell(str(row["next_step"])))
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "\\|`*_[]#~" else character for character in text)
