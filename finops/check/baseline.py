"""What an earlier run already knew."""

from __future__ import annotations

import json
from pathlib import Path

from finops.errors import UsageError


def read_baseline(path: Path) -> frozenset[str]:
    """The ids of everything that was off in a JSON of `finops check`. Raises UsageError for another file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["command"] != "check":
            raise ValueError("of another verb")
        return frozenset(str(row["id"]) for row in document["totals"]["known"])
    except OSError as error:
        raise UsageError(f"the baseline cannot be read: {(error.strerror or '').lower()}", str(path)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        fix = f"finops check --save json={path.name}"
        raise UsageError("this is no answer of finops check", str(path), fix) from error
