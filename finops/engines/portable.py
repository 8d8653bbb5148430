"""What a model may be written in so that it means the same on DuckDB, Spark and Athena, and why all else is refused.

An allow-list: what is not in ALLOWED has to be tried on every engine before it is added.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

# Kinds of nodes in sqlglot's tree, and why they are safe.
ALLOWED = {
    "a select from tables by their names": "Select From Table TableAlias Alias Column Identifier With CTE",
    "every column of an input, within a model only": "Star",
    "a join says its condition and keeps one row or the left one, or takes every pair": "Join",
    "the rows of one select behind those of another, columns in the same order": "Union",
    "filters and logic are standard": "Where And Or Not Is In EQ NEQ GT GTE LT LTE Like Paren Null Boolean Literal",
    "cases and defaults are standard": "Case If Coalesce",
    "a cast names a type with its precision: the default of DECIMAL differs": "Cast DataType DataTypeParam",
    # Spark keeps ten places only with spark.sql.decimalOperations.allowPrecisionLoss set to false.
    "sums, differences and whole multiples of decimals; no division, its result differs": "Add Sub Neg Mul",
    "aggregates that give the same on any order of rows": "Group Sum Count Min Max BitwiseOrAgg Filter",
    "bits of an integer, by the name each engine has for it": "BitwiseLeftShift",
    # Spark reads the parts of a time in spark.sql.session.timeZone.
    "a time and its parts, where the session is in UTC": "Interval Var Extract",
    "the first characters of a text, counted from one": "Substring",
}
# What one might well write, and what would go wrong.
REFUSED = {
    "Div": "DuckDB divides decimals to DOUBLE, Spark to a decimal, and Athena cuts whole numbers",
    "IntDiv": "Spark and Athena have no // of decimals",
    "Mod": "its sign and its type differ",
    "Round": "DuckDB and Spark round halves another way; only output rounds",
    "Avg": "its result has another type and scale on each engine",
    "PercentileCont": "Athena has only an approximate one",
    "Median": "Athena has none",
    "TryCast": "what is no number would be null in silence",
    "Bracket": "a key that a map lacks is null in DuckDB and an error on Spark and Athena",
    "Explode": "unnest is a table on Athena and a column elsewhere; sets of tags are taken apart before staging",
    "ArrayAgg": "the order of its items is not said, and nulls stay on some engines only",
    "GroupConcat": "the order of its parts is not said",
    "First": "which row is the first is not said",
    "Last": "which row is the last is not said",
    "AnyValue": "which row it is from is not said",
    "ArgMax": "ties give another row on each engine",
    "ArgMin": "ties give another row on each engine",
    "Order": "nulls come last on DuckDB and Athena and first on Spark; a model has no order",
    "Limit": "which rows are left is not said",
    "ILike": "Athena has none; compare lower(...)",
    "RegexpLike": "each engine has regular expressions of its own",
    "RegexpFullMatch": "each engine has regular expressions of its own",
    "RegexpReplace": "each engine has regular expressions of its own, and replaces one or all",
    "RegexpExtract": "each engine has regular expressions of its own",
    "DateDiff": "it counts borders on some engines and whole spans on others",
    "TimestampTrunc": "its result is a DATE on some engines and a TIMESTAMP on others",
    "LastDay": "Athena has another name for it, and its result another type",
    "CurrentDate": "a model gives the same rows whenever it is run",
    "Rand": "a model gives the same rows whenever it is run",
    "Lambda": "Athena and Spark have other words for lists and their functions",
    "Comprehension": "only DuckDB has it",
    "Pivot": "columns are written out",
    "Qualify": "Athena has none",
    "Lateral": "Athena has none",
    "Parameter": "models have no parameters: settings are one-row tables",
    "Placeholder": "models have no parameters: settings are one-row tables",
}
_UNTRIED = "not known to mean the same on every engine"


@dataclass(frozen=True)
class Refusal:
    """A construct that may mean something else on another engine: as it is written, and why it is refused."""

    construct: str
    reason: str


def refusals(sql: str) -> list[Refusal]:
    """What in a DuckDB select is not known to mean the same on Spark and Athena, each construct once."""
    import sqlglot

    found: dict[str, Refusal] = {}
    for node in sqlglot.parse_one(sql, read="duckdb").walk():
        reason = _unknown(node) or next(_misused(node), None)
        if reason:
            found.setdefault(f"{type(node).__name__} {reason}", Refusal(_written(node), reason))
    return list(found.values())


@cache
def _allowed() -> frozenset[str]:
    return frozenset(name for names in ALLOWED.values() for name in names.split())


def _unknown(node: exp.Expr) -> str | None:
    name = type(node).__name__
    if name in _allowed():
        return None
    if name == "Anonymous":
        return "a function that sqlglot does not know is copied as it is"
    return REFUSED.get(name, _UNTRIED)


def _misused(node: exp.Expr) -> Iterator[str]:
    """Why a construct that is allowed is not allowed in this way."""
    from sqlglot import exp

    if isinstance(node, exp.Join):
        yield from _join(node)
    elif isinstance(node, exp.Group):
        yield from _group(node)
    elif isinstance(node, exp.Star) and any(node.args.get(word) for word in ("except_", "except", "replace", "rename")):
        yield "only DuckDB has * exclude, * replace and * rename; write the columns out"
    elif isinstance(node, exp.Union) and (node.args.get("by_name") or node.args.get("distinct")):
        yield "union all by place only: by name is DuckDB's, and a plain union drops rows that are alike"
    elif isinstance(node, exp.Cast):
        yield from _cast(node)
    elif isinstance(node, exp.Like) and "\\" in node.expression.name:
        yield "a backslash in a pattern escapes on Spark only"
    elif isinstance(node, exp.Select) and node.args.get("distinct") and node.args["distinct"].args.get("on"):
        yield "which row distinct on keeps is not said, and only DuckDB has it"


def _join(join: exp.Join) -> Iterator[str]:
    kind = (join.side or join.kind).upper()
    if join.method or kind not in ("", "INNER", "LEFT", "CROSS"):
        yield "a join is inner, left or cross: asof and positional ones are DuckDB's, right and full ones lose names"
    elif join.args.get("using"):
        yield "a join says on: the column of using has no table on some engines"
    elif kind != "CROSS" and join.args.get("on") is None:
        yield "a join without a condition is written cross join"


def _group(group: exp.Group) -> Iterator[str]:
    from sqlglot import exp

    if group.args.get("all") or not group.expressions:
        yield "only DuckDB has group by all; name the columns"
    elif any(isinstance(key, exp.Literal) for key in group.expressions):
        yield "a number in group by is a place on some engines and a value on others; name the columns"


def _cast(cast: exp.Cast) -> Iterator[str]:
    kind = cast.to.sql("duckdb")
    if kind in ("DECIMAL", "DECIMAL(18, 3)"):
        yield "decimal without precision is (18, 3) on DuckDB, (10, 0) on Spark and (38, 0) on Athena"
    elif kind in ("UBIGINT", "UINTEGER", "HUGEINT", "UHUGEINT", "INT128", "JSON"):
        yield f"only DuckDB has {kind}"


def _written(node: exp.Expr) -> str:
    text = " ".join(node.sql(dialect="duckdb").split())
    return text if len(text) <= 60 else f"{text[:57]}..."
