"""Whom to write to: the handle that [owners] gives for a row's owner."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finops.config.settings import Owners
from finops.config.spellings import fold

# What Slack turns into a person or a group who is called.
_MENTION = re.compile(r"<(@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+)>")


@dataclass(frozen=True)
class Person:
    """An owner as the bill names it, and the handle of the settings, blank where they give none."""

    name: str
    handle: str = ""

    @property
    def mention(self) -> str:
        """The handle where it calls somebody in Slack. A bill cannot call anybody: only the settings have handles."""
        return self.handle if _MENTION.fullmatch(self.handle) else ""

    @property
    def shown(self) -> str:
        """Name and handle for a reader who is not in Slack."""
        if not self.handle or self.mention or fold(self.handle) == fold(self.name):
            return self.name
        return f"{self.name} ({self.handle})"


def person(owner: str, owners: Owners) -> Person | None:
    """Who a row's owner is, by the value of the tag or by the handle that a row may have already; None for nobody."""
    if not owner.strip():
        return None
    for name, handle in owners.handles.items():
        if fold(owner) in (fold(name), fold(handle)):
            return Person(name, handle)
    return Person(owner)
