"""What the gaps sum to: by tag, by cause, by week, by key, and the cost that can carry no tag."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from finops.document import Column, Rows
from finops.gaps.causes import causes

if TYPE_CHECKING:
    from finops.reader import Ledger

# The required tags by the ledger that has them.
Pieces = Sequence[tuple["Ledger", Sequence[str]]]
# A quarter of weeks tells a trend, and fits a screen.
WEEKS_SHOWN = 13

BY_TAG = (
    Column("tag"),
    Column("total_cost", "money"),
    Column("untaggable_cost", "money"),
    Column("not_required_cost", "money", "filled"),
    Column("taggable_cost", "money"),
    Column("tagged_cost", "money"),
    Column("gap_cost", "money"),
    Column("coverage", "percent"),
    Column("invalid_cost", "money", "never"),
    Column("virtual_cost", "money", "filled"),
    Column("suppressed_cost", "money", "filled"),
    Column("resources", "count", "never"),
    Column("tagged_resources", "count", "never"),
    Column("resource_coverage", "percent"),
)
BY_CAUSE = (
    Column("tag"),
    Column("cause"),
    Column("counts_as"),
    Column("resources", "count"),
    Column("cost", "money"),
    Column("suppressed_cost", "money", "filled"),
    Column("fix"),
)
KEYS = (Column("tag"), Column("key"), Column("key_rule"), Column("cost", "money"))
UNTAGGABLE = (Column("charge"), Column("cost", "money"))


def coverage(tagged: Decimal | int, taggable: Decimal | int) -> Decimal | None:
    """Tagged in percent of taggable, 4 decimals, rounded down so that 100 means all; None of nothing."""
    if taggable <= 0:
        return None
    with localcontext(prec=60):
        return (100 * Decimal(tagged) / taggable).quantize(Decimal("0.0001"), ROUND_DOWN)


def tag_totals(ledger: Ledger, required: Sequence[str]) -> list[dict[str, Any]]:
    """One row per required tag, whether or not any line carries it. An invalid value is a value: it is tagged."""
    (all_resources,) = ledger.rows(_RESOURCES)
    elsewhere = {row["tag"]: row["resources"] for row in ledger.rows(_REQUIRED_RESOURCES)} if _is_scoped(ledger) else {}
    gaps = {row["tag"]: row["resources"] for row in ledger.rows(_GAP_RESOURCES)}
    accepted = {row["tag"]: row["cost"] for row in ledger.rows(_SUPPRESSED)}
    found = {row["tag"]: row for row in ledger.rows(_BY_TAG.format(cost=ledger.cost))}
    return [
        found[tag]
        | {
            "suppressed": accepted.get(tag, Decimal(0)),
            "resources": elsewhere.get(tag, 0) if elsewhere else all_resources["resources"],
            "gap_resources": gaps.get(tag, 0),
        }
        for tag in required
    ]


def _is_scoped(ledger: Ledger) -> bool:
    return bool(ledger.rows("select 1 from exempt_tags limit 1"))


def by_tag(totals: Sequence[dict[str, Any]]) -> Rows:
    """The totals of each tag; tagged, gap and untaggable cost are the whole, with what it is not required on."""
    return Rows.of(BY_TAG, [_coverage_row(total) for total in totals])


def by_cause(ledger: Ledger, required: Sequence[str]) -> Rows:
    """Each cause of each tag with its cost, the tags in the order of the settings, the dearest cause first."""
    place = {tag: at for at, tag in enumerate(required)}
    rows = sorted(
        ledger.rows(_BY_CAUSE), key=lambda row: (place[row["tag"]], -row["cost"], row["cause"], row["counts_as"])
    )
    names = [column.name for column in BY_CAUSE]
    return Rows.of(
        BY_CAUSE, [tuple((row | {"fix": causes()[row["cause"]].fix})[name] for name in names) for row in rows]
    )


def by_week(pieces: Pieces, required: Sequence[str]) -> Rows:
    """Coverage of each tag in the newest weeks (by their Monday), one column per tag."""
    weeks: dict[Any, dict[str, Decimal | None]] = {}
    for row in (row for part, _ in pieces for row in part.rows(_BY_WEEK.format(cost=part.cost))):
        weeks.setdefault(row["week"], {})[row["tag"]] = coverage(row["tagged"], row["taggable"])
    columns = (Column("week"), *(Column(f"tag:{tag}", "percent") for tag in required))
    newest = sorted(weeks)[-WEEKS_SHOWN:]
    return Rows.of(columns, [(week, *(weeks[week].get(tag) for tag in required)) for week in newest])


def keys(pieces: Pieces) -> Rows:
    """Each key of the export that decided a tag, by which rule it did, and the taggable cost it decided for."""
    rows = [row for part, _ in pieces for row in part.rows(_KEYS.format(cost=part.cost))]
    return Rows.of(KEYS, [tuple(row.values()) for row in rows])


def untaggable(ledger: Ledger) -> Rows:
    """The cost that can carry no resource tag, by kind of charge."""
    rows = ledger.rows(_UNTAGGABLE.format(cost=ledger.cost))
    return Rows.of(UNTAGGABLE, [tuple(row.values()) for row in rows])


def _coverage_row(total: dict[str, Any]) -> tuple[Any, ...]:
    taggable = total["tagged"] + total["gap"]
    tagged_resources = total["resources"] - total["gap_resources"]
    return (
        total["tag"],
        total["total"],
        total["untaggable"],
        total["not_required"],
        taggable,
        total["tagged"],
        total["gap"],
        coverage(total["tagged"], taggable),
        total["invalid"],
        total["virtual"],
        total["suppressed"],
        total["resources"],
        tagged_resources,
        coverage(tagged_resources, total["resources"]),
    )


_BY_TAG = """
with
sets as (
    select delivery_id, tag_set_id, x_taggable, sum({cost}) as cost
    from daily_cost
    group by delivery_id, tag_set_id, x_taggable
),

states as (
    select
        required_tags.tag, sets.x_taggable, sets.cost, tag_values.key_rule,
        case when exempt_tags.tag is null then tag_values.state else 'not required' end as state
    from required_tags
    left join sets on true
    left join exempt_tags
        on sets.delivery_id = exempt_tags.delivery_id
        and sets.tag_set_id = exempt_tags.tag_set_id
        and required_tags.tag = exempt_tags.tag
    left join tag_values
        on sets.delivery_id = tag_values.delivery_id
        and sets.tag_set_id = tag_values.tag_set_id
        and required_tags.tag = tag_values.tag
)

select
    tag,
    coalesce(sum(cost), 0) as total,
    coalesce(sum(cost) filter (where not x_taggable), 0) as untaggable,
    coalesce(sum(cost) filter (where x_taggable and state = 'not required'), 0) as not_required,
    coalesce(sum(cost) filter (where x_taggable and state in ('valid', 'invalid')), 0) as tagged,
    coalesce(sum(cost) filter (where x_taggable and coalesce(state, 'blank') = 'blank'), 0) as gap,
    coalesce(sum(cost) filter (where x_taggable and state = 'invalid'), 0) as invalid,
    coalesce(sum(cost) filter (where x_taggable and state = 'valid' and key_rule = 'virtual'), 0) as virtual,
    count(*) filter (where x_taggable and state = 'invalid') as invalid_sets
from states
group by tag
"""

_RESOURCES = """
select count(*) as resources
from (select distinct sub_account_id, resource_id from resource_cost where x_taggable and resource_id is not null)
"""

_REQUIRED_RESOURCES = """
select required_tags.tag, count(*) as resources
from required_tags
join (
    select distinct required_tags.tag, resource_cost.sub_account_id, resource_cost.resource_id
    from resource_cost
    cross join required_tags
    anti join exempt_tags
        on exempt_tags.tag = required_tags.tag and exempt_tags.delivery_id = resource_cost.delivery_id
        and exempt_tags.tag_set_id = resource_cost.tag_set_id
    where resource_cost.x_taggable and resource_cost.resource_id is not null
) as resources on resources.tag = required_tags.tag
group by required_tags.tag
"""

_GAP_RESOURCES = """
select tag, count(*) as resources
from (
    select distinct tag_faults.tag, resource_cost.sub_account_id, resource_cost.resource_id
    from resource_cost
    join tag_faults
        on tag_faults.delivery_id = resource_cost.delivery_id and tag_faults.tag_set_id = resource_cost.tag_set_id
    where resource_cost.x_taggable and tag_faults.is_gap and resource_cost.resource_id is not null
)
group by tag
"""

_SUPPRESSED = "select tag, sum(cost) as cost from gap_rows where suppressed <> '' group by tag"

_BY_CAUSE = """
select
    tag, cause, counts_as,
    cast(greatest(count(distinct row(account, resource_id)) filter (where resource_id <> '(none)'), max(resources))
        as bigint) as resources,
    sum(cost) as cost,
    coalesce(sum(cost) filter (where suppressed <> ''), 0) as suppressed_cost
from gap_rows
group by tag, cause, counts_as
"""

_BY_WEEK = """
with
sets as (
    select cast(date_trunc('week', charge_day) as date) as week, delivery_id, tag_set_id, sum({cost}) as cost
    from daily_cost
    where x_taggable
    group by week, delivery_id, tag_set_id
)
select
    required_tags.tag, sets.week,
    sum(sets.cost) as taggable,
    coalesce(sum(sets.cost) filter (where coalesce(held.state, 'blank') <> 'blank'), 0) as tagged
from sets
cross join required_tags
left join tag_values as held
    on held.delivery_id = sets.delivery_id and held.tag_set_id = sets.tag_set_id
    and held.tag = required_tags.tag
anti join exempt_tags
    on exempt_tags.tag = required_tags.tag and exempt_tags.delivery_id = sets.delivery_id
    and exempt_tags.tag_set_id = sets.tag_set_id
group by required_tags.tag, sets.week
"""

_KEYS = """
with
sets as (
    select delivery_id, tag_set_id, sum({cost}) as cost
    from daily_cost
    where x_taggable
    group by delivery_id, tag_set_id
),
held as (
    select tag, raw_key as key, key_rule, delivery_id, tag_set_id
    from tag_values
    where state <> 'blank'
    union all
    select tag, key, 'misspelled', delivery_id, tag_set_id
    from tag_faults
    where is_gap and cause = 'wrong_key'
)
select held.tag, held.key, held.key_rule, sum(sets.cost) as cost
from held
join sets on sets.delivery_id = held.delivery_id and sets.tag_set_id = held.tag_set_id
group by held.tag, held.key, held.key_rule
order by held.tag, cost desc, held.key
"""

_UNTAGGABLE = """
select
    case
        when coalesce(x_line_item_type, charge_category)
            in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
            then coalesce(x_line_item_type, charge_category) || ' without a resource'
        else coalesce(x_line_item_type, charge_category, '(none)')
    end as charge,
    sum({cost}) as cost
from daily_cost
where not x_taggable
group by charge
order by abs(sum({cost})) desc, charge
"""
