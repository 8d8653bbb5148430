"""What a saved answer says: the events that are open, and which of those told earlier are certainly over."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.errors import UsageError
from finops.findings import finding_id
from finops.output.verdict_words import place

UNCHECKED = "could not check"
REPORT = "report"
_MAIL = '<meta name="generator" content="finops report">'
_CURRENCY = re.compile(r"\d ([A-Z]{3})\b")


@dataclass(frozen=True)
class Event:
    """One thing to act on. `impact` is exact and in `currency` (blank where nothing says which).

    `check` is the gate, or what else found it. `source` is FILE:LINE of what states the target, blank without one.
    """

    id: str
    check: str
    subject: str
    state: str
    message: str
    impact: Decimal = Decimal(0)
    currency: str = ""
    limit: str = ""
    owner: str = ""
    next_step: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        """The check and what it is about."""
        return f"{self.check} {self.subject}".strip()


@dataclass(frozen=True)
class Saved:
    """One saved answer: `open` are its events, worst first.

    An event told earlier is over when its own row is `fine`, or when it is gone and its check was made in full
    (`sure`). What is `off` goes on though it fails nothing: a baseline, a suppression. `page` is what a mail shows
    instead of the events, blank where there is none.
    """

    command: str
    open: tuple[Event, ...]
    off: frozenset[str] = frozenset()
    fine: frozenset[str] = frozenset()
    sure: frozenset[str] = frozenset()
    page: str = ""

    def is_over(self, check: str, identity: str) -> bool:
        """Whether an event that was told earlier is certainly over."""
        if identity in self.off or any(one.id == identity for one in self.open):
            return False
        return identity in self.fine or check in self.sure


def read_saved(path: Path) -> Saved:
    """The answer in a JSON of `finops check` or `finops anomalies`, or in the Markdown or mail of `finops report`.

    Raises UsageError for a file that cannot be read and for one that is none of them.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith("# "):
            return _of_report(text)
        if text.startswith("<!doctype html>"):
            return _of_mail(text)
        document = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
        return _READERS[document["command"]](document)
    except OSError as error:
        raise UsageError(f"the saved answer cannot be read: {(error.strerror or '').lower()}", str(path)) from error
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        fix = f"finops check --save json={path.name}"
        raise UsageError("this is no answer that can be told", str(path), fix) from error


def _no_number(word: str) -> Decimal:
    raise ValueError(f"{word} is no amount")


def _of_check(document: Mapping[str, Any]) -> Saved:
    rows = document["rows"]
    unchecked = {row["check"] for row in rows if row["state"] == UNCHECKED}
    return Saved(
        command="check",
        open=tuple(_check_event(row) for row in rows if row["verdict"] == "fails"),
        off=frozenset(str(one["id"]) for one in document["totals"]["known"]),
        fine=frozenset(str(row["id"]) for row in rows if row["state"] not in (UNCHECKED, "breach")),
        sure=frozenset(str(row["check"]) for row in rows) - unchecked,
    )


def _check_event(row: Mapping[str, Any]) -> Event:
    said = (str(row[key] or "") for key in ("value", "limit", "message"))
    currency = next((found[1] for text in said if (found := _CURRENCY.search(text))), "")
    return Event(
        id=str(row["id"]),
        check=str(row["check"]),
        subject=place(row),
        state=str(row["state"]),
        message=str(row["message"]),
        impact=Decimal(row["impact"]),
        currency=currency,
        limit=str(row["limit"] or ""),
        owner=str(row["owner"] or ""),
        next_step=str(row["next_step"] or ""),
        source=f"{row['source_file']}:{row['source_line']}" if row["source_file"] else "",
    )


def _of_anomalies(document: Mapping[str, Any]) -> Saved:
    currency = str(document["currency"] or "")
    # what is told for information only, such as a cost that went away, wakes nobody
    events = tuple(_anomaly_event(row, currency) for row in document["rows"] if row.get("severity") != "info")
    return Saved("anomalies", events, sure=frozenset({"anomaly"}))


def _anomaly_event(row: Mapping[str, Any], currency: str) -> Event:
    parts = (row.get("service"), row.get("account"), row.get("region"))
    where = " ".join(str(part) for part in parts if part) or str(row.get("key") or "")
    return Event(
        id=str(row["id"]),
        check="anomaly",
        subject=where,
        state=str(row["kind"]),
        message=": ".join(str(part) for part in (f"{row['kind']}, {_days(row)}", row["cause"]) if part),
        impact=Decimal(row["impact"]),
        currency=currency,
        owner=str(row["owner"] or ""),
        next_step="finops anomalies",
    )


def _days(row: Mapping[str, Any]) -> str:
    """The days of an anomaly for a reader; in the row `end` is excluded."""
    start, last = date.fromisoformat(row["start"]), date.fromisoformat(row["end"]) - timedelta(days=1)
    return f"{start} to {last}" if last > start else str(start)


def _of_report(text: str) -> Saved:
    """The report as one event: what stands before its first table. The same days are the same event."""
    title, *paragraphs = (_plain(part) for part in re.split(r"\n\s*\n", text.split("\n|", 1)[0]) if part.strip())
    identity = finding_id("report", (title,))
    return Saved(REPORT, (Event(identity, "", title, REPORT, " ".join(paragraphs)),))


def _of_mail(text: str) -> Saved:
    """The report as one event, and the page that it is in a mail. Raises ValueError for a page of something else."""
    titles = re.findall("<title>(.*?)</title>", text)
    if _MAIL not in text or not titles:
        raise ValueError("a page, and not the mail of a report")
    before = text.split("<table cellpadding", 1)[0]
    title, *paragraphs = (html.unescape(part) for part in (titles[0], *re.findall("<p [^>]*>(.*?)</p>", before)))
    identity = finding_id("report", (title,))
    return Saved(REPORT, (Event(identity, "", title, REPORT, " ".join(paragraphs)),), page=text)


def _plain(markdown: str) -> str:
    """A heading or paragraph of a report as words."""
    words = re.sub(r"\*\*|^[#>] ", "", markdown.strip())
    return re.sub(r"\\([^A-Za-z0-9\s])", r"\1", words)


_READERS = {"check": _of_check, "anomalies": _of_anomalies}
