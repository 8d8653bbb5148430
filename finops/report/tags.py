"""Spend by required tag, how much of the taggable cost each tag covers, and the resources without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import NONE, dimension
from finops.report.compare import Ranking, compare, compare_sql, rank
from finops.report.windows import Window
from finops.tag_gaps import coverage

if TYPE_CHECKING:
    from finops.reader import Ledger

UNTAGGED, INVALID, UNTAGGABLE = "(untagged)", "(invalid)", "(untaggable)"
NO_VALUE = (UNTAGGED, INVALID, UNTAGGABLE)

VALUES_SHOWN = 8
GAPS_SHOWN = 10

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Coverage:
    """How much of one window's taggable cost carries a tag. All lines count, the longer ones too.

    `invalid` is the part of `tagged` whose value the policy does not know.
    """

    tag: str
    untaggable: Decimal
    tagged: Decimal
    invalid: Decimal
    gap: Decimal

    @property
    def taggable(self) -> Decimal:
        """Cost that could carry the tag."""
        return self.tagged + self.gap

    @property
    def percent(self) -> Decimal | None:
        """Tagged in percent of taggable (0-100); None where nothing is taggable."""
        return coverage(self.tagged, self.taggable)


@dataclass(frozen=True)
class TagSpend:
    """One required tag: spend by its values, and its coverage in each window, the last one first."""

    tag: str
    spend: Ranking
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True)
class Gap:
    """One resource and what it cost while one or more required tags were missing or empty."""

    resource_id: str
    account: str
    region: str
    service: str
    missing: tuple[str, ...]
    cost: Decimal


@dataclass(frozen=True)
class ServiceGap:
    """What a service cost without one required tag, where nobody knows of which resources."""

    tag: str
    service: str
    cost: Decimal


@dataclass(frozen=True)
class Gaps:
    """The resources that cost most without a required tag; `count` and `cost` are those of all of them.

    `services` are the gaps in the months of Cost Explorer, which has no resources: each tag by itself.
    """

    rows: tuple[Gap, ...]
    count: int
    cost: Decimal
    services: tuple[ServiceGap, ...] = ()


def tag_spend(ledger: Ledger, tag: str, windows: Sequence[Window]) -> TagSpend:
    """Spend by the values of one tag, the costliest first, and its coverage, window by window."""
    by = dimension(f"tag:{tag}")
    values = compare(ledger, by, windows)
    named = [row for row in values if row.key not in NO_VALUE]
    # What has no value is shown by its name however small it is.
    nameless = [row for key in NO_VALUE for row in values if row.key == key]
    spend = rank(by.word, named, lambda row: max(row.now, row.mean or row.now), VALUES_SHOWN)
    return TagSpend(tag, spend.with_rows(nameless), _coverage(ledger, tag, windows))


def biggest_gaps(ledger: Ledger, tags: Sequence[str], window: Window) -> Gaps:
    """The resources with the most taggable cost in the window that lacks one or more of the tags."""
    if not tags:
        return Gaps((), 0, _ZERO)
    rows = ledger.rows(*gaps_sql(ledger, tags, window))
    found = tuple(_gap(row, tags) for row in rows)
    services = tuple(gap for tag in tags for gap in _service_gaps(ledger, tag, window))
    return Gaps(
        found,
        rows[0]["resources"] if rows else 0,
        Decimal(rows[0]["all_cost"]) if rows else _ZERO,
        tuple(sorted(services, key=lambda gap: (-gap.cost, gap.tag, gap.service))[:GAPS_SHOWN]),
    )


def gaps_sql(ledger: Ledger, tags: Sequence[str], window: Window) -> tuple[str, tuple[str, ...]]:
    """The query for the resources with the most cost that lacks a tag, and its parameters."""
    wanted = ", ".join("(?)" for _ in tags)
    sql = _GAPS.format(cost=ledger.cost, wanted=wanted, start=window.start, end=window.end, shown=GAPS_SHOWN)
    return sql, tuple(tags)


def coverage_sql(ledger: Ledger, tag: str, windows: Sequence[Window]) -> tuple[str, tuple[Any, ...]]:
    """The query for the cost that a tag covers, and its parameters."""
    return compare_sql(ledger, dimension(f"tag:{tag}"), windows, longer=True, expression=_KIND)


def _service_gaps(ledger: Ledger, tag: str, window: Window) -> list[ServiceGap]:
    """Taggable cost without the tag that no resource is named for."""
    part = ledger.over(dimension(f"tag:{tag}"))
    rows = part.rows(_SERVICE_GAPS.format(cost=part.cost), [tag, tag, window.start, window.end])
    return [ServiceGap(tag, row["x_service_code"] or NONE, Decimal(row["cost"])) for row in rows]


def _coverage(ledger: Ledger, tag: str, windows: Sequence[Window]) -> tuple[Coverage, ...]:
    by = dimension(f"tag:{tag}")
    ledger.over(by).connection.execute(_EXEMPT_SETS, [tag])
    kinds = compare(ledger, by, windows, longer=True, expression=_KIND)
    costs = {row.key: (row.now, *row.before) for row in kinds}
    nothing = (_ZERO,) * len(windows)
    of = {kind: costs.get(kind, nothing) for kind in ("untaggable", "valid", "invalid", "gap")}
    return tuple(
        Coverage(tag, of["untaggable"][n], of["valid"][n] + of["invalid"][n], of["invalid"][n], of["gap"][n])
        for n in range(len(windows))
    )


def _gap(row: dict[str, Any], tags: Sequence[str]) -> Gap:
    return Gap(
        resource_id=row["resource_id"],
        account=row["sub_account_id"] or NONE,
        region=row["region_id"] or NONE,
        service=row["x_service_code"] or NONE,
        missing=tuple(tag for tag in tags if tag in row["missing"]),
        cost=Decimal(row["cost"]),
    )


_EXEMPT_SETS = """
create or replace temp table exempt_sets as select delivery_id, tag_set_id from exempt_tags where tag = ?
"""

_KIND = """case when not facts.x_taggable then 'untaggable'
    when exists (
        select 1 from exempt_sets
        where exempt_sets.delivery_id = facts.delivery_id and exempt_sets.tag_set_id = facts.tag_set_id
    ) then 'not required'
    when j0.state = 'valid' then 'valid'
    when j0.state = 'invalid' then 'invalid'
    else 'gap' end"""

# A resource whose tags changed within the window counts only the cost of the lines that lack one.
_GAPS = """
with
lines as (
    select
        delivery_id, tag_set_id, resource_id, sub_account_id, region_id, x_service_code,
        sum({cost}) as cost
    from resource_daily
    where x_taggable and resource_id is not null and charge_day >= date '{start}' and charge_day < date '{end}'
    group by delivery_id, tag_set_id, resource_id, sub_account_id, region_id, x_service_code
),
wanted(tag) as (values {wanted}),
missing as (
    select sets.delivery_id, sets.tag_set_id, list(wanted.tag) as tags
    from (select distinct delivery_id, tag_set_id from lines) as sets
    cross join wanted
    left join tag_values as held
        on held.delivery_id = sets.delivery_id and held.tag_set_id = sets.tag_set_id
        and held.tag = wanted.tag and held.state <> 'blank'
    anti join exempt_tags
        on exempt_tags.tag = wanted.tag and exempt_tags.delivery_id = sets.delivery_id
        and exempt_tags.tag_set_id = sets.tag_set_id
    where held.tag is null
    group by sets.delivery_id, sets.tag_set_id
)
select
    lines.resource_id, lines.sub_account_id, lines.region_id, lines.x_service_code,
    sum(lines.cost) as cost,
    list_distinct(flatten(list(missing.tags))) as missing,
    count(*) over () as resources,
    sum(sum(lines.cost)) over () as all_cost
from lines
inner join missing on missing.delivery_id = lines.delivery_id and missing.tag_set_id = lines.tag_set_id
group by lines.resource_id, lines.sub_account_id, lines.region_id, lines.x_service_code
having sum(lines.cost) <> 0
order by cost desc, lines.resource_id, lines.sub_account_id, lines.region_id, lines.x_service_code
limit {shown}
"""

_SERVICE_GAPS = """
select facts.x_service_code, sum(facts.{cost}) as cost
from resource_daily as facts
left join tag_values as held
    on held.delivery_id = facts.delivery_id and held.tag_set_id = facts.tag_set_id and held.tag = ?
anti join exempt_tags
    on exempt_tags.tag = ? and exempt_tags.delivery_id = facts.delivery_id
    and exempt_tags.tag_set_id = facts.tag_set_id
where facts.x_taggable and facts.resource_id is null and coalesce(held.state, 'blank') = 'blank'
    and facts.charge_day >= ? and facts.charge_day < ?
group by facts.x_service_code
having sum(facts.{cost}) <> 0
"""
