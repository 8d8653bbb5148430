"""How often and how long a channel is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from finops.errors import EngineError

# Seconds before each new attempt; a receiver may ask for more, up to the longest.
WAITS = (1, 2, 4)
LONGEST = 60
# Of one attempt to connect, to write or to read.
TIMEOUT = 15

Answer = TypeVar("Answer")


class Again(Exception):
    """What failed may well work later; `after` seconds at the earliest, where the receiver says so."""

    def __init__(self, what: str, after: float = 0) -> None:
        super().__init__(what)
        self.what, self.after = what, after


def patiently(send: Callable[[], Answer], where: str, sleep: Callable[[float], None]) -> Answer:
    """What `send` gives; it is called again after each `Again`. Raises EngineError when it never works.

    A send that broke off may have arrived: then it arrives twice.
    """
    for wait in (*WAITS, None):
        try:
            return send()
        except Again as again:
            if wait is None:
                raise _failed(f"{again.what}, {len(WAITS) + 1} times", where) from None
            if again.after > LONGEST:
                raise _failed(f"{again.what}, and asks for {again.after:.0f} seconds of patience", where) from None
            sleep(max(wait, again.after))
    raise AssertionError("the last attempt returns or raises")


def _failed(what: str, where: str) -> EngineError:
    return EngineError(f"nobody was told: {what}", where, "run it again: what was not told will be")
