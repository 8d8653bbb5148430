"""The SQL that gives the same figures in DuckDB's own shell: one select over the database and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.catalog import COST_EXPLORER, Delivery, deliveries, store_of
from finops.dimensions import Clause, Dimension, keys_of, needed_joins, needed_mart, where_sql
from finops.engines.duckdb import identifier, literal
from finops.environments import SELECT, UNMAPPED, rules_of, tags_of
from finops.errors import UsageError
from finops.evidence.conditions import Condition
from finops.explore.question import Question
from finops.explore.slices import inside
from finops.tag_places import tells_places
from finops.tags import spelled

if TYPE_CHECKING:
    from finops.reader import Ledger

# A statement that is pasted: a tag with thousands of values that need reading is better asked of finops.
_MOST_VALUES = 300


def statement(ledger: Ledger, database: Path, question: Question) -> str:
    """The select behind a slice. Raises UsageError, saying why, where SQL alone cannot give the same."""
    _require_plain(ledger, database, question)
    filters = question.filters
    filtered = [one.dimension for one in filters]
    asked = [*question.by, *filtered]
    facts = f"{needed_mart(asked)} as facts"
    condition = _filled(where_sql(filters))
    if any(one.join for one in filtered):
        joins = _filled(needed_joins(filtered))
        facts = f"(\n    select facts.*\n    from {facts}\n    {joins}\n    where {condition}\n) as facts"
        condition = "true"
    spans = " or ".join(map(inside, question.spans))
    parts = (
        f"-- duckdb -readonly {database}",
        _tables(ledger, asked),
        "select\n    " + ",\n    ".join([*_keys(question.by), *_sums(ledger, question)]),
        f"from {facts}",
        _filled(needed_joins(question.by)),
        f"where {f'({spans})' if question.against else spans}",
        "" if condition == "true" else f"    and {condition}",
        "group by all",
        f"order by {_order(question)};",
    )
    return "\n".join(part for part in parts if part)


def lines_statements(ledger: Ledger, database: Path, question: Question) -> str:
    """Selects over the rows as AWS delivered them, for the resources that are asked for; blank without any."""
    resources = [one.values for one in question.filters if one.dimension.word == "resource"]
    if len(resources) != 1:
        return ""
    used = {row["delivery_id"] for row in ledger.rows("select distinct delivery_id from resource_daily")}
    held = [one for one in deliveries(database) if one.delivery_id in used]
    return "\n\n".join(text for one in held if (text := _of_delivery(one, database, resources[0])))


def _of_delivery(one: Delivery, database: Path, resources: Sequence[str]) -> str:
    columns = one.layout.get("columns", {})
    physical = columns.get("line_item_resource_id") or columns.get("resource_id")
    rows = store_of(database).absolute() / one.delivery_id / "rows"
    if not physical or not rows.is_dir():
        return ""
    values = ", ".join(map(literal, resources))
    files = literal(f"{rows}/*")
    return _RAW.format(period=one.period, files=files, column=identifier(physical[0]), values=values)


def _require_plain(ledger: Ledger, database: Path, question: Question) -> None:
    """The views of the database are those of its current deliveries, and settings are no part of it."""
    asked = [*question.by, *(one.dimension for one in question.filters)]
    counted = {row["delivery_id"] for row in ledger.rows("select delivery_id from deliveries")}
    current = deliveries(database)
    if counted != {one.delivery_id for one in current} or any(one.code == "several_exports" for one in ledger.problems):
        raise UsageError("a period is loaded from several exports and counted once: the command does that")
    if any(one.format == COST_EXPLORER for one in current):
        raise UsageError("Cost Explorer is loaded in several cuts of the same money: the command chooses one")
    by_policy = keys_of("tag", asked) or any(one.word == "environment" for one in asked)
    if by_policy and tells_places(ledger.settings.tags):
        raise UsageError("the tag policy differs from place to place: the command applies it")


def _keys(by: Sequence[Dimension]) -> Iterator[str]:
    return (f"{one.expression(at)} as {identifier(one.key)}" for at, one in enumerate(by))


def _sums(ledger: Ledger, question: Question) -> Iterator[str]:
    if not question.against:
        yield f"sum(facts.{ledger.cost}) as cost"
        return
    for name, span in (("cost", question.span), ("cost_before", question.against)):
        yield f"coalesce(sum(facts.{ledger.cost}) filter (where {inside(span)}), 0) as {name}"


def _order(question: Question) -> str:
    names = [identifier(one.key) for one in question.by]
    first = [name for name, one in zip(names, question.by, strict=True) if one.over_time][:1]
    return ", ".join([*first, "cost desc", *(name for name in names if name not in first)])


def _tables(ledger: Ledger, asked: Sequence[Dimension]) -> str:
    """What the dimensions are joined to, written out in the statement."""
    tables = []
    for kind, source, table, name in _LABELS:
        if words := keys_of(kind, asked):
            tables.append(_labels(ledger, source, table, name, words))
    if any(one.word == "export" for one in asked):
        rows = ledger.rows("select delivery_id, export from deliveries order by delivery_id")
        tables.append(f"deliveries (delivery_id, export) as ({_values([tuple(row.values()) for row in rows])})")
    if any(one.word == "environment" for one in asked):
        tables += _environments(ledger)
    return f"with {', '.join(tables)}" if tables else ""


def _environments(ledger: Ledger) -> Iterator[str]:
    """The rules of the settings, and what they make of each combination of tags, account and region."""
    rules = rules_of(ledger.connection, ledger.settings)
    if len(rules) > _MOST_VALUES:
        raise UsageError(f"{len(rules):,} rules say what belongs to an environment: the command applies them")
    yield _labels(ledger, "resource_tag", "environment_tags", "tag", tags_of(ledger.settings))
    yield f"environment_rules (kind, tag, value, environment, place) as ({_values(rules or [('', '', '', '', 0)])})"
    yield f"environments as ({_filled(Clause(SELECT, (UNMAPPED,)))})"


_LABELS = (
    ("tag", "resource_tag", "tag_values", "tag"),
    ("cost_category", "cost_category", "cost_category_values", "name"),
)


def _labels(ledger: Ledger, source: str, table: str, name: str, words: Sequence[str]) -> str:
    """The values of tags or cost categories by set, as the settings read them today."""
    keys, readings = spelled(ledger.connection, ledger.settings.tags, source, words)
    if len(readings) > _MOST_VALUES:
        raise UsageError(f"{len(readings):,} values are spelled otherwise than they print: the command reads them")
    by_key = sorted({(tag, match.raw_key, at) for _, tag, matches in keys for at, match in enumerate(matches)})
    lists = {tag: {tuple(one.raw_key for one in found) for _, other, found in keys if other == tag} for tag in words}
    if any(len(found) > 1 for found in lists.values()):
        raise UsageError("the exports spell the keys in different ways: the command reads each by its own")
    return _TAGS.format(
        table=table,
        name=name,
        source=literal(source),
        keys=_values(by_key or [("", "", 0)]),
        readings=_values(sorted(readings, key=str) or [("", "", None, "")]),
        only="" if source == "resource_tag" else " and state = 'valid'",
    )


def _values(rows: Sequence[Sequence[Any]]) -> str:
    return "values " + ", ".join("(" + ", ".join(map(_written, row)) + ")" for row in rows)


def _written(value: object) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else literal(str(value))


def _filled(clause: Clause) -> str:
    return Condition(clause.sql, clause.params).filled


_RAW = """\
-- every column of its lines in {period}
select *
from read_parquet({files}, union_by_name = true)
where {column} in ({values});"""

_TAGS = """\
{table} as (
    select delivery_id, tag_set_id, {name}, value, state
    from (
        select
            sets.delivery_id, sets.tag_set_id, keys.word as {name},
            case when readings.state is null then sets.value else readings.value end as value,
            coalesce(readings.state, 'valid') as state,
            row_number() over (
                partition by sets.delivery_id, sets.tag_set_id, keys.word
                order by case readings.state when 'blank' then 1 else 0 end, keys.place
            ) as choice
        from tag_sets as sets
        join ({keys}) as keys (word, key, place) on keys.key = sets.key
        left join ({readings}) as readings (word, raw, value, state)
            on readings.word = keys.word and readings.raw = coalesce(sets.value, '')
        where sets.source = {source}
    )
    where choice = 1{only}
)"""
