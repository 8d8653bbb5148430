"""Usage families: usage types that stand in for each other, so that a shift between them is mix and not new usage.

The table families.csv has patterns of usage types without their region; what fits none is a family of its own.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("families.csv")
# USE2-, EUC1-, APN1-, EU-: where it is used, in front of what is used.
_REGION = re.compile(r"^(?:EU|[A-Z]{3}\d)-")


@cache
def family(usage_type: str) -> str:
    """The family of a usage type: sizes, classes and regions of the same thing are one."""
    bare = _REGION.sub("", usage_type)
    for pattern, name in _patterns():
        if found := pattern.search(bare):
            return found.expand(name)
    return bare


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    with _TABLE.open(encoding="utf-8", newline="") as handle:
        return [(re.compile(row["pattern"]), row["family"]) for row in csv.DictReader(handle)]
