"""The levels cost is watched at: the whole, each dimension alone, and services within accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.catalog import COST_EXPLORER, Problem
from finops.dimensions import Dimension, dimension

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


def levels_of(ledger: Ledger) -> tuple[list[Level], list[Problem]]:
    """The levels, narrowest first, and what to say of those that cannot be watched."""
    if not is_whole(ledger):
        return [Level("service", (dimension("service"),)), Level(TOTAL)], [_COST_EXPLORER]
    return _levels(ledger), []


def is_whole(ledger: Ledger) -> bool:
    """Whether no month is from Cost Explorer, which tells usage from fees by service alone."""
    return all(one["format"] != COST_EXPLORER for one in ledger.deliveries)


_COST_EXPLORER = Problem(
    "level_not_watched",
    "Cost Explorer tells usage from fees by service only: accounts, regions, environments and tags are not watched",
    "Cost Explorer",
)


def asked_by(settings: Settings) -> str:
    """What a ledger of exports has to be opened by for all levels and for the causes, as `--by` takes it."""
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
