"""What one check says. A call that was refused is `could not check`: it is neither a pass nor a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from finops.errors import FinopsError

State = Literal["ok", "problem", "could not check"]


class Verdict(NamedTuple):
    """What was found, in one sentence, and the exact next step where there is one."""

    state: State
    detail: str
    next_step: str = ""


@dataclass(frozen=True)
class Check:
    """A verdict and what it is about: `subject` names the export, bucket or tag key where there are several."""

    area: str
    check: str
    subject: str
    verdict: Verdict


def ok(detail: str, next_step: str = "") -> Verdict:
    """It is as it should be."""
    return Verdict("ok", detail, next_step)


def problem(detail: str, next_step: str) -> Verdict:
    """It is not as it should be; a problem always comes with a next step."""
    return Verdict("problem", detail, next_step)


def unchecked(why: FinopsError | str, next_step: str = "") -> Verdict:
    """Nobody can tell: the call was refused, or what it needs is not there."""
    if isinstance(why, FinopsError):
        return Verdict("could not check", why.what, next_step or why.fix or "")
    return Verdict("could not check", why, next_step)


def size(count: float) -> str:
    """Bytes for a person, in decimal units: 1.2 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def several(names: list[str] | tuple[str, ...], most: int = 4) -> str:
    """A list for a sentence; a long one is cut short and says by how much."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"
