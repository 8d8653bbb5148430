"""The rows of a finding as conditions that mean the same on the mart, on line items and in anybody's own shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.dimensions import parse_where
from finops.engines.duckdb import literal
from finops.evidence.subject import Subject

if TYPE_CHECKING:
    from finops.reader import Ledger

Value = str | int | date


@dataclass(frozen=True)
class Condition:
    """SQL over `facts` and the values it binds, in order."""

    sql: str
    values: tuple[Value, ...] = ()

    @property
    def filled(self) -> str:
        """The same with the values written out, to be pasted."""
        pieces = self.sql.split("?")
        written = [_written(value) for value in self.values]
        return "".join(piece + value for piece, value in zip(pieces, [*written, ""], strict=True))


def placed(subject: Subject) -> Iterator[Condition]:
    """What all rows of the finding have in common."""
    if subject.tag is not None:
        yield Condition("facts.x_taggable")
    for column, value in subject.place.items():
        yield Condition(f"facts.{column} = ?", (value,)) if value is not None else Condition(f"facts.{column} is null")
    yield Condition("facts.charge_day between ? and ?", subject.days)


def asked(ledger: Ledger) -> Iterator[Condition]:
    """The filters of the question that are columns of the mart; all others are told by the sets of tags."""
    for text in ledger.ask.where:
        one = parse_where(text)
        if not one.dimension.join:
            marks = ", ".join("?" * len(one.values))
            yield Condition(f"{one.dimension.expression(0)} in ({marks})", one.values)


def among(columns: Sequence[str], keys: Sequence[Sequence[Value | None]]) -> Condition:
    """Rows with one of these combinations; a null is compared as blank."""
    named = [one if one in _NEVER_NULL else f"coalesce(facts.{one}, '')" for one in columns]
    named = [one if one.startswith("coalesce") else f"facts.{one}" for one in named]
    values = tuple("" if value is None else value for key in keys for value in key)
    if len(columns) == 1:
        return Condition(f"{named[0]} in ({', '.join('?' * len(keys))})", values)
    row = f"({', '.join('?' * len(columns))})"
    return Condition(f"({', '.join(named)}) in ({', '.join([row] * len(keys))})", values)


def all_of(conditions: Sequence[Condition]) -> Condition:
    """All of them at once."""
    return Condition(
        "\n    and ".join(one.sql for one in conditions), tuple(value for one in conditions for value in one.values)
    )


def raw(columns: Mapping[str, Sequence[str]], subject: Subject) -> str | None:
    """A condition on the rows as AWS delivered them; None where no one resource is meant."""
    resource = subject.place.get("resource_id")
    physical = next((columns[name][0] for name in _RAW_RESOURCE if name in columns), None)
    if resource is None or physical is None:
        return None
    return f'"{physical}" = {literal(resource)}'


def _written(value: Value) -> str:
    if isinstance(value, date):
        return f"date '{value}'"
    return str(value) if isinstance(value, int) else literal(value)


_NEVER_NULL = ("delivery_id", "tag_set_id")
_RAW_RESOURCE = ("line_item_resource_id", "resource_id")
