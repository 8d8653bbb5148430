"""How long an answer that breaks off is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
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
            sleep(wait)
    return ask()
