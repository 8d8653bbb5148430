"""What a label means in the bill: a service and a family of usage, by the table data/labels.csv and the settings.

labels.csv: `pattern` is looked for in the label, then in the configuration, without regard to case; the first row
that fits decides. `service` are service codes, `usage_type` a pattern of usage types, blank for all of the service.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# A service code as the bill has it, that of a Marketplace product among them.
_CODE = re.compile(r"(?:Amazon|AWS|aws)[A-Za-z0-9]+|[a-z0-9]{20,}")


@dataclass(frozen=True)
class Target:
    """Where a line is found in the bill; a blank part does not narrow it. `tags` are (key, values)."""

    services: tuple[str, ...] = ()
    usage_type: str = ""
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def service(self) -> str | None:
        """The services as one text."""
        return "|".join(self.services) or None

    @property
    def narrowness(self) -> int:
        """How much it asks for: of several targets that fit a charge the narrowest has it."""
        return bool(self.services) + 2 * bool(self.usage_type) + 4 * len(self.tags)

    def fits(self, service: str, usage_type: str | None, tags: Mapping[str, str]) -> bool:
        """Whether a charge with these values is the target's; a usage type that is not known (None) decides nothing."""
        return (
            (not self.services or service in self.services)
            and (not self.usage_type or usage_type is None or re.search(self.usage_type, usage_type) is not None)
            and all(tags.get(key) in values for key, values in self.tags)
        )


def target_of(label: str, configuration: str, own: Sequence[tuple[str, Target]] = ()) -> Target | None:
    """The target of a label; `own` are the pairs of text and target of the settings. None when nothing fits."""
    if _CODE.fullmatch(label):
        return Target((label,))
    for text in (label, configuration):
        for words, target in own:
            if words.casefold() in text.casefold():
                return target
        for pattern, target in _table():
            if text and pattern.search(text):
                return target
    return None


@cache
def _table() -> tuple[tuple[re.Pattern[str], Target], ...]:
    text = files("finops.estimates").joinpath("data/labels.csv").read_text(encoding="utf-8")
    return tuple(
        (re.compile(row["pattern"], re.IGNORECASE), Target(tuple(row["service"].split("|")), row["usage_type"]))
        for row in csv.DictReader(text.splitlines())
    )
