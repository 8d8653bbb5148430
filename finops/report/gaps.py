"""Who has gaps to close, and which came and went: the findings of the last window against the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.report.windows import Window
from finops.tag_gaps import find_gaps

if TYPE_CHECKING:
    from finops.reader import Ledger

CHANGES_SHOWN = 5
NOBODY = "(nobody known)"


@dataclass(frozen=True)
class OwnerGaps:
    """What one owner's resources cost in the window while a required tag was missing or wrong.

    A resource counts once however many of its tags are, at the cost of its worst one.
    """

    owner: str
    resources: int
    cost: Decimal


@dataclass(frozen=True)
class GapChange:
    """A resource with findings that only one of two windows has, and what it cost there: its dearest finding."""

    tags: tuple[str, ...]
    causes: tuple[str, ...]
    resource_id: str
    account: str
    cost: Decimal


@dataclass(frozen=True)
class Changes:
    """The dearest of the resources whose gaps came or went; `count` and `cost` are those of all of them."""

    rows: tuple[GapChange, ...]
    count: int
    cost: Decimal


@dataclass(frozen=True)
class GapWork:
    """The gaps of the window by owner, and against the window before; None where there is none."""

    owners: tuple[OwnerGaps, ...]
    new: Changes | None
    closed: Changes | None


def gap_work(ledger: Ledger, windows: Sequence[Window]) -> GapWork:
    """The findings of the newest window, by owner and against the window before. Needs a required tag.

    Suppressed findings are left out, and days before a tag was set are nobody's work any more.
    """
    find_gaps(ledger, "gaps_now", windows[0].start, windows[0].end)
    owners = tuple(
        OwnerGaps(row["owner"] or NOBODY, row["resources"], Decimal(row["cost"])) for row in ledger.rows(_OWNERS)
    )
    if len(windows) < 2:
        return GapWork(owners, None, None)
    find_gaps(ledger, "gaps_before", windows[1].start, windows[1].end)
    new = _changes(ledger.rows(_ONLY_IN.format(held="gaps_now", other="gaps_before")))
    return GapWork(owners, new, _changes(ledger.rows(_ONLY_IN.format(held="gaps_before", other="gaps_now"))))


def _changes(rows: Sequence[dict[str, Any]]) -> Changes:
    shown = tuple(
        GapChange(tuple(row["tags"]), tuple(row["causes"]), row["resource_id"], row["account"], Decimal(row["cost"]))
        for row in rows[:CHANGES_SHOWN]
    )
    return Changes(shown, len(rows), sum((Decimal(row["cost"]) for row in rows), Decimal(0)))


_OWNERS = """
with resources as (
    select account, resource_id, max(owner) as owner, max(cost) as cost, max(resources) as resources
    from gaps_now
    where suppressed = '' and cause <> 'late' and cost <> 0
    group by account, resource_id
)
select owner, cast(sum(resources) as bigint) as resources, sum(cost) as cost
from resources
group by owner
order by cost desc, owner
"""

_ONLY_IN = """
select
    list(distinct tag order by tag) as tags, list(distinct cause order by cause) as causes,
    resource_id, account, max(cost) as cost
from {held}
where suppressed = '' and cause <> 'late' and cost > 0 and id not in (select id from {other})
group by resource_id, account
order by cost desc, account, resource_id
"""
