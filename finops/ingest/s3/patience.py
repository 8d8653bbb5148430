"""How long an answer that breaks off is asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from finops.aws import BrokenOff

# Seconds before each new attempt after one that brought nothing.
WAITS = (0, 1, 2, 4)

Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer]) -> Answer:
    """What `ask` gives, once it does not break off. Raises `BrokenOff` when it always does."""
    for wait in WAITS:
        try:
            return ask()
        except BrokenOff:
            time.sleep(wait)
    return ask()
