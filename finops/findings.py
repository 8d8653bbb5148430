"""A finding: one thing a person should act on, with an id that stays the same from run to run.

Findings of one rule lie in a temp table of DuckDB, a row each, because there may be hundreds of thousands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.catalog import Problem
from finops.config.settings import Suppression

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SEPARATOR = "\x1f"
_LENGTH = 16


@dataclass(frozen=True)
class Finding:
    """One thing to act on: `where` are the dimensions that tell it from others of its rule, `cost` is exact."""

    rule: str
    what: str
    where: Mapping[str, str]
    cost: Decimal
    evidence: str = ""
    fix: str = ""
    owner: str = ""
    suppressed: str = ""

    @property
    def id(self) -> str:
        """What the finding is called in baselines and by `explain`."""
        return finding_id(self.rule, tuple(self.where.values()))


def finding_id(rule: str, where: Sequence[str]) -> str:
    """16 hexadecimal digits of the SHA-256 of the rule and the values that place the finding, in their order."""
    return hashlib.sha256(_SEPARATOR.join((rule, *where)).encode()).hexdigest()[:_LENGTH]


def id_apart(id_: str, value: str) -> str:
    """An id that begins with another one and is longer by half: of what `value` tells from all that share that one."""
    return id_ + hashlib.sha256(value.encode()).hexdigest()[: _LENGTH // 2]


def id_sql(rule: str, columns: Sequence[str]) -> str:
    """`finding_id` as SQL over text columns that are never null. The names come from the program."""
    values = ", ".join(columns)
    return f"substring(sha256(concat_ws(chr({ord(_SEPARATOR)}), '{rule}', {values})), 1, {_LENGTH})"


def suppress(
    connection: DuckDBPyConnection,
    table: str,
    rule: str,
    suppressions: Sequence[Suppression],
    columns: Mapping[str, str],
    today: date,
) -> list[Problem]:
    """Write into the column `suppressed` of the findings of one rule the reason why each is accepted, "" where none.

    `columns` maps the keys of `where` to columns; a value may hold `*` and `?`. The first suppression that fits
    decides; its last day is `until`. What it accepts stays in every sum. Returns what to say of suppressions
    that have ended or that ask for what these findings do not have.
    """
    connection.execute(f"alter table {table} add column suppressed varchar default ''")
    problems = []
    for one in suppressions:
        if one.rule != rule:
            continue
        unknown = [key for key in one.where if key not in columns]
        if unknown:
            problems.append(_not_matched(one, unknown))
        elif one.until is not None and one.until < today:
            problems.append(_ended(one))
        else:
            _mark(connection, table, one, columns)
    return problems


def _mark(connection: DuckDBPyConnection, table: str, one: Suppression, columns: Mapping[str, str]) -> None:
    conditions = [
        "(" + " or ".join([f"{columns[key]} glob ?"] * len(values)) + ")" for key, values in one.where.items() if values
    ]
    values = [value for values in one.where.values() for value in values]
    where = " and ".join(["suppressed = ''", *conditions])
    connection.execute(f"update {table} set suppressed = ? where {where}", [one.reason, *values])


def _ended(one: Suppression) -> Problem:
    return Problem("suppression_ended", f"a suppression ended on {one.until}: {one.reason}", f"[[suppress]] {one.rule}")


def _not_matched(one: Suppression, unknown: Sequence[str]) -> Problem:
    words = ", ".join(unknown)
    return Problem(
        "suppression_unknown", f"{one.rule} has no {words}, so this suppresses nothing: {one.reason}", "[[suppress]]"
    )
