"""The door between an export's files and the SQL models, for DuckDB: typed source columns, tag sets, one sum.

The models read `cur_rows` or `focus_rows`: every known column under one name and type, null where the export has
none. Blank text is null. Money is cast here, once, to DECIMAL(38,10), half-even.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finops.engines.duckdb import identifier, literal, path_list
from finops.engines.layout import Column, Label, Layout, known_columns

MONEY = "decimal(38, 10)"
_SQL_TYPES = {
    "text": "varchar",
    "account": "varchar",
    "timestamp": "timestamp",
    "money": MONEY,
    "number": "double",
    "map": "varchar",
}
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U", "DECIMAL", "DOUBLE", "FLOAT")
# How AWS spells a time, always UTC.
_PLAIN_TIMES = ("T__:__:__Z", "T__:__:__.000Z", "T__:__:__", " __:__:__", " __:__:__+00:00")
# CUR 2.0 keeps rare product attributes in a map; these the ledger needs.
_FROM_PRODUCT = {"product_region_code": "region", "product_product_name": "product_name"}


@dataclass(frozen=True)
class Care:
    """What the texts of a delivery need beyond a plain cast; each costs time, so it is measured first.

    `half_even`: some costs carry more than 10 decimals. `instants`: some times are spelled with an offset from UTC,
    or in any other way than AWS does.
    """

    half_even: bool = False
    instants: bool = False


def source_sql(layout: Layout, files: list[Path], period_start: str, care: Care) -> str:
    """The select that gives the rows of `files` as source columns plus `tag_set_id`.

    `period_start` (YYYY-MM-01) stands in where the export has no billing period column.
    """
    columns = [
        f"{_column_sql(layout, column, period_start, care)} as {column.name}" for column in known_columns(layout.shape)
    ]
    return f"select {tag_set_id(layout)} as tag_set_id,\n" + ",\n".join(columns) + f"\nfrom {scan(files)}"


def period_column(layout: Layout) -> str:
    """The source column that holds the start of the billing period."""
    return "bill_billing_period_start_date" if layout.shape == "cur" else "billing_period_start"


def period_sql(layout: Layout) -> str:
    """The billing period (YYYY-MM) of a stored row, from its own column."""
    column = next(one for one in known_columns(layout.shape) if one.name == period_column(layout))
    start = _column_sql(
        replace(layout, columns={column.name: layout.columns[column.name]}), column, "1970-01-01", Care(instants=True)
    )
    return f"strftime({start}, '%Y-%m')"


def scan(files: list[Path]) -> str:
    """The table function that reads the row files of one delivery."""
    return f"read_parquet({path_list(files)}, union_by_name = true, hive_partitioning = false)"


def _column_sql(layout: Layout, column: Column, period_start: str, care: Care) -> str:
    parts = [
        _cast(_blank_as_null(layout, name), layout.types[name], column, care)
        for name in layout.columns.get(column.name, ())
    ]
    if column.name in _FROM_PRODUCT and layout.has("product"):
        parts.append(_product_attribute(layout, _FROM_PRODUCT[column.name]))
    if column.name == period_column(layout):
        parts.append(f"timestamp {literal(period_start)}")
    if not parts:
        return f"cast(null as {_SQL_TYPES[column.kind]})"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _blank_as_null(layout: Layout, name: str) -> str:
    sql = identifier(name)
    if layout.types[name] != "VARCHAR":
        return sql
    for text in layout.nulls:
        sql = f"nullif({sql}, {literal(text)})"
    return sql


def _cast(sql: str, physical: str, column: Column, care: Care) -> str:
    if column.kind == "money":
        # an optional cost that is no number is counted by unreadable_sql; the metric it feeds is refused
        return money(sql, care.half_even, readable_only=physical == "VARCHAR" and not column.required)
    if column.kind == "account" and physical.startswith(_NUMBERS):
        # a numeric account id has lost its leading zeros
        digits = f"cast(cast({sql} as hugeint) as varchar)"
        return f"lpad({digits}, cast(greatest(12, length({digits})) as integer), '0')"
    if column.kind == "timestamp" and physical == "VARCHAR":
        # a cast to timestamp drops an offset; through an instant it is converted, several times slower
        instant = f"cast({sql} as timestamptz)" if care.instants else f"left({sql}, 19)"
        return f"cast({instant} as timestamp)"
    return f"cast({sql} as {_SQL_TYPES[column.kind]})"


def money(sql: str, half_even: bool, readable_only: bool = False) -> str:
    """Cast an expression to money. DuckDB rounds ties away from zero; `half_even` corrects them.

    With `readable_only` what is no number becomes null instead of an error.
    """
    cast = "try_cast" if readable_only else "cast"
    if not half_even:
        return f"{cast}({sql} as {MONEY})"
    # a double is what it prints: its nearest short decimal, not the binary fraction behind it
    text = f"cast({sql} as varchar)"
    plain, exact = f"{cast}({text} as {MONEY})", f"{cast}({text} as decimal(38, 18))"
    is_tie = f"abs({plain} - {exact}) = cast('0.00000000005' as decimal(38, 18))"
    last_digit_is_odd = f"cast(right(cast({plain} as varchar), 1) as integer) % 2 = 1"
    step = f"cast('0.0000000001' as {MONEY})"
    back = f"case when {plain} > 0 then {plain} - {step} else {plain} + {step} end"
    return f"case when {is_tie} and {last_digit_is_odd} then cast({back} as {MONEY}) else {plain} end"


def finer_sql(sql: str, physical: str) -> str:
    """Whether a cost carries more than 10 decimals; in a double, beyond its noise. Null for what is no number."""
    if physical in ("DOUBLE", "FLOAT"):
        return f"abs({sql} * 1e10 - round({sql} * 1e10)) > 0.01 + abs({sql}) * 4e-6"
    return f"try_cast({sql} as decimal(38, 18)) <> try_cast({sql} as {MONEY})"


def _product_attribute(layout: Layout, attribute: str) -> str:
    name = layout.columns["product"][0]
    if layout.types[name].startswith("MAP"):
        return f"nullif(cast({identifier(name)}[{literal(attribute)}] as varchar), '')"
    return f"nullif(json_extract_string({identifier(name)}, '$.{attribute}'), '')"


def tag_set_id(layout: Layout) -> str:
    """The number of the set of labels on a row; rows with the same labels share it."""
    if not layout.labels:
        return "cast(0 as ubigint)"
    return f"hash({', '.join(_label_value(layout, label) for label in layout.labels)})"


def _label_value(layout: Layout, label: Label) -> str:
    return _blank_as_null(layout, label.column)


def label_sets_sql(layout: Layout, files: list[Path]) -> str:
    """The distinct sets of labels: `tag_set_id` and the physical label columns as l0, l1, ..."""
    values = "".join(f", {_label_value(layout, label)} as l{index}" for index, label in enumerate(layout.labels))
    return f"select distinct {tag_set_id(layout)} as tag_set_id{values} from {scan(files)}"


def tag_sets_sql(layout: Layout, label_sets: str) -> str:
    """One row per label of each set in the table `label_sets`: tag_set_id, source, key, value."""
    places = [(label, f"l{index}") for index, label in enumerate(layout.labels)]
    keyed = [(label, column) for label, column in places if label.key is not None]
    selects = [_keyed_sql(keyed, label_sets)] if keyed else []
    selects += [_labels_sql(layout, label, column, label_sets) for label, column in places if label.key is None]
    empty = "select cast(0 as ubigint) as tag_set_id, '' as source, '' as key, '' as value where false"
    return " union all ".join(selects or [empty])


def _keyed_sql(keyed: Sequence[tuple[Label, str]], table: str) -> str:
    """The labels that have a column each, of all columns at once: a select for each takes minutes for thousands."""
    labels = ", ".join(
        f"{{'source': {literal(label.source)}, 'key': {literal(label.key or '')}, 'value': cast({column} as varchar)}}"
        for label, column in keyed
    )
    each = f"select tag_set_id, unnest([{labels}]) as label from {table}"
    return (
        "select tag_set_id, label.source as source, label.key as key, label.value as value "
        f"from ({each}) where label.value is not null"
    )


def _labels_sql(layout: Layout, label: Label, column: str, table: str) -> str:
    text = layout.types[label.column] == "VARCHAR"
    as_map = f"cast(cast({column} as json) as map(varchar, varchar))" if text else column
    entries = f"select tag_set_id, unnest(map_entries({as_map})) as entry from {table} where {column} is not null"
    source, key = literal(label.source), "entry.key"
    if label.source == "prefixed":
        source, key = _prefixed_source(layout), "substring(entry.key, strpos(entry.key, '/') + 1)"
    labels = (
        f"select tag_set_id, {source} as source, {key} as key, cast(entry.value as varchar) as value from ({entries})"
    )
    return f"select * from ({labels}) where source is not null and value is not null"


def _prefixed_source(layout: Layout) -> str:
    # The newer `tags` map repeats the older maps beside account tags: what they give is not taken twice.
    given = {label.source for label in layout.labels}
    prefixes = {
        "accountTag/": "account_tag",
        "resourceTags/": "resource_tag",
        "costCategory/": "cost_category",
    }
    cases = [
        f"when entry.key like {literal(prefix + '%')} then {literal(source)}"
        for prefix, source in prefixes.items()
        if source not in given
    ]
    return f"case {' '.join(cases)} end"


def source_totals_sql(layout: Layout, files: list[Path], half_even: bool) -> str:
    """Rows and unblended (billed) cost straight from the physical columns: what every view must sum to."""
    cost = "line_item_unblended_cost" if layout.shape == "cur" else "billed_cost"
    start = "line_item_usage_start_date" if layout.shape == "cur" else "charge_period_start"
    physical = _blank_as_null(layout, layout.columns[cost][0])
    begins = _blank_as_null(layout, layout.columns[start][0])
    return (
        f"select count(*) as line_items, sum({money(physical, half_even)}) as unblended, "
        f"count(*) filter (where {physical} is null) as blank_costs, "
        f"count(*) filter (where {begins} is null) as blank_starts, "
        f"count(*) filter (where {_any_finer(layout)}) as finer_costs, "
        f"count(*) filter (where {_any_instant(layout)}) as instants from {scan(files)}"
    )


def _any_finer(layout: Layout) -> str:
    """Whether any cost of a row carries more than 10 decimals."""
    tests = [finer_sql(sql, layout.types[name]) for name, sql in _physical(layout, "money")]
    return " or ".join(f"coalesce({test}, false)" for test in tests)


def _any_instant(layout: Layout) -> str:
    """Whether any time of a row is a text that is not spelled as AWS spells UTC."""
    texts = [sql for name, sql in _physical(layout, "timestamp") if layout.types[name] == "VARCHAR"]
    plain = [" or ".join(f"{sql} like '____-__-__{form}'" for form in _PLAIN_TIMES) for sql in texts]
    return " or ".join(f"coalesce(not ({test}), false)" for test in plain) or "false"


def _physical(layout: Layout, kind: str) -> list[tuple[str, str]]:
    """The physical columns of one kind, each with its SQL."""
    return [
        (name, _blank_as_null(layout, name))
        for column in known_columns(layout.shape)
        if column.kind == kind
        for name in layout.columns.get(column.name, ())
    ]


def unreadable_sql(layout: Layout, files: list[Path], needed_by: Mapping[str, tuple[str, ...]]) -> str | None:
    """One count per optional cost column that is text: the rows that need it and whose text is no number.

    `needed_by` gives the line item types whose metrics read a column; other cells of it do not matter. None when
    no such column is text.
    """
    kind = identifier(layout.columns["line_item_line_item_type"][0]) if layout.shape == "cur" else "''"
    counts = [
        f"count(*) filter (where {kind} in ({', '.join(map(literal, types))}) and {sql} is not null "
        f"and try_cast({sql} as {MONEY}) is null) as {column}"
        for column, types in needed_by.items()
        for name in layout.columns.get(column, ())[:1]
        if layout.types[name] == "VARCHAR"
        for sql in [_blank_as_null(layout, name)]
    ]
    return f"select {', '.join(counts)} from {scan(files)}" if counts else None
