"""One JSON document. Decimals are JSON numbers with every digit: none goes through a float."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from finops.document import SCHEMA_VERSION, Document, Kind, Rows
from finops.output.values import exact, exact_decimal

# json.dumps leaves DEL and C1 as they are, and a terminal obeys them.
_TERMINAL = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def chunks(document: Document) -> Iterator[str]:
    """The document as pieces of text, a row on a line of its own."""
    basis = document.basis
    head = {
        "schema_version": SCHEMA_VERSION,
        "command": document.command,
        "period": {"start": basis.start, "end": basis.end},
        "metric": basis.metric,
        "currency": basis.currency,
        "data": {"deliveries": basis.deliveries, "final": basis.final, "as_of": basis.as_of},
    }
    yield "{\n"
    for key, value in head.items():
        yield f'"{key}": {encode(value)},\n'
    yield '"rows": ['
    yield from _rows(document.rows)
    yield f'],\n"totals": {encode(document.totals)},\n'
    yield f'"problems": {encode([asdict(problem) for problem in document.problems])}\n'
    yield "}\n"


def encode(value: Any) -> str:
    """Any value of a document as JSON text."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return exact_decimal(value)
    if isinstance(value, (date, datetime)):
        return f'"{exact(value)}"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {encode(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Rows):
        return "[" + "".join(_rows(value)) + "]"
    if isinstance(value, Sequence):
        return "[" + ", ".join(encode(one) for one in value) + "]"
    raise TypeError(f"a document holds no {type(value).__name__}")


def _rows(rows: Rows) -> Iterator[str]:
    columns = [(f"{_text(column.name)}: ", _encoder(column.kind)) for column in rows.columns]
    separator = "\n  {"
    for row in rows.read(None):
        fields = [key + write(value) for (key, write), value in zip(columns, row, strict=True)]
        yield separator + ", ".join(fields) + "}"
        separator = ",\n  {"
    if separator.startswith(","):
        yield "\n"


def _encoder(kind: Kind) -> Callable[[Any], str]:
    return _ENCODERS.get(kind, encode)


def _optional_text(value: Any) -> str:
    return _text(value) if isinstance(value, str) else encode(value)


def _optional_decimal(value: Any) -> str:
    return exact_decimal(value) if isinstance(value, Decimal) else encode(value)


# A million rows repeat a few thousand names: the account, the region, the service.
@lru_cache(maxsize=1 << 16)
def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_TERMINAL)


_ENCODERS: dict[Kind, Callable[[Any], str]] = {"text": _optional_text, "money": _optional_decimal}
