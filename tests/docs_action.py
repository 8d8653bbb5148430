"""The tables of docs/ci.md: what the action of GitHub takes, and what later steps can ask it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ACTION = Path(__file__).resolve().parent.parent / "action.yml"


def action_inputs() -> str:
    """What the action takes."""
    rows = [
        (f"`{name}`", f"`{one['default']}`" if one["default"] else "", one["description"])
        for name, one in _action()["inputs"].items()
    ]
    return _table([("input", "default", "meaning"), ("---", "---", "---"), *rows])


def action_outputs() -> str:
    """What later steps can ask it."""
    rows = [(f"`{name}`", one["description"]) for name, one in _action()["outputs"].items()]
    return _table([("output", "meaning"), ("---", "---"), *rows])


def _action() -> dict[str, Any]:
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
