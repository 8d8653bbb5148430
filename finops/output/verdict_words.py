"""How a row of `finops check` is called and told, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def place(row: Mapping[str, Any]) -> str:
    """What was checked, with its environment where that is not said already; blank where it is the bill itself."""
    environment, subject = str(row["environment"] or ""), str(row["subject"] or "")
    if not environment or subject.split(" ", maxsplit=1)[0] == environment:
        return subject
    return f"{environment} {subject}".rstrip()


def named(row: Mapping[str, Any]) -> str:
    """The check and what it is about."""
    return f"{row['check']} {place(row)}".rstrip()


def told(row: Mapping[str, Any]) -> str:
    """What was found, with the reason why it is forgiven."""
    return f"{row['message']} ({row['reason']})" if row["reason"] else str(row["message"])


def line(row: Mapping[str, Any]) -> str:
    """A row that fails as one line of a log."""
    start = "could not check" if row["state"] == "could not check" else "failed"
    return f"{start}: {named(row)}: {row['message']}"
