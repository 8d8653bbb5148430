"""The forecast replayed: from each day of each month, what it would have said, against what came."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from finops.advice.forecast import forecast
from finops.ingest.demo import write_export

MID_MONTH = 15
_DAY = timedelta(days=1)
_ZERO = Decimal(0)
Series = dict[date, Decimal]


@dataclass(frozen=True)
class Replay:
    """One forecast that can be judged: of a month's total, from the day `known` days of it were known."""

    known: int
    error: Decimal
    inside: bool


def replay(costs: Mapping[date, Decimal]) -> Iterator[Replay]:
    """Every forecast of every whole month in a series of days, from its second day on, with two weeks of history."""
    first, last = min(costs), max(costs)
    for start in sorted({day.replace(day=1) for day in costs}):
        end = (start + 31 * _DAY).replace(day=1)
        if start < first or end > last + _DAY:
            continue
        total = sum((costs.get(start + n * _DAY, _ZERO) for n in range((end - start).days)), _ZERO)
        for known in range(2, (end - start).days - 1):
            until = start + known * _DAY
            since = max(first, until - 56 * _DAY)
            if (until - since).days < 14 or total <= 0:
                continue
            history = [costs.get(since + n * _DAY, _ZERO) for n in range((until - since).days)]
            so_far = sum((costs.get(start + n * _DAY, _ZERO) for n in range(known)), _ZERO)
            ahead = forecast(since, history, end)
            assert ahead is not None
            error = abs(so_far + ahead.expected - total) / total * 100
            yield Replay(known, error, so_far + ahead.p10 <= total <= so_far + ahead.p90)


def row(name: str, series: list[Series]) -> tuple[str, str, str, str]:
    """One row of the benchmark's table: errors at mid-month, and how often the range held."""
    found = [one for costs in series for one in replay(costs)]
    middle = [one for one in found if one.known == MID_MONTH]
    if not middle:
        return (f"forecast of {name}", "no whole month", "", "")
    errors = sorted(one.error for one in middle)
    said = f"at mid-month off by {median(errors):.1f}% (median), {max(errors):.1f}% at most, of {len(errors)} months"
    held = sum(one.inside for one in found) / len(found) * 100
    held_middle = sum(one.inside for one in middle) / len(middle) * 100
    return (
        f"forecast of {name}",
        said,
        "",
        f"in P10-P90: {held_middle:.0f}% at mid-month, {held:.0f}% of all days (80%)",
    )


def demo_series(months: int = 3) -> tuple[Series, list[Series]]:
    """Daily cost of the demo company, all of it and by service: charges of at most a day, fees apart."""
    with tempfile.TemporaryDirectory() as folder:
        from finops.cli import main
        from finops.config import Settings
        from finops.reader import Ask, open_ledger

        export = write_export("legacy-csv", Path(folder) / "kit", months)
        database = Path(folder) / "finops.duckdb"
        if main(["ingest", str(export), "--db", str(database)]):
            raise RuntimeError("the demo export could not be loaded")
        with open_ledger(database, Settings(), Ask(metric="amortized")) as ledger:
            rows = ledger.connection.execute(
                "select x_service_code, charge_day, sum(x_amortized_cost) from daily_cost "
                "where not x_is_long group by all"
            ).fetchall()
    return _series((service, day, Decimal(cost)) for service, day, cost in rows)


def real_series() -> tuple[Series, list[Series]] | None:
    """Daily usage cost of a real bill of 2018, where it is at hand; FINOPS_REAL_EXPORTS names its folder."""
    folder = Path(os.environ.get("FINOPS_REAL_EXPORTS") or Path(__file__).resolve().parents[3] / "shared" / "data")
    path = folder / "daily_cost_real" / "workshop_daily_by_product.csv"
    if not path.exists():
        return None
    with path.open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["line_type"] in ("Usage", "DiscountedUsage")]
    return _series(
        (row["product"], date.fromisoformat(row["usage_day"]), Decimal(row["unblended_cost"])) for row in rows
    )


def _series(rows: Iterator[tuple[str, date, Decimal]]) -> tuple[Series, list[Series]]:
    whole: Series = defaultdict(Decimal)
    parts: dict[str, Series] = defaultdict(lambda: defaultdict(Decimal))
    for name, day, cost in rows:
        whole[day] += cost
        parts[name][day] += cost
    days = [min(whole) + n * _DAY for n in range((max(whole) - min(whole)).days + 1)]
    return whole, [{day: one.get(day, _ZERO) for day in days} for one in parts.values()]
