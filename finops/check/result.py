"""What one check says of one thing: it holds, it is breached, it has no target, or nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finops.errors import FinopsError
from finops.findings import finding_id

State = Literal["ok", "breach", "notice", "no target", "could not check"]
NO_COST = Decimal(0)


@dataclass(frozen=True)
class Result:
    """One line of the answer. `subject` is what was held against its target, `impact` the money that is off.

    `value` and `limit` are words with their units. `exit_code` is what a result that could not be had ends in.
    """

    check: str
    subject: str
    state: State
    message: str
    environment: str = ""
    value: str = ""
    limit: str = ""
    impact: Decimal = NO_COST
    owner: str = ""
    source_file: str = ""
    source_line: int | None = None
    next_step: str = ""
    exit_code: int = 0
    finding: str = ""

    @property
    def id(self) -> str:
        """The same from run to run, whatever the amounts: the finding's own id, or one of check, place and subject."""
        return self.finding or finding_id(f"check:{self.check}", (self.environment, self.subject))


def ok(check: str, subject: str, message: str, **more: object) -> Result:
    """It is as it should be."""
    return Result(check, subject, "ok", message, **more)  # type: ignore[arg-type]


def no_target(check: str, message: str, next_step: str) -> Result:
    """Nothing says how it should be."""
    return Result(check, "", "no target", message, next_step=next_step)


def unchecked(check: str, why: FinopsError, subject: str = "") -> Result:
    """Nobody can tell, which is never a pass."""
    return Result(
        check,
        subject,
        "could not check",
        why.what + (f" ({why.where})" if why.where else ""),
        next_step=why.fix or "",
        # a wrong setting is no answer either, and an interruption is not one of ours
        exit_code=why.exit_code if why.exit_code in (2, 4) else 3,
    )
