"""One report per owner of what the owner tag says is theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.dimensions import dimension
from finops.errors import DataError
from finops.report.compare import compare
from finops.sections.case import Case, Wanted
from finops.sections.gather import of_case, opened_case

if TYPE_CHECKING:
    from finops.budgets.read import Open
    from finops.config.settings import Settings
    from finops.reader import Ask
    from finops.report.model import Report

_NO_OWNER = ("(untagged)", "(untaggable)", "(invalid)", "(none)")
_UNSAFE = re.compile(r"[^\w.@+-]+")


def reports(
    open_part: Open, database: Path, settings: Settings, ask: Ask, wanted: Wanted
) -> Iterator[tuple[str, Report]]:
    """Each owner with cost in the windows of the report, the dearest first: the name of a file, and their report.

    Raises DataError when no cost has an owner.
    """
    with opened_case(open_part, database, settings, ask, wanted) as case:
        owners = _owners(case)
    if not owners:
        raise DataError(f"no cost carries the tag {settings.owners.tag}", fix="[owners] tag in finops.toml")
    taken: set[str] = set()
    of_estate: dict[str, Any] = {}
    for owner in owners:
        with opened_case(open_part, database, settings, ask, replace(wanted, owner=owner)) as of_owner:
            yield file_name(owner, taken), of_case(replace(of_owner, of_estate=of_estate))


def _owners(case: Case) -> list[str]:
    by = dimension(f"tag:{case.estate.settings.owners.tag}")
    rows = compare(case.estate, by, case.facts.windows, longer=True)
    return [row.key for row in sorted(rows, key=lambda row: (-row.now, row.key)) if row.key not in _NO_OWNER]


def file_name(owner: str, taken: set[str]) -> str:
    """A name that every file system takes; two owners never share one."""
    plain = _UNSAFE.sub("-", owner).strip(".-")[:80] or "owner"
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
