"""Taggable spend without its required tags: how much of it each tag covers, and which resources lack it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from finops.availability import cost_explorer_tag_notes, negation_note
from finops.catalog import Problem
from finops.dimensions import dimension
from finops.document import Column, Document, Rows, basis_of
from finops.errors import FinopsError, UsageError
from finops.models import model
from finops.tags import merged_keys_notes

if TYPE_CHECKING:
    from finops.reader import Ledger

RULE = "untagged_spend"
# A resource is a line of a table, and a person reads the worst twenty.
TABLE_ROWS = 20

COLUMNS = (
    Column("tag"),
    Column("cause"),
    Column("account"),
    Column("region"),
    Column("service"),
    Column("resource_id"),
    Column("cost", "money"),
)
BY_TAG = (
    Column("tag"),
    Column("total_cost", "money"),
    Column("untaggable_cost", "money"),
    Column("taggable_cost", "money"),
    Column("tagged_cost", "money"),
    Column("gap_cost", "money"),
    Column("coverage", "percent"),
)

# One row per required tag, whether or not any line carries it. An invalid value is a value: it is tagged.
_BY_TAG = """
with
sets as (
    select delivery_id, tag_set_id, x_taggable, sum({cost}) as cost
    from daily_cost
    group by delivery_id, tag_set_id, x_taggable
),

states as (
    select required_tags.tag, sets.x_taggable, sets.cost, tag_values.state
    from required_tags
    left join sets on true
    left join tag_values
        on sets.delivery_id = tag_values.delivery_id
        and sets.tag_set_id = tag_values.tag_set_id
        and required_tags.tag = tag_values.tag
)

select
    tag,
    coalesce(sum(cost), 0) as total,
    coalesce(sum(cost) filter (where not x_taggable), 0) as untaggable,
    coalesce(sum(cost) filter (where x_taggable and state in ('valid', 'invalid')), 0) as tagged,
    coalesce(sum(cost) filter (where x_taggable and coalesce(state, 'blank') = 'blank'), 0) as gap,
    coalesce(sum(cost) filter (where x_taggable and state = 'invalid'), 0) as invalid,
    count(*) filter (where x_taggable and state = 'invalid') as invalid_sets
from states
group by tag
"""

_SORTED = "select * from gap_rows order by cost desc, tag, account, region, service, resource_id, cause"


def tag_gaps(ledger: Ledger) -> Document:
    """Rows per required tag and resource without it; `totals.by_tag` with what each tag covers.

    Raises UsageError when no tag is required.
    """
    required = ledger.settings.tags.required
    if not required:
        raise UsageError("no tag is required", where="[tags] required", fix="name at least one in finops.toml")
    found: dict[str, dict[str, Any]] = {}
    for part, tags in _parts(ledger, required):
        _prepare(part, tags, more=bool(found))
        found |= {row["tag"]: row for row in part.rows(_BY_TAG.format(cost=part.cost))}
    totals = [found[tag] for tag in required]
    return Document(
        command="tag-gaps",
        basis=basis_of(ledger),
        rows=_gap_rows(ledger, sum((total["gap"] for total in totals), Decimal(0))),
        totals={"by_tag": Rows.of(BY_TAG, [_coverage_row(total) for total in totals])},
        problems=[
            *ledger.problems,
            *merged_keys_notes(ledger.connection, ledger.settings.tags, required),
            *negation_note(ledger),
            *cost_explorer_tag_notes(ledger, required),
            *_invalid(totals, ledger.currency),
        ],
        table_rows=TABLE_ROWS,
    )


def coverage(tagged: Decimal, taggable: Decimal) -> Decimal | None:
    """Tagged in percent of taggable, 4 decimals, rounded down so that 100 means all; None of nothing."""
    if taggable <= 0:
        return None
    with localcontext(prec=60):
        return (100 * tagged / taggable).quantize(Decimal("0.0001"), ROUND_DOWN)


def below(document: Document, percent: Decimal) -> list[tuple[str, Decimal | None]]:
    """The tags whose coverage is under `percent` or cannot be told (None), in the order required."""
    table = document.totals["by_tag"]
    rows = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
    return [
        (row["tag"], row["coverage"])
        for row in rows
        if row["coverage"] is None or 100 * row["tagged_cost"] < percent * row["taggable_cost"]
    ]


def _parts(ledger: Ledger, required: Sequence[str]) -> list[tuple[Ledger, list[str]]]:
    """The required tags by the ledger that has them: one for all of them, but where Cost Explorer has one cut each."""
    parts: dict[int, tuple[Ledger, list[str]]] = {}
    for tag in required:
        part = ledger.over(dimension(f"tag:{tag}"))
        parts.setdefault(id(part), (part, []))[1].append(tag)
    return list(parts.values())


def _prepare(ledger: Ledger, required: Sequence[str], more: bool) -> None:
    """Find the gaps of some tags; `more` adds them to those found before, in the table that all parts share."""
    connection = ledger.connection
    connection.execute("create or replace temp table required_tags (tag varchar)")
    connection.executemany("insert into required_tags values (?)", [[tag] for tag in required])
    connection.execute(
        "create or replace temp view resource_cost as select delivery_id, tag_set_id, sub_account_id, "
        f"region_id, x_service_code, resource_id, x_taggable, {ledger.cost} as cost from resource_daily"
    )
    into = "insert into gap_rows" if more else "create or replace table gap_rows as"
    connection.execute(f"{into} {model(RULE).sql}")


def _gap_rows(ledger: Ledger, gap_cost: Decimal) -> Rows:
    (found,) = ledger.rows("select count(*) as count, coalesce(sum(cost), 0) as cost from gap_rows")
    if found["cost"] != gap_cost:
        raise FinopsError(f"the rows sum to {found['cost']} and the gaps to {gap_cost}", where=RULE)
    return Rows.of_query(ledger.connection, COLUMNS, found["count"], _SORTED)


def _coverage_row(total: dict[str, Any]) -> tuple[Any, ...]:
    taggable = total["tagged"] + total["gap"]
    return (
        total["tag"],
        total["total"],
        total["untaggable"],
        taggable,
        total["tagged"],
        total["gap"],
        coverage(total["tagged"], taggable),
    )


def _invalid(totals: Sequence[dict[str, Any]], currency: str) -> list[Problem]:
    return [
        Problem(
            "invalid_tag_value",
            f"values that [tags.values.{total['tag']}] does not allow count as tagged here: "
            f"{total['invalid']:,.2f} {currency}, tag sets with one: {total['invalid_sets']}",
            f"tag:{total['tag']}",
        )
        for total in totals
        if total["invalid_sets"]
    ]
