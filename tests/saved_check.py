"""What `finops check --save json=FILE` writes for results that a test makes up, and settings to tell them with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.check.case import Case
from finops.check.result import Result
from finops.check.run import COLUMNS, Judged, check, row_of
from finops.cli.boundary import as_finops_error
from finops.config import Settings
from finops.document import Column, Document, Rows
from finops.output import write
from tests.hook_server import Hooks, hook_server

AT = datetime(2026, 10, 23, 6, tzinfo=UTC)
VARIABLE = "FINOPS_TEST_HOOK"
SETTINGS = f"""
[owners]
handles = {{ web = "<@U012AB3CD>", data = "@data-team" }}
[notify.slack]
url_env = "{VARIABLE}"
[notify.webhook]
url_env = "{VARIABLE}"
token_env = "FINOPS_TEST_TOKEN"
[notify.email]
host = "127.0.0.1"
from = "finops@example.com"
to = ["team@example.com"]
"""


def over(name: str, amount: str = "10", **more: Any) -> Result:
    """A budget that is over."""
    kept = {"value": "110.00 USD", "limit": "100.00 USD a month", "next_step": "finops variance --budgets"} | more
    return Result("budget", name, "breach", f"{name} cost 110.00 USD of 100.00", impact=Decimal(amount), **kept)


def save(path: Path, *results: Result, reason: str = "") -> Path:
    """The file that `finops check --save json=FILE` writes for these results."""
    judged = [Judged(one, True, one.state in ("breach", "could not check") and not reason, reason) for one in results]
    known = [one.id for one in results if one.state == "breach"]
    write(_document(judged, known), "json", path)
    return path


def _document(judged: list[Judged], known: list[str]) -> Document:
    empty = check(Case(Path("none"), Settings(), AT), (), as_finops_error)[0]
    totals = {**empty.totals, "known": Rows.of((Column("id"),), [(one,) for one in known])}
    return replace(empty, rows=Rows.of(COLUMNS, [row_of(one) for one in judged]), totals=totals)


@contextmanager
def hooks_set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    """Settings in a folder, which becomes the working directory, and the server that they lead to."""
    with hook_server() as server:
        (folder / "finops.toml").write_text(SETTINGS)
        monkeypatch.chdir(folder)
        monkeypatch.setenv(VARIABLE, server.address)
        monkeypatch.setenv("FINOPS_TEST_TOKEN", "token-secret")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


def posted(hooks: Hooks) -> Any:
    """The newest JSON that came."""
    return json.loads(hooks.got[-1][2], parse_float=Decimal)


def texts(message: Any) -> str:
    """All that a message for Slack shows."""
    return "\n".join(block["text"]["text"] for block in message["blocks"])
