"""SARIF 2.1.0 of `finops check`: each failure on the line of the document or setting that it breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from finops import __version__
from finops.document import Document
from finops.output.values import printable
from finops.output.verdict_words import place, told

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES = {
    "data": "The ledger is there and whole.",
    "stale": "The newest charge is young enough.",
    "budget": "Spend is inside its budget.",
    "forecast": "Spend is forecast to end inside its budget.",
    "variance": "Spend is inside the estimate of the architecture document.",
    "anomaly": "No unexpected change of cost.",
    "coverage": "Required tags cover enough of the taggable cost.",
    "gap": "No new gap in required tags.",
    "reconcile": "The export is the bill.",
}
_LEVELS = {"fails": "error", "breach": "warning", "notice": "note"}
# GitHub hides a result without a file; what has no line of its own is told of the settings.
_DEFAULT_FILE = "finops.toml"


def chunks(document: Document) -> Iterator[str]:
    """One run; what fails is an error, what is only told a warning or a note."""
    names = document.rows.names
    rows = [dict(zip(names, row, strict=True)) for row in document.rows.read(None)]
    told = [row for row in rows if _level(row)]
    run = {
        "tool": {"driver": {"name": "finops", "version": __version__, "rules": [_rule(name) for name in _RULES]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(row) for row in told],
    }
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": _RULES[name]},
        "defaultConfiguration": {"level": "error"},
    }


def _level(row: Mapping[str, Any]) -> str | None:
    if row["verdict"] == "fails":
        return _LEVELS["fails"]
    return _LEVELS.get(str(row["state"]))


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ruleId": row["check"],
        "ruleIndex": list(_RULES).index(str(row["check"])),
        "level": _level(row),
        "message": {"text": printable(": ".join(filter(None, (place(row), told(row)))))},
        "locations": [{"physicalLocation": _location(row)}],
        # Of rule and place, never of an amount: an alert that goes on is the same alert.
        "partialFingerprints": {"finops/v1": row["id"]},
    }


def _location(row: Mapping[str, Any]) -> dict[str, Any]:
    file = _relative(str(row["source_file"] or _DEFAULT_FILE))
    return {"artifactLocation": {"uri": quote(file)}, "region": {"startLine": row["source_line"] or 1}}


def _relative(name: str) -> str:
    """The file as the repository knows it, where it lies below the working directory."""
    path, here = Path(name), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_absolute() and path.is_relative_to(here) else path.as_posix()
