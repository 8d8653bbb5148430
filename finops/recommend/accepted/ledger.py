"""The ledger of accepted advice: a file of its own beside the database, so that nothing done to bills touches it.

One JSON object a line, in the order of what was decided: an entry that is accepted, an id that is withdrawn.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finops.catalog import single_writer
from finops.errors import DataError, UsageError
from finops.output.destination import reported
from finops.recommend.accepted.entry import Entry, from_json, to_json

_WITHDRAWN = "withdrawn"


def ledger_path(database: Path) -> Path:
    """The ledger beside a database."""
    return database.with_name(f"{database.name}.accepted.jsonl")


def accepted(database: Path) -> list[Entry]:
    """What is accepted and not withdrawn, oldest first. Raises DataError for a damaged line."""
    path = ledger_path(database)
    found: dict[str, Entry] = {}
    for at, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line)
            if _WITHDRAWN in row:
                found.pop(row[_WITHDRAWN], None)
            else:
                found[row["id"]] = from_json(row)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            fix = "mend or remove that line: what it promised is not held against the bill"
            raise DataError("this line says nothing about accepted advice", f"{path}:{at}", fix) from error
    return list(found.values())


def accept(database: Path, entries: Sequence[Entry]) -> None:
    """Add entries, all or none.

    Raises UsageError where the id of one is accepted already, EngineError where they cannot be written.
    """
    with single_writer(database):
        known = {one.id for one in accepted(database)}
        for one in entries:
            held = next((other for other in known if one.id.startswith(other)), None)
            if held is not None:
                fix = f"finops recommend withdraw {held} first, to promise it anew"
                raise UsageError(f"the advice {one.id} is accepted already", str(ledger_path(database)), fix)
        _append(ledger_path(database), [to_json(one) for one in entries])


def withdraw(database: Path, prefix: str, on: str) -> Entry:
    """Take an entry back, named by its id or as much of it as no other has; that it was accepted stays in the file.

    Raises UsageError where no such entry is accepted.
    """
    with single_writer(database):
        entry = by_id(accepted(database), prefix, database)
        _append(ledger_path(database), [{_WITHDRAWN: entry.id, "on": on}])
    return entry


def by_id(entries: Sequence[Entry], prefix: str, database: Path) -> Entry:
    """The one whose id begins so. Raises UsageError where there is none or several."""
    exact = [one for one in entries if one.id == prefix]
    found = exact or ([one for one in entries if one.id.startswith(prefix)] if prefix else [])
    if len(found) != 1:
        what = f"{len(found)} accepted ids begin with {prefix}" if found else f"no advice {prefix} is accepted"
        raise UsageError(what, str(ledger_path(database)), "finops recommend accepted lists them")
    return found[0]


def _append(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows behind those that are there: all or nothing. A draft left by a kill goes with those of the database."""
    lines = [*_lines(path), *(json.dumps(row, ensure_ascii=False) for row in rows)]
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with reported(path):
        try:
            with open(draft, "w", encoding="utf-8", newline="", opener=_own) as out:
                out.write("".join(f"{line}\n" for line in lines))
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lines(path: Path) -> list[str]:
    try:
        # no other character ends a line: names from a bill may hold any
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the ledger of accepted advice cannot be read", str(path), "mend the file") from error
