"""What there is to choose from: dimensions and tags that the data have, metrics, days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finops.config.policy import tag_of
from finops.config.spellings import bare_key
from finops.dimensions import DIMENSIONS, dimension
from finops.errors import UsageError
from finops.reader import COST_COLUMNS
from finops.report.windows import Window, month_before, month_start

if TYPE_CHECKING:
    from finops.reader import Ledger

# The order in which a person narrows down; a click goes to the first that is not fixed yet.
DRILL = ("account", "service", "usage_type", "resource")
_MONTHS = 12


def menu(ledger: Ledger) -> dict[str, Any]:
    """The choices of the page over everything that is loaded."""
    dimensions = [*_plain(ledger), *_keyed(ledger)]
    return {
        "dimensions": dimensions,
        "drill": [word for word in DRILL if word in dimensions],
        "metrics": [name for name in COST_COLUMNS if name not in ledger.unavailable],
        "spans": [{"name": name, "from": span.start, "to": span.end} for name, span in _spans(ledger)],
        "currency": ledger.currency,
    }


def _plain(ledger: Ledger) -> Iterator[str]:
    """The dimensions without a key that at least one delivery has."""
    for word in DIMENSIONS:
        if ":" not in word and (word != "environment" or ledger.settings.environments) and _has(ledger, word):
            yield word


def _has(ledger: Ledger, word: str) -> bool:
    """Whether the data can be told apart by a dimension: Cost Explorer only by those it was asked for."""
    one = dimension(word)
    try:
        part = ledger.over(one)
    except UsageError:
        return False
    # a tag of the settings that no line carries is worth a look: all of it is (untagged)
    known = not one.evidence or one.argument is not None
    return known or bool(part.connection.execute(f"select 1 from ({one.evidence}) limit 1").fetchone())


def _keyed(ledger: Ledger) -> Iterator[str]:
    """The tags of the settings, then those and the cost categories that the bill alone knows."""
    policy = ledger.settings.tags
    keys = ledger.rows("select distinct source, key from tag_sets order by source desc, key")
    of_bill = [tag_of(policy, bare_key(row["key"])) for row in keys if row["source"] == "resource_tag"]
    words = [f"tag:{tag}" for tag in dict.fromkeys([*policy.tags, *of_bill])]
    words += [f"cost_category:{bare_key(row['key'])}" for row in keys if row["source"] == "cost_category"]
    return (word for word in words if _has(ledger, word))


def _spans(ledger: Ledger) -> Iterator[tuple[str, Window]]:
    """Everything, the newest whole weeks, and each month of the data, the newest first."""
    everything = Window(ledger.start, ledger.end)
    yield "everything", everything
    ended = ledger.as_of.date() if ledger.as_of else ledger.end
    monday = ended - timedelta(days=ended.weekday())
    for name, weeks in (("last week", 1), ("last 4 weeks", 4)):
        if monday - timedelta(weeks=weeks) >= everything.start:
            yield name, Window(monday - timedelta(weeks=weeks), monday)
    yield from _months(everything)


def _months(everything: Window) -> Iterator[tuple[str, Window]]:
    month = Window(month_start(everything.last), _month_after(everything.last))
    for _ in range(_MONTHS):
        if month.end <= everything.start:
            return
        yield f"{month.start:%Y-%m}", month
        month = month_before(month.start)


def _month_after(day: date) -> date:
    return month_start(month_start(day) + timedelta(days=31))
