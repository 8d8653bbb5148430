"""Answers of `finops check` that no ledger would give."""

from datetime import UTC, datetime

from finops.check.result import Result
from finops.check.run import COLUMNS, Judged, row_of
from finops.document import Basis, Document, Rows


def many(count: int, text: str) -> Document:
    """So many failures, each with this text for its subject and message."""
    judged = [Judged(Result("budget", f"{text}{at}", "breach", text), True, True) for at in range(count)]
    totals = {
        "checked_at": datetime(2026, 10, 23, tzinfo=UTC), "passed": False, "failing": count, "ok": 0, "breach": count,
        "notice": 0, "no_target": 0, "could_not_check": 0,
    }  # fmt: skip
    return Document("check", Basis(), Rows.of(COLUMNS, [row_of(one) for one in judged]), totals)
