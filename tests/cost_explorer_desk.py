"""What the tests of Cost Explorer share: a few charges, and verbs that run beside a server that has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finops.cli import main
from tests.cost_explorer_server import Charge, Server, cost_explorer, environment

Ask = Callable[..., int]
Captured = pytest.CaptureFixture[str]

REQUIRED = ("Environment", "Owner")
CUTS = 2 + len(REQUIRED)
PROD = {"Environment": "prod", "Owner": "web"}
CHARGES = (
    Charge(date(2026, 8, 3), Decimal("20.5"), tags=PROD),
    Charge(date(2026, 9, 1), Decimal("8"), "Tax", "Tax"),
    Charge(date(2026, 9, 1), Decimal("9"), "Amazon Relational Database Service", "Recurring reservation fee"),
    Charge(date(2026, 9, 2), Decimal("10.0000000001"), tags=PROD),
    Charge(date(2026, 9, 2), Decimal("5"), "EC2 - Other", account="000000000003", tags={"Owner": "web"}),
    Charge(date(2026, 9, 3), Decimal("-2.5"), "AWS Lambda", "Credit"),
    Charge(date(2026, 9, 3), Decimal("30"), "AWS Lambda", "SavingsPlanCoveredUsage", amortized=Decimal("21")),
    Charge(date(2026, 9, 3), Decimal("-30"), "AWS Lambda", "SavingsPlanNegation", amortized=Decimal("0")),
    Charge(date(2026, 10, 26), Decimal("7.25"), "AWS Lambda", tags={"Environment": "qa$1"}),
)
SEPTEMBER = Decimal("29.5000000001")


def verbs(folder: Path) -> Ask:
    """Runs a verb with a database and settings in the folder."""
    (folder / "finops.toml").write_text(f"[tags]\nrequired = {json.dumps(REQUIRED)}\n")
    return partial(_run, folder)


def _run(folder: Path, *words: str) -> int:
    return main([*words, "--db", str(folder / "x.duckdb"), "--config", str(folder / "finops.toml")])


@contextmanager
def serving(charges: tuple[Charge, ...] = CHARGES, **options: Any) -> Iterator[Server]:
    """A server that boto3 speaks to meanwhile; its retries wait for nothing."""
    with cost_explorer(charges, **options) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server).items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setattr("time.sleep", lambda seconds: None)
        yield server


def rows(ask: Ask, capsys: Captured, *words: str) -> list[dict[str, Any]]:
    return document(ask, capsys, *words)["rows"]


def document(ask: Ask, capsys: Captured, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert ask(*words, "--format", "json") == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal, parse_int=Decimal)
    return answer


def error(capsys: Captured) -> list[str]:
    return [line.strip() for line in ("error: " + capsys.readouterr().err.split("error: ")[-1]).splitlines()]
