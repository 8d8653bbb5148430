"""Inputs by chance, through the command line: manifests, CSV, settings and documents of estimates.

What finops loads must be what another reader of the same bytes adds up; what it does not load it must say in words.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.drills import inputs
from tests.drills.tally import Drill, Tally, held, look, run
from tests.tiny_export import LINES, write_export

_TEN = Decimal("1e-10")
_EXPORT_TOTAL = sum((Decimal(line["lineItem/UnblendedCost"]).quantize(_TEN) for line in LINES), Decimal(0))


def manifests(drill: Drill) -> Tally:
    """Manifests of any content beside a whole export: it is loaded as it is, or not at all."""
    return _each(drill, "fuzzed manifests", inputs.manifests(), _manifest)


def tables(drill: Drill) -> Tally:
    """CSV exports with cells, headers and bytes by chance."""
    return _each(drill, "fuzzed CSV", inputs.tables(), _table)


def toml(drill: Drill) -> Tally:
    """Settings by chance."""
    return _each(drill, "fuzzed finops.toml", inputs.toml(), _toml)


def markdown(drill: Drill) -> Tally:
    """Documents of estimates by chance."""
    return _each(drill, "fuzzed Markdown", inputs.markdown(), _markdown)


@dataclass
class _Case:
    """One input: where it may write, and how many inputs were taken as good."""

    folder: Path
    tally: Tally
    taken: int = 0


def _each(
    drill: Drill, name: str, strategy: st.SearchStrategy[bytes], try_one: Callable[[_Case, bytes], None]
) -> Tally:
    case = _Case(drill.folder, Tally(name))
    numbers = count()

    @seed(drill.chance.randrange(1 << 32))
    @settings(
        max_examples=drill.runs, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def tried(raw: bytes) -> None:
        case.folder = drill.folder / str(next(numbers))
        case.folder.mkdir(parents=True)
        case.tally.inputs += 1
        try_one(case, raw)
        shutil.rmtree(case.folder)

    tried()
    case.tally.note = f"{case.taken} taken as good"
    return case.tally


def _manifest(case: _Case, raw: bytes) -> None:
    export = write_export(case.folder)
    (path,) = export.rglob("*-Manifest.json")
    path.write_bytes(raw)
    _ingest(case, export, _EXPORT_TOTAL, raw)


def _table(case: _Case, raw: bytes) -> None:
    path = case.folder / "bill.csv"
    path.write_bytes(raw)
    _ingest(case, path, sum_of_csv(raw), raw)


def _ingest(case: _Case, source: Path, expected: Decimal | None, raw: bytes) -> None:
    database = case.folder / "x.duckdb"
    ran = run("ingest", str(source), "--db", str(database))
    look(case.tally, repr(raw[:300]), ran)
    case.taken += ran.code == 0
    found = held(database)
    # Where one file holds several months, those that can be read are loaded and the others are not.
    right = found == expected if ran.code == 0 else found is None or found in sums_of_periods(raw)
    if not right:
        case.tally.wrong_sums.append(f"{raw[:2000]!r}: exit {ran.code} with {found}, not {expected}")


def sum_of_csv(raw: bytes) -> Decimal | None:
    """What Python's own reader adds up; None where it finds a row or a cost that it cannot read."""
    try:
        return sum((cost for _, cost in _rows_of_csv(raw)), Decimal(0))
    except (IndexError, ValueError, InvalidOperation):
        return None


def sums_of_periods(raw: bytes) -> set[Decimal]:
    """The same of each of its months, as far as they can be read."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with suppress(IndexError, ValueError, InvalidOperation):
        for month, cost in _rows_of_csv(raw):
            sums[month] += cost
    return set(sums.values())


def _rows_of_csv(raw: bytes) -> Iterator[tuple[str, Decimal]]:
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row] or [[]]
    names = [name.strip() for name in header]
    cost, month = names.index("lineItem/UnblendedCost"), names.index("bill/BillingPeriodStartDate")
    for row in rows:
        yield row[month][:7], Decimal(row[cost]).quantize(_TEN, ROUND_HALF_EVEN)


def _toml(case: _Case, raw: bytes) -> None:
    path = case.folder / "finops.toml"
    path.write_bytes(raw)
    ran = run("settings", "--config", str(path))
    look(case.tally, repr(raw[-300:]), ran)
    case.taken += ran.code == 0


def _markdown(case: _Case, raw: bytes) -> None:
    path = case.folder / "review.md"
    path.write_bytes(raw)
    (case.folder / "finops.toml").write_text("")
    words = ["estimates", "read", str(path), "--format", "json", "--config", str(case.folder / "finops.toml")]
    ran = run(*words)
    look(case.tally, repr(raw[:300]), ran)
    case.taken += ran.code == 0
    if ran.code == 0:
        _require_exact(case.tally, json.loads(ran.out, parse_float=Decimal), raw)


def _require_exact(tally: Tally, document: dict[str, Any], raw: bytes) -> None:
    """Every cost that was read is written there: its digits, whatever unit multiplies them, and low before high."""
    written = re.sub(r"\D", "", raw.decode("utf-8", errors="replace"))
    for row in document["rows"]:
        costs = [row[key] for key in ("low", "high") if row[key] is not None]
        digits = [f"{Decimal(cost):f}".replace(".", "").strip("0") for cost in costs]
        if costs != sorted(costs) or not all(one in written for one in digits):
            tally.wrong_sums.append(f"{raw[:300]!r}: {row['low']} to {row['high']}")
