"""What a drill tried and what it found, and the four ways in which it looks."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb

from finops.catalog import deliveries, mart_sql, store_of
from finops.cli import main
from finops.config import Settings
from finops.reader import Ask, open_ledger

_DOCUMENTED = {0, 1, 2, 3, 4, 130}


@dataclass
class Tally:
    """`inputs` tried; a sentence for every wrong sum, every traceback and every delivery that was lost.

    `skipped` says why nothing could be tried here; `note` what was measured beside it.
    """

    drill: str
    inputs: int = 0
    wrong_sums: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    skipped: str = ""
    note: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing broke."""
        return not (self.wrong_sums or self.tracebacks or self.lost)


@dataclass(frozen=True)
class Drill:
    """What a drill is given: a folder of its own, how many inputs to try, and where its chance comes from."""

    folder: Path
    runs: int
    chance: Random


@dataclass(frozen=True)
class Ran:
    """What became of one command."""

    code: int
    out: str
    err: str


Function = Callable[[Drill], Tally]


def run(*argv: str) -> Ran:
    """Run a verb in this process, where an exception that passes the boundary would be seen."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(argv))
    return Ran(code, out.getvalue(), err.getvalue())


def look(tally: Tally, what: str, ran: Ran) -> None:
    """Note a failure not told as one: an unknown exit code, a traceback, finops' own mistake, too many lines."""
    told = ran.err[ran.err.rfind("error: ") :].strip().splitlines() if "error: " in ran.err else []
    broken = "Traceback" in ran.err or "finops itself failed" in ran.err or "an engine failed" in ran.err
    if broken or ran.code not in _DOCUMENTED or len(told) > 3 or (ran.code and not told):
        tally.tracebacks.append(f"{what}: exit {ran.code}: {' / '.join(told) or ran.err[-300:]}")


def total(database: Path) -> Decimal | None:
    """The unblended cost of all that is loaded, as a reading verb adds it up; None where nothing is."""
    if not database.exists() or not deliveries(database):
        return None
    with open_ledger(database, Settings(), Ask()) as ledger:
        (row,) = ledger.rows("select sum(x_unblended_cost) as cost from resource_daily")
    return Decimal(row["cost"])


def held(database: Path) -> Decimal | None:
    """The same straight from the marts of the current deliveries, whatever their currencies and versions."""
    current = [one.delivery_id for one in deliveries(database)] if database.exists() else []
    if not current:
        return None
    sql = mart_sql(store_of(database), current, "resource_daily")
    (cost,) = duckdb.execute(f"select sum(x_unblended_cost) from ({sql})").fetchone() or (None,)
    return Decimal(cost)
