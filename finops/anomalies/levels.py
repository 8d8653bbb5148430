"""The levels cost is watched at: the whole, each dimension alone, and services within accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.dimensions import Dimension, dimension
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.reader import Ledger

TOTAL = "total"
NARROWEST = "service_account"


@dataclass(frozen=True)
class Level:
    """One way to cut the bill into series: `name` as it prints, and the dimensions that make a series' key."""

    name: str
    dimensions: tuple[Dimension, ...] = ()
    only_new: bool = False
    """Only what was not there before is told of it."""


def levels_of(ledger: Ledger) -> tuple[list[tuple[Level, Ledger]], list[Problem]]:
    """The levels, narrowest first, each with the ledger that has it; and which could not be read."""
    found, problems = [], []
    for level in _levels(ledger):
        try:
            found.append((level, ledger.over(*level.dimensions)))
        except UsageError as error:
            problems.append(Problem("level_not_watched", str(error), level.name))
    return found, problems


def asked_by(settings: Settings) -> str:
    """What the ledger has to be opened by for all levels and for the causes, as `--by` takes it."""
    tags = [f"tag:{tag}" for tag in (*settings.tags.required, settings.owners.tag)]
    planned = [word for plan in settings.planned for word in plan.where]
    return ",".join(f'"{word}"' for word in dict.fromkeys(["environment", *tags, *planned]))


def _levels(ledger: Ledger) -> list[Level]:
    settings = ledger.settings
    words = ["service", "account", *(["environment"] if settings.environments else [])]
    single = [*words, *(f"tag:{tag}" for tag in settings.tags.required)]
    return [
        Level(NARROWEST, (dimension("service"), dimension("account"))),
        *(Level(word, (dimension(word),)) for word in single),
        Level("region", (dimension("region"),), only_new=True),
        Level(TOTAL),
    ]
