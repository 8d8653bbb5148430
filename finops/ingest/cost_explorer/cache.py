"""Answers of Cost Explorer on disk, so that no page is paid for twice."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from finops.ingest.cost_explorer.plan import canonical

FOLDER = ".cost_explorer"
_VERSION = 1
# AWS refreshes its data at most three times a day.
_OPEN_MONTH = timedelta(hours=8)
# Invoices are issued in the first days of a month; corrections of them arrive for some days more.
_SETTLES_AFTER = timedelta(days=15)


@dataclass(frozen=True)
class Answer:
    """What Cost Explorer said to one request: its pages so far, and the token of the next one (None when complete).

    `asked_at` (ISO, UTC) is when the first page was asked for.
    """

    account: str
    request: dict[str, Any]
    asked_at: str
    pages: list[dict[str, Any]] = field(default_factory=list)
    next_token: str | None = None
    version: int = _VERSION

    @property
    def complete(self) -> bool:
        """Whether every page is here."""
        return bool(self.pages) and self.next_token is None

    @property
    def estimated(self) -> bool:
        """Whether AWS calls any of its days an estimate."""
        return any(day.get("Estimated") for page in self.pages for day in page.get("ResultsByTime", ()))

    @property
    def moment(self) -> datetime:
        """`asked_at` as a time."""
        return datetime.fromisoformat(self.asked_at)


def path_of(store: Path, account: str, request: dict[str, Any]) -> Path:
    """Where the answer to a request is kept: beside those to the same question about fewer days of the month."""
    period = {key: value for key, value in request["TimePeriod"].items() if key != "End"}
    question = canonical({**request, "TimePeriod": period})
    return store / FOLDER / _digest(account, question)[:24] / f"{_digest(account, canonical(request))}.json"


def read(path: Path) -> Answer | None:
    """The answer on disk; None when there is none that this version can read."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Answer(**held) if held["version"] == _VERSION else None
    except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
        return None


def write(path: Path, answer: Answer) -> None:
    """Keep an answer, in one step; once it is complete those it takes the place of are removed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        json.dump(asdict(answer), handle, separators=(",", ":"))
    os.replace(draft, path)
    if answer.complete:
        for older in path.parent.iterdir():
            if older != path:
                older.unlink(missing_ok=True)


def is_fresh(answer: Answer, now: datetime) -> bool:
    """Whether an answer still stands at `now`.

    A month closed for 15 days and not estimated stands for good, other closed months for the UTC day on which
    they were asked for, an open month for 8 hours.
    """
    month_end = _month_end(answer)
    if answer.moment.date() >= month_end + _SETTLES_AFTER and answer.complete and not answer.estimated:
        return True
    if answer.moment.date() < month_end:
        return timedelta() <= now - answer.moment < _OPEN_MONTH
    return answer.moment.date() == now.date()


def _month_end(answer: Answer) -> date:
    start = date.fromisoformat(answer.request["TimePeriod"]["Start"])
    return date(start.year + start.month // 12, start.month % 12 + 1, 1)


def _digest(account: str, text: str) -> str:
    return sha256(f"{account}\n{text}".encode()).hexdigest()


def stamp(now: datetime) -> str:
    """A moment as answers keep it."""
    return now.astimezone(UTC).replace(microsecond=0).isoformat()
