"""What a rule says of one of its findings, and which rows of the mart it made it from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.dimensions import Clause
from finops.explain import Line

if TYPE_CHECKING:
    from finops.reader import Ledger


@dataclass(frozen=True)
class Subject:
    """One finding. `lines` say what it is, why and what to do, `cost` is exact and in the metric asked for.

    Its rows are those of `ledger`'s resource_daily (as `facts`) that `rows` selects: joins and a condition. `place`
    are columns that have one value in all of them (None is null), `days` the first and the last of them; `tag` is
    the tag it is about, where it is about one.
    """

    ledger: Ledger
    rule: str
    id: str
    cost: Decimal
    lines: tuple[Line, ...]
    rows: Clause
    place: Mapping[str, str | None]
    days: tuple[date, date]
    tag: str | None = None


@dataclass(frozen=True)
class Kind:
    """One rule whose findings have ids. `find` lists those of a ledger: a table or view with the column `id`.

    `find` returns its name, None where the settings ask for no such finding; `subject` explains one of its rows.
    """

    rule: str
    find: Callable[[Ledger], str | None]
    subject: Callable[[Ledger, Mapping[str, Any]], Subject]
