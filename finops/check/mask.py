"""Account ids and access keys out of an answer that strangers may read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from finops.catalog import Problem
from finops.document import Document, Rows

_ACCOUNT = re.compile(r"(?<!\d)\d{8}(?=\d{4}(?!\d))")
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12}(?=[A-Z0-9]{4}\b)")


def masked(document: Document) -> Document:
    """The document with all but the last four characters of each account id and access key as x.

    Ids of findings are digests and stay.
    """
    return replace(
        document,
        rows=_rows(document.rows),
        totals={name: _value(total) for name, total in document.totals.items()},
        problems=[Problem(one.code, text(one.message), text(one.where)) for one in document.problems],
    )


def text(value: str) -> str:
    """The text with account ids and access keys masked."""
    hidden = _ACCOUNT.sub("x" * 8, value)
    return _ACCESS_KEY.sub(lambda found: "x" * len(found.group()), hidden)


def _value(value: Any) -> Any:
    if isinstance(value, Rows):
        return _rows(value)
    if isinstance(value, Mapping):
        return {key: _value(inner) for key, inner in value.items()}
    return text(value) if isinstance(value, str) else value


def _rows(rows: Rows) -> Rows:
    kept = [column.name == "id" for column in rows.columns]

    def read(limit: int | None) -> Iterator[Sequence[Any]]:
        for row in rows.read(limit):
            yield tuple(value if keep else _value(value) for value, keep in zip(row, kept, strict=True))

    return Rows(rows.columns, rows.count, read)
