"""A small bill whose every kind of tag gap is there once, ingested from a legacy CSV export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from finops.cli import main
from finops.config import parse_settings
from finops.reader import Ask, Ledger, open_ledger
from tests.tiny_export import write_export

ACCOUNT, PROD, DEV = "lineItem/UsageAccountId", "000000000030", "000000000010"
SETTINGS = """
[tags]
required = ["Environment", "Owner", "CostCenter", "Project"]
[tags.keys]
Environment = ["env"]
[tags.values.Environment]
allowed = ["dev", "staging", "prod"]
aliases = { prod = ["production"] }
[owners]
accounts = { "000000000010" = "platform" }
handles = { web = "@web-team" }
[environments.prod]
match = { "tag:Environment" = ["prod"], account = ["000000000030"] }
[environments.dev]
match = { "tag:Environment" = ["dev"], account = ["000000000010"] }
"""


def line(resource: str, day: int = 5, cost: str = "1", account: str = PROD, **tags: str) -> dict[str, str]:
    """A line of one day; `Environment="prod"` is the resource tag of that key."""
    return {
        ACCOUNT: account,
        "lineItem/ResourceId": resource,
        "lineItem/UnblendedCost": cost,
        "lineItem/UsageStartDate": f"2026-10-{day:02}T00:00:00Z",
        "lineItem/UsageEndDate": f"2026-10-{day:02}T01:00:00Z",
        **{f"resourceTags/user:{key}": value for key, value in tags.items()},
    }


GOOD = {"Environment": "prod", "Owner": "web", "CostCenter": "CC-1"}
# Project is nowhere in the export.
LINES = (
    line("i-good", cost="100", **GOOD),
    line("i-missing", cost="10", Owner="web", CostCenter="CC-1"),
    line("i-empty", cost="20", **{**GOOD, "Owner": "  "}),
    line("i-late", 5, cost="3", Environment="prod", CostCenter="CC-1"),
    line("i-late", 6, cost="4", **GOOD),
    line("i-listed", cost="30", env="Production", Owner="web", CostCenter="CC-1"),
    line("i-misspelled", cost="40", Environment="prod", Owner="web", CostCentre="CC-1"),
    line("i-invalid", cost="50", **{**GOOD, "Environment": "prodd"}),
    line("i-contradicts", cost="60", account=DEV, **GOOD),
    line("", cost="7", **GOOD),
)


def ingest(folder: Path, lines: Sequence[dict[str, str]] = LINES) -> Path:
    """A database in `folder` that holds the lines."""
    database = folder / "finops.duckdb"
    assert main(["ingest", str(write_export(folder, lines)), "--db", str(database)]) == 0
    return database


@contextmanager
def opened(database: Path, settings: str = SETTINGS, **asked: str) -> Iterator[Ledger]:
    """The ledger of amortized cost with the settings."""
    with open_ledger(database, parse_settings(settings), Ask(metric="amortized", **asked)) as ledger:
        yield ledger


def write_settings(folder: Path, settings: str = SETTINGS) -> Path:
    """The settings as a file in `folder`."""
    path = folder / "finops.toml"
    path.write_text(settings, encoding="utf-8")
    return path
