"""Resources of one span only. There may be hundreds of thousands, so they are added up where they are.

Their effects need no division: what they cost on demand is new or gone, the rest of their cost is commitment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.variance.why.cells import ONE_SIDED, TABLE, Cell
from finops.variance.why.effects import Effect, come_or_gone
from finops.variance.why.parts import NAMED_CAUSES, Part

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH = 10_000


@dataclass(frozen=True)
class ComeAndGone:
    """The cells of such resources in the table of cells; `only` leaves one value of the split."""

    connection: DuckDBPyConnection
    only: str | None = None

    @property
    def count(self) -> int:
        """How many effects they have."""
        return int(self._rows(f"select count(*) from ({_EFFECTS}) where change <> 0")[0][0])

    def sums(self) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        """By value of the split: cost before, cost after, and what the effects add up to."""
        return self._rows(_SUMS)

    def parts(self) -> list[Part]:
        """Their effects added up, as `parts_of` adds up others."""
        return [
            Part(split, name, change, keys, tuple((one["cause"], one["change"]) for one in causes))
            for split, name, change, keys, causes in self._rows(_PARTS)
        ]

    def effects(self, limit: int | None = None) -> Iterator[Effect]:
        """Their effects; with a limit at least that many of the largest, if there are."""
        end = "" if limit is None else f" limit {limit:d}"
        cursor = self.connection.execute(_CELLS + end, self._params)
        while rows := cursor.fetchmany(_BATCH):
            for row in rows:
                yield from (one for one in come_or_gone(Cell._make(row)) if one.before != one.after)

    @property
    def _params(self) -> list[str | None]:
        return [self.only, self.only]

    def _rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql, self._params).fetchall()


_ONE_SIDED = f"(select * exclude (has_other_kinds) from {TABLE} where {ONE_SIDED} and (? is null or split = ?))"
_EFFECTS = f"""
select
    split, resource_id as cause,
    unnest([case when seen1 then 'new_resource' else 'gone_resource' end, 'commitment']) as name,
    unnest([demand1 - demand0, cost1 - cost0 - (demand1 - demand0)]) as change
from {_ONE_SIDED}
"""
_SUMS = f"""
select split, sum(cost0), sum(cost1), sum(demand1 - demand0) + sum(cost1 - cost0 - (demand1 - demand0))
from {_ONE_SIDED}
group by split
"""
_PARTS = f"""
with causes as (
    select split, name, cause, sum(change) as change from ({_EFFECTS}) group by split, name, cause
),
ranked as (
    select *, row_number() over (partition by split, name order by abs(change) desc, cause) as place
    from causes
    where change <> 0
)
select
    split, name, sum(change), count(*),
    list({{'cause': cause, 'change': change}} order by place) filter (where place <= {NAMED_CAUSES})
from ranked
group by split, name
"""
_CELLS = f"""
select * from {_ONE_SIDED}
order by
    greatest(abs(demand1 - demand0), abs(cost1 - cost0 - (demand1 - demand0))) desc,
    split, resource_id, service, account, region, x_usage_type, x_operation, pricing_unit
"""
