"""The parts of a ledger that budgets are for, read from its marts: once for each set of dimensions and metric."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.budgets.bill import SHORT_DAYS, Bill, Part, Spent, parts_of
from finops.budgets.hours import read_hours
from finops.catalog import COST_EXPLORER
from finops.config.settings import Budget
from finops.dimensions import Filter, filter_on, needed_joins, needed_mart, where_sql
from finops.errors import UsageError
from finops.reader import Ask
from finops.report.days import read_days
from finops.variance.actuals import Charges, month_of

if TYPE_CHECKING:
    from finops.reader import Ledger

Open = Callable[[Ask], AbstractContextManager["Ledger"]]


def read_bill(base: Ledger, open_part: Open, budgets: Sequence[Budget], period: str | None, database: Path) -> Bill:
    """Everything that `budgets` need to be evaluated, up to the last complete day (of `period`, a YYYY-MM).

    `base` is a ledger open for the whole question, `open_part` opens it for other dimensions and metrics. What cannot
    be read is in its part as the reason. Raises DataError when no day is complete.
    """
    through = month_of(base, period).known.last
    first = min(day.day for day in read_days(base))
    metric = base.ask.metric
    groups: dict[tuple[tuple[str, ...], str], list[Part]] = defaultdict(list)
    for part in parts_of(budgets, metric):
        groups[tuple(key for key, _ in part.where), part.metric].append(part)
    parts: dict[Part, Spent | str] = {}
    for (words, counted), group in groups.items():
        ask = replace(base.ask, by=_listed(words) or None, metric=counted)
        parts |= _read_group(open_part, ask, group, database, Bill(first, through, frozenset(), "", metric, {}))
    return Bill(first, through, _loaded(base, f"{first:%Y-%m}"), base.currency, metric, parts)


def _read_group(
    open_part: Open, ask: Ask, group: Sequence[Part], database: Path, bill: Bill
) -> dict[Part, Spent | str]:
    try:
        with open_part(ask) as ledger:
            return {part: _read(ledger, part, database, bill) for part in group}
    except UsageError as error:
        return dict.fromkeys(group, error.what)


def _read(ledger: Ledger, part: Part, database: Path, bill: Bill) -> Spent | str:
    filters = [filter_on(key, values) for key, values in part.where]
    charges = _charges(ledger, filters)
    if not part.hourly:
        return Spent(charges)
    return read_hours(ledger, database, filters, charges, bill.newest_days(SHORT_DAYS))


def _charges(ledger: Ledger, filters: Sequence[Filter]) -> Charges:
    """What the lines that pass the filters cost, by day, over all that is loaded."""
    dimensions = [one.dimension for one in filters]
    joins, condition = needed_joins(dimensions), where_sql(filters)
    sql = (
        f"select facts.charge_day, facts.x_is_long, sum(facts.{ledger.cost}) from {needed_mart(dimensions)} as facts "
        f"{joins.sql} where {condition.sql} group by all"
    )
    charges = Charges("", "", None, {})
    for day, is_long, cost in ledger.connection.execute(sql, [*joins.params, *condition.params]).fetchall():
        (charges.longer if is_long else charges.daily)[day] = Decimal(cost or 0)
    return charges


def _loaded(base: Ledger, first: str) -> frozenset[str]:
    """The months in which a day without a charge had no cost.

    Of the first month that is only known where a manifest vouches for it: others may begin in the middle of it.
    """
    return frozenset(
        one["period"]
        for one in base.deliveries
        if one["period"] != first or (one["vouched"] and one["format"] != COST_EXPLORER)
    )


def _listed(words: Sequence[str]) -> str:
    """The dimensions as `--by` takes them: as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(words)
    return text.getvalue()
