"""JUnit XML of `finops check`, as CI servers read it: a breach is a failure, what could not be checked an error.

The order of elements and the attributes are those of the Ant JUnit schema, which the common readers share; Jenkins' own
takes it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from finops import __version__
from finops.document import Document
from finops.output.values import exact
from finops.output.verdict_words import place, told

# What XML 1.0 cannot hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKAGE = "finops"

Row = Mapping[str, Any]


def chunks(document: Document) -> Iterator[str]:
    """One suite per check, one case per environment and subject."""
    names = document.rows.names
    rows = [dict(zip(names, row, strict=True)) for row in document.rows.read(None)]
    rows.sort(key=lambda row: str(row["check"]))
    moment = f"{document.totals['checked_at']:%Y-%m-%dT%H:%M:%S}"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    for at, (check, group) in enumerate(groupby(rows, key=lambda row: str(row["check"]))):
        yield from _suite(at, check, list(group), moment)
    yield "</testsuites>\n"


def _suite(at: int, check: str, rows: Sequence[Row], moment: str) -> Iterator[str]:
    kinds = [_kind(row) for row in rows]
    counts = {name: kinds.count(kind) for name, kind in _COUNTED.items()}
    numbers = _attributes(tests=len(rows), **counts, time=0)
    names = _attributes(package=_PACKAGE, id=at, name=check, timestamp=moment, hostname="localhost")
    yield f"  <testsuite {names} {numbers}>\n"
    # Ant's schema wants the element, Jenkins' wants something in it.
    yield f"    <properties><property {_attributes(name='finops.version', value=__version__)}/></properties>\n"
    for row, kind in zip(rows, kinds, strict=True):
        yield from _case(row, kind)
    forgiven = [_line(row) for row, kind in zip(rows, kinds, strict=True) if kind == "" and row["state"] != "ok"]
    yield f"    <system-out>{_text(chr(10).join(forgiven))}</system-out>\n    <system-err/>\n  </testsuite>\n"


def _case(row: Row, kind: str) -> Iterator[str]:
    classname = ".".join(str(part) for part in (_PACKAGE, row["check"], row["environment"]) if part)
    names = _attributes(name=row["subject"] or row["check"], classname=classname, time=0)
    if not kind:
        yield f"    <testcase {names}/>\n"
        return
    about = "" if kind == "skipped" else " " + _attributes(message=row["message"], type=row["state"])
    body = "\n".join(_details(row))
    yield f"    <testcase {names}>\n      <{kind}{about}>{_text(body)}</{kind}>\n    </testcase>\n"


def _kind(row: Row) -> str:
    if row["verdict"] == "fails":
        return "error" if row["state"] == "could not check" else "failure"
    return "skipped" if row["state"] in ("no target", "could not check") else ""


_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def _details(row: Row) -> Iterator[str]:
    yield str(row["message"])
    for label in ("value", "limit", "owner", "next_step"):
        if row[label]:
            yield f"{label.replace('_', ' ')}: {row[label]}"
    if row["source_file"]:
        yield f"{row['source_file']}:{row['source_line']}"


def _line(row: Row) -> str:
    return ": ".join(filter(None, (str(row["state"]), place(row), told(row))))


def _attributes(**values: object) -> str:
    return " ".join(f"{name}={quoteattr(_clean(exact(value)))}" for name, value in values.items())


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
