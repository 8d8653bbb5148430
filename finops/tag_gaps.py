"""Taggable spend whose required tags are not as they should be: what it costs, why, and who can change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from finops.availability import cost_explorer_tag_notes, negation_note, virtual_notes
from finops.catalog import COST_EXPLORER, Problem
from finops.config import today
from finops.dimensions import dimension
from finops.document import Column, Document, Rows, basis_of
from finops.errors import FinopsError, UsageError
from finops.findings import id_sql, suppress
from finops.gaps.causes import RULE
from finops.gaps.conflicts import create_tag_conflicts
from finops.gaps.faults import create_tag_faults
from finops.gaps.infer import infer
from finops.gaps.owners import create_owners
from finops.gaps.residency import elsewhere, find_elsewhere
from finops.gaps.totals import by_cause, by_tag, by_week, coverage, keys, tag_totals, untaggable
from finops.models import model
from finops.tags import merged_keys_notes

if TYPE_CHECKING:
    from finops.aws.door import Door
    from finops.reader import Ledger

__all__ = ["COLUMNS", "RULE", "below", "coverage", "find_gaps", "tag_gaps", "with_live"]

# A resource is a line of a table, and a person reads the worst twenty.
TABLE_ROWS = 20

COLUMNS = (
    Column("tag"),
    Column("cause"),
    Column("account"),
    Column("region"),
    Column("service"),
    Column("resource_id"),
    Column("key", "text", "filled"),
    Column("value", "text", "filled"),
    Column("suggestion", "text", "filled"),
    Column("suggestion_basis", "text", "filled"),
    Column("first_seen", "text", "never"),
    Column("last_seen"),
    Column("cost", "money"),
    Column("owner", "text", "filled"),
    Column("owner_basis", "text", "never"),
    Column("counts_as", "text", "never"),
    Column("resources", "count", "never"),
    Column("suppressed", "text", "filled"),
    Column("id", "id"),
)
# What tells one finding of the rule from another, in the order of its id.
WHERE = ("tag", "cause", "counts_as", "account", "region", "service", "resource_id")
# Keys of [[suppress]] where -> columns.
SUPPRESSED_BY = {
    "tag": "tag",
    "cause": "cause",
    "account": "account",
    "region": "region",
    "service": "service",
    "resource": "resource_id",
}

_SORTED = (
    f"select {', '.join(column.name for column in COLUMNS)} from gap_rows "
    "order by cost desc, tag, account, region, service, resource_id, cause, counts_as"
)


def tag_gaps(ledger: Ledger, inferred: bool = False) -> Document:
    """Rows per required tag, cause and resource; totals by tag, cause, week, key, and of what can carry no tag.

    With `inferred` missing values are suggested, and totals say how well each basis of that predicts known ones.
    Raises UsageError when no tag is required.
    """
    required = ledger.settings.tags.required
    if not required:
        raise UsageError("no tag is required", where="[tags] required", fix="name at least one in finops.toml")
    pieces = parts(ledger, required)
    suppressed = find_gaps(ledger, "gap_rows")
    suppressed += find_elsewhere(ledger, today())
    measured = {"inference": infer(ledger, required, ledger.settings.tags.infer_precision)} if inferred else {}
    found = {row["tag"]: row for part, tags in pieces for row in tag_totals(part, tags)}
    totals = [found[tag] for tag in required]
    return Document(
        command="tag-gaps",
        basis=basis_of(ledger),
        rows=_gap_rows(ledger, sum((total["gap"] for total in totals), Decimal(0))),
        totals={
            "by_tag": by_tag(totals),
            "by_cause": by_cause(ledger, required),
            "by_week": by_week(pieces, required),
            **measured,
            **({"residency": elsewhere(ledger)} if ledger.settings.residency else {}),
            "keys": keys(pieces),
            "untaggable": untaggable(pieces[0][0]),
        },
        problems=[
            *ledger.problems,
            *merged_keys_notes(ledger.connection, ledger.settings.tags, required),
            *negation_note(ledger),
            *cost_explorer_tag_notes(ledger, required),
            *virtual_notes(ledger, required),
            *_invalid(totals, ledger.currency),
            *suppressed,
        ],
        table_rows=TABLE_ROWS,
        folded=frozenset({"keys", "untaggable"}),
    )


def with_live(document: Document, ledger: Ledger, door: Door) -> Document:
    """The document with what AWS says today of each gap. Raises EngineError when AWS cannot be asked."""
    from finops.gaps.live import live

    return replace(document, totals={**document.totals, "live": live(ledger, door)})


def parts(ledger: Ledger, required: Sequence[str]) -> list[tuple[Ledger, list[str]]]:
    """The required tags by the ledger that has them: one for all of them, but where Cost Explorer has one cut each."""
    found: dict[int, tuple[Ledger, list[str]]] = {}
    for tag in required:
        part = ledger.over(dimension(f"tag:{tag}"))
        found.setdefault(id(part), (part, []))[1].append(tag)
    return list(found.values())


def require_resources(ledger: Ledger, option: str) -> None:
    """Raises UsageError where Cost Explorer, which knows no resources, is part of the ledger."""
    if any(one["format"] == COST_EXPLORER for one in ledger.deliveries):
        raise UsageError("Cost Explorer tells of no resource", option, "load an export: it has resource ids")


def find_gaps(ledger: Ledger, table: str, start: date | None = None, end: date | None = None) -> list[Problem]:
    """Create a view of the findings of the charge days [start, end), named and suppressed.

    Without days they are all those of the ledger. Returns what to say of suppressions.
    """
    held, found = f"{table}_found", model(RULE).sql
    for at, (part, tags) in enumerate(parts(ledger, ledger.settings.tags.required)):
        _prepare(part, tags, start, end)
        # no temporary table: the parts of a ledger share it
        part.connection.execute(f"insert into {held} {found}" if at else f"create or replace table {held} as {found}")
    said = suppress(ledger.connection, held, RULE, ledger.settings.suppress, SUPPRESSED_BY, today())
    # a digest of every finding takes its time, and few questions need one
    named = f"select *, {id_sql(RULE, WHERE)} as id from {held}"
    ledger.connection.execute(f"create or replace view {table} as {named}")
    return said


def _prepare(ledger: Ledger, required: Sequence[str], start: date | None, end: date | None) -> None:
    ledger.prepare((RULE, *required), partial(_judge_sets, ledger, required))
    connection = ledger.connection
    days = [f"charge_day {sign} date '{day}'" for sign, day in ((">=", start), ("<", end)) if day is not None]
    where = f"where {' and '.join(days)}" if days else ""
    connection.execute(f"create or replace temp view resource_cost as {_COST.format(cost=ledger.cost)} {where}")
    connection.execute(f"create or replace temp view resource_history as {_HISTORY}")


def _judge_sets(ledger: Ledger, required: Sequence[str]) -> None:
    """Decide what is wrong with each set of tags: that is the same on all days."""
    connection, settings = ledger.connection, ledger.settings
    create_tag_faults(connection, settings.tags, required)
    create_tag_conflicts(connection, settings.environments, required)
    create_owners(connection, settings)


def below(document: Document, percent: Decimal) -> list[tuple[str, Decimal | None]]:
    """The tags whose coverage is under `percent` or cannot be told (None), in the order required."""
    table = document.totals["by_tag"]
    rows = [dict(zip(table.names, row, strict=True)) for row in table.read(None)]
    return [
        (row["tag"], row["coverage"])
        for row in rows
        if row["coverage"] is None or 100 * row["tagged_cost"] < percent * row["taggable_cost"]
    ]


def _gap_rows(ledger: Ledger, gap_cost: Decimal) -> Rows:
    (found,) = ledger.rows(_CHECKED)
    if found["cost"] != gap_cost:
        raise FinopsError(f"the rows sum to {found['cost']} and the gaps to {gap_cost}", where=RULE)
    return Rows.of_query(ledger.connection, COLUMNS, found["count"], _SORTED)


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


_COST = """
select delivery_id, tag_set_id, charge_day, billing_account_id, sub_account_id, region_id, x_service_code,
    resource_id, x_taggable, {cost} as cost
from resource_daily
"""

_HISTORY = """
select delivery_id, tag_set_id, charge_day, sub_account_id, resource_id, x_taggable from all_resource_daily
"""

_CHECKED = """
select count(*) as count, coalesce(sum(cost) filter (where counts_as = 'gap'), 0) as cost from gap_rows
"""
