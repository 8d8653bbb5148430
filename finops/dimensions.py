"""The dimensions spend is cut by: what each is called, and where in the marts it is found.

Both `--by` and `--where` read this table. A query selects from one mart under the alias `facts`; what a
dimension needs beside the mart is joined under `j0`, `j1`, ... by its position in the list of dimensions.
Values typed by a person are bound parameters, never part of the SQL text.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from finops.errors import UsageError

NONE = "(none)"
DAILY_COST = "daily_cost"
RESOURCE_DAILY = "resource_daily"

# A Savings Plan's covered usage and the line that takes it back again: one without the other is no cost.
COVERED_AND_NEGATION = ("SavingsPlanCoveredUsage", "SavingsPlanNegation")

_SAME_SET = "{j}.delivery_id = facts.delivery_id and {j}.tag_set_id = facts.tag_set_id"


@dataclass(frozen=True)
class Dimension:
    """One dimension: `word` as typed, SQL over `facts` (and the join `{j}`), and the mart that has it.

    `argument` is the key typed behind a colon. `evidence` selects the deliveries that have the dimension at
    all; without it every delivery does.
    """

    word: str
    sql: str
    mart: str = DAILY_COST
    join: str = ""
    argument: str | None = None
    row_key: str | None = None
    over_time: bool = False
    by_tag_set: bool = False
    evidence: str = ""

    @property
    def key(self) -> str:
        """The dimension's key in a row of output."""
        return self.row_key or self.word

    def expression(self, position: int) -> str:
        """The value as text, never null."""
        return f"coalesce({self.sql.format(j=f'j{position}')}, '{NONE}')"


@dataclass(frozen=True)
class Filter:
    """Rows whose `dimension` has one of `values`; `widened` when finops added a value of its own."""

    dimension: Dimension
    values: tuple[str, ...]
    widened: bool = False


@dataclass(frozen=True)
class Clause:
    """SQL text and the parameters it binds, in order."""

    sql: str
    params: tuple[str, ...] = ()


def _facts(word: str, column: str, mart: str = DAILY_COST, row_key: str | None = None) -> Dimension:
    evidence = f"select distinct delivery_id from all_{mart} where {column} is not null"
    return Dimension(word, f"facts.{column}", mart, row_key=row_key, evidence=evidence)


def _time(word: str, sql: str) -> Dimension:
    return Dimension(word, sql, over_time=True)


_PLAIN = {
    dimension.word: dimension
    for dimension in (
        _time("billing_period", "facts.billing_period"),
        _time("month", "strftime(facts.charge_day, '%Y-%m')"),
        _time("week", "cast(cast(date_trunc('week', facts.charge_day) as date) as varchar)"),
        _time("day", "cast(facts.charge_day as varchar)"),
        _facts("payer", "billing_account_id"),
        _facts("account", "sub_account_id"),
        _facts("region", "region_id"),
        _facts("service", "x_service_code"),
        _facts("currency", "billing_currency"),
        _facts("pricing_category", "pricing_category"),
        _facts("charge_category", "charge_category"),
        _facts("line_item_type", "x_line_item_type"),
        _facts("usage_type", "x_usage_type", RESOURCE_DAILY),
        _facts("resource", "resource_id", RESOURCE_DAILY, row_key="resource_id"),
        Dimension("export", "{j}.export", join="join deliveries as {j} on {j}.delivery_id = facts.delivery_id"),
        Dimension(
            "environment",
            "coalesce({j}.environment, '(unmapped)')",
            join=f"left join environments as {{j}} on {_SAME_SET}"
            " and {j}.sub_account_id is not distinct from facts.sub_account_id"
            " and {j}.region_id is not distinct from facts.region_id",
            by_tag_set=True,
        ),
    )
}

_KEYED = {
    "tag": Dimension(
        "tag",
        "case when {j}.state = 'valid' then {j}.value when {j}.state = 'invalid' then '(invalid)'"
        " when facts.x_taggable then '(untagged)' else '(untaggable)' end",
        join=f"left join tag_values as {{j}} on {_SAME_SET} and {{j}}.tag = ?",
        by_tag_set=True,
        evidence="select distinct delivery_id from tag_values where tag = ?",
    ),
    "cost_category": Dimension(
        "cost_category",
        "{j}.value",
        join=f"left join cost_category_values as {{j}} on {_SAME_SET} and {{j}}.name = ?",
        by_tag_set=True,
        evidence="select distinct delivery_id from cost_category_values where name = ?",
    ),
}

DIMENSIONS = (*_PLAIN, "cost_category:NAME", "tag:KEY")


def dimension(word: str) -> Dimension:
    """The dimension called `word`. Raises UsageError naming the nearest one there is."""
    if word in _PLAIN:
        return _PLAIN[word]
    kind, colon, argument = word.partition(":")
    if kind in _KEYED and argument.strip():
        return replace(_KEYED[kind], word=word, argument=argument)
    if kind in _KEYED:
        raise UsageError(f"{word} names no key", where=word, fix=f"{kind}:NAME, for example tag:Environment")
    raise _unknown(kind if colon else word, word)


def parse_by(text: str | None) -> list[Dimension]:
    """The dimensions of `--by`, separated by commas (a key with a comma is quoted as in CSV)."""
    words = [word.strip() for word in _split(text)] if text else []
    twice = next((word for word in words if words.count(word) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} is asked for twice", where=f"--by {text}")
    return [dimension(word) for word in words]


def parse_where(text: str) -> Filter:
    """One `--where KEY=VALUE[,VALUE]`; a value that holds a comma is quoted as in CSV.

    Raises UsageError for an unknown key or no value.
    """
    word, equals, rest = text.partition("=")
    values = _split(rest)
    if not equals or not word.strip() or not any(values):
        raise UsageError(f"--where needs KEY=VALUE, not {text!r}", fix="--where service=AmazonEC2,AmazonS3 for example")
    return filter_on(word.strip(), values)


def by_text(words: Sequence[str]) -> str:
    """Dimensions as `parse_by` takes them, whatever is in their keys."""
    return _joined(words)


def where_text(word: str, values: Sequence[str]) -> str:
    """The filter that a dimension has one of the values, as `parse_where` takes it, whatever is in them."""
    return f"{word}={_joined(values)}"


def filter_on(word: str, values: Sequence[str]) -> Filter:
    """The filter that a dimension has one of the values. Raises UsageError for an unknown dimension.

    Line item types take covered usage and its negation together: either one alone counts the same hour's cost
    twice or takes it back without having counted it.
    """
    found = dimension(word)
    together = [value for value in COVERED_AND_NEGATION if value not in values]
    if found.word == "line_item_type" and len(together) == 1:
        return Filter(found, (*values, *together), widened=True)
    return Filter(found, tuple(values))


def needed_joins(dimensions: Sequence[Dimension]) -> Clause:
    """The joins behind `facts` that the dimensions need, aliased by their position."""
    joins = [(one.join.format(j=f"j{position}"), one.argument) for position, one in enumerate(dimensions) if one.join]
    return Clause("\n".join(sql for sql, _ in joins), tuple(argument for _, argument in joins if argument is not None))


def where_sql(filters: Sequence[Filter]) -> Clause:
    """The condition that all filters hold, over `facts` and the joins of the filters' dimensions.

    Positions of joins are those of `needed_joins([f.dimension for f in filters])`. No filter is `true`.
    """
    conditions = [
        f"{one.dimension.expression(position)} in ({', '.join('?' * len(one.values))})"
        for position, one in enumerate(filters)
    ]
    return Clause(" and ".join(conditions) or "true", tuple(value for one in filters for value in one.values))


def needed_mart(dimensions: Sequence[Dimension]) -> str:
    """The smallest mart that has every one of the dimensions."""
    return RESOURCE_DAILY if any(one.mart == RESOURCE_DAILY for one in dimensions) else DAILY_COST


def keys_of(kind: str, dimensions: Sequence[Dimension]) -> list[str]:
    """The keys typed behind `kind` ("tag" or "cost_category"), in order, each once."""
    keys = (one.argument for one in dimensions if one.word.startswith(f"{kind}:"))
    return list(dict.fromkeys(key for key in keys if key is not None))


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise UsageError(f"cannot read the list {text!r}: {error}", fix='quote as in CSV: "a,b",c') from error


def _joined(words: Sequence[str]) -> str:
    text = io.StringIO()
    bare = all(word and word == word.strip() for word in words)
    csv.writer(text, lineterminator="", quoting=csv.QUOTE_MINIMAL if bare else csv.QUOTE_ALL).writerow(words)
    return text.getvalue()


def _unknown(stem: str, word: str) -> UsageError:
    names = [name.partition(":")[0] for name in DIMENSIONS]
    near = get_close_matches(stem.lower(), names, n=1, cutoff=0.5)
    nearest = next((name for name in DIMENSIONS if near and name.partition(":")[0] == near[0]), None)
    fix = f"{nearest}; all: {', '.join(DIMENSIONS)}" if nearest else f"one of {', '.join(DIMENSIONS)}"
    return UsageError(f"there is no dimension {word}", fix=fix)
