"""One report per owner of what the owner tag says is theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.dimensions import dimension
from finops.errors import DataError
from finops.report.compare import compare
from finops.report.facts import build, windows_of
from finops.sections.case import Case, Wanted
from finops.sections.gather import all_days, by_all, narrowed, of_case
from finops.slices import open_slices

if TYPE_CHECKING:
    from finops.budgets.read import Open
    from finops.config.settings import Settings
    from finops.reader import Ask, Ledger
    from finops.report.model import Report

_NO_OWNER = ("(untagged)", "(untaggable)", "(invalid)", "(none)")
_UNSAFE = re.compile(r"[^\w.@+-]+")


@contextmanager
def reports(
    open_part: Open, database: Path, settings: Settings, ask: Ask, wanted: Wanted
) -> Iterator[Mapping[str, Callable[[], Report]]]:
    """For each owner with cost in the windows of the report, the dearest first, the name of a file and their report.

    The stored marts are read before the first one; each costs what is theirs. They are made in this order, each once.
    Raises DataError when no cost has an owner, UsageError for an environment that is not in the settings.
    """
    every_day, part = all_days(ask), narrowed(ask, settings, wanted)
    open_all = partial(open_slices, database, settings, word=f"tag:{settings.owners.tag}")
    with ExitStack() as stack:
        estate = stack.enter_context(by_all(open_part, settings, every_day))
        asked = estate if part == every_day else stack.enter_context(by_all(open_part, settings, part))
        owners = _owners(asked, wanted)
        history_of = stack.enter_context(by_all(open_all, settings, all_days(part)))
        asked_of = history_of if every_day == ask else stack.enter_context(by_all(open_all, settings, part))
        of_estate: dict[str, Any] = {}

        def make(owner: str) -> Report:
            history = history_of(owner)
            facts = build(history if asked_of is history_of else asked_of(owner), wanted.cadence)
            theirs = replace(wanted, owner=owner)
            return of_case(Case(theirs, ask, facts, history, estate, open_part, database, of_estate))

        taken: set[str] = set()
        yield {file_name(owner, taken): partial(make, owner) for owner in owners}


def _owners(asked: Ledger, wanted: Wanted) -> list[str]:
    """The values of the owner tag with cost in the windows of the report, the dearest first."""
    tag = asked.settings.owners.tag
    rows = compare(asked, dimension(f"tag:{tag}"), windows_of(asked, wanted.cadence), longer=True)
    owners = [row.key for row in sorted(rows, key=lambda row: (-row.now, row.key)) if row.key not in _NO_OWNER]
    if not owners:
        raise DataError(f"no cost carries the tag {tag}", fix="[owners] tag in finops.toml")
    return owners


def file_name(owner: str, taken: set[str]) -> str:
    """A name that every file system takes; two owners never share one."""
    plain = _UNSAFE.sub("-", owner).strip(".-")[:80] or "owner"
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
