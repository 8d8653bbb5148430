"""Inputs by chance: mostly what AWS or a person could have written, with something wrong in one place."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.tiny_export import COLUMNS, LINES

_HOME = Path(__file__).resolve().parents[2]
_WORDS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "NULL", "../../etc/passwd", "/", "x" * 5000, "\x00", "\u202e", "👩‍👩‍👧", "=1+1"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=True) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_MANIFEST: dict[str, Any] = {
    "assemblyId": "delivery",
    "reportName": "acme",
    "account": "000000000001",
    "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
    "bucket": "bucket",
    "compression": "Zip",
    "contentType": "text/csv",
    "reportKeys": ["acme/20261001-20261101/acme-1.csv"],
}
_ODD = (b"", b"null", b"[]", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"reportKeys":' + b"[" * 50_000, b'{"a":1e999999}')


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes of which some are cut off, changed, doubled or put in between."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(raw) - 1, 0)))
        kind = draw(st.sampled_from(("cut", "flip", "insert", "double", "remove")))
        if kind == "cut":
            raw = raw[:place]
        elif kind == "flip" and raw:
            raw = raw[:place] + bytes([raw[place] ^ 1 << draw(st.integers(0, 7))]) + raw[place + 1 :]
        elif kind == "insert":
            raw = raw[:place] + draw(st.binary(min_size=1, max_size=4)) + raw[place:]
        elif kind == "double":
            raw = raw[:place] + raw[place : place + 40] + raw[place:]
        else:
            raw = raw[:place] + raw[place + draw(st.integers(1, 20)) :]
    return raw


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """A manifest with some fields taken away or of another kind, or with damaged text."""
    kind = draw(st.sampled_from(("fields", "fields", "fields", "text", "odd")))
    if kind == "odd":
        return draw(st.sampled_from(_ODD))
    content = dict(_MANIFEST)
    if kind == "text":
        return draw(damaged(json.dumps(content).encode()))
    for field in draw(st.lists(st.sampled_from([*_MANIFEST, "dataFiles", "executionId"]), min_size=1, max_size=3)):
        if draw(st.booleans()) or field not in content:
            content[field] = draw(_JSON)
        else:
            del content[field]
    return json.dumps(content).encode()


_NUMBERS = st.sampled_from(
    (
        "0",
        "1",
        "-1",
        "1e3",
        "1E-12",
        "0.00000000005",
        "0.00000000015",
        "-0.00000000005",
        ".5",
        "5.",
        "+1",
        " 1 ",
        "1_000",
        "1,000",
        "0x10",
        "NaN",
        "inf",
        "-inf",
        "1e30",
        "99999999999999999999999999999",
        "",
        "NULL",
        "1 USD",
        "1;2",
        "--1",
        "1e",
    )
) | st.decimals(-1000, 1000, places=12, allow_nan=False).map(str)
_TIMES = st.sampled_from(
    (
        "2026-10-05T00:00:00Z",
        "2026-10-05 00:00:00",
        "2026-10-05T00:00:00+09:00",
        "2026-10-05",
        "1970-01-01",
        "05/10/2026",
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "290000-01-01",
        "",
        "infinity",
        "now",
        "2026-10-05T00:00:60Z",
    )
)


def _cell(column: str) -> st.SearchStrategy[str]:
    if column.endswith("Cost"):
        return _NUMBERS
    return _TIMES if "Date" in column else _WORDS | st.sampled_from(['a"b', "a\nb", "a\r\nb", "a,b", '"', "'", "\\"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A legacy report as CSV with odd cells, or with damaged text."""
    rows = [{**COLUMNS, **line} for line in LINES[: draw(st.integers(1, 4))]]
    for row in rows:
        for column in draw(st.lists(st.sampled_from(list(COLUMNS)), max_size=2)):
            row[column] = draw(_cell(column))
    names = list(COLUMNS)
    if draw(st.integers(0, 5)) == 0:
        names.insert(draw(st.integers(0, len(names))), draw(_WORDS | st.sampled_from(names)))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=draw(st.sampled_from(("\n", "\n", "\r\n"))))
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    raw = text.getvalue().encode("utf-8", errors="surrogatepass")
    return draw(damaged(raw)) if draw(st.integers(0, 2)) == 0 else raw


_TOML_VALUES = st.sampled_from(
    (
        "1",
        "-1",
        "0",
        "1e400",
        "nan",
        "inf",
        "true",
        '""',
        '"x"',
        "[]",
        "{}",
        '["a", 1]',
        "2026-10-01",
        "2026-10-01T00:00:00Z",
        "12:00:00",
        '"' + "x" * 3000 + '"',
        '"[unclosed"',
        '"(a+)+$"',
        "[[1]]",
        "{ a = { b = [] } }",
        "999999999999999999999",
        "0x1F",
        "1_000",
        '"15% of nowhere"',
        "'''",
        '"\\u0000"',
        "[" * 2000 + "]" * 2000,
    )
)


@st.composite
def toml(draw: st.DrawFn) -> bytes:
    """The settings of the demo company, some lines of them changed, or with damaged text."""
    source = draw(
        st.sampled_from(
            sorted((_HOME / "tests" / "estimates").glob("*.toml")) + [_HOME / "finops/ingest/demo/finops.toml"] * 3
        )
    )
    raw = source.read_bytes()
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(raw))
    lines = raw.decode().splitlines()
    settings = [number for number, line in enumerate(lines) if " = " in line]
    for number in draw(st.lists(st.sampled_from(settings), min_size=1, max_size=3)):
        name = lines[number].partition(" = ")[0]
        lines[number] = f"{name if draw(st.booleans()) else name + 'x'} = {draw(_TOML_VALUES)}"
    if draw(st.booleans()):
        lines.append(f"{json.dumps(draw(st.text(max_size=8)))} = {draw(_TOML_VALUES)}")
    return "\n".join(lines).encode("utf-8", errors="replace")


_AMOUNTS = st.sampled_from(
    (
        "$40",
        "~$40-90/month",
        "$1,234.56",
        "$1.2.3",
        "$-5",
        "(40)",
        "€40",
        "40 USD",
        "$",
        "$1e9",
        "$" + "9" * 60,
        "$0.000000000001",
        "$40\u2013$9",
        "25% of production",
        "0% of itself",
        "$½",
        "$٤٠",
        "TBD",
        "$40/h",
        "$12k",
        "$1M",
        "free",
        "$40 + $20",
        "$ 40 .",
        "",
    )
)


@st.composite
def markdown(draw: st.DrawFn) -> bytes:
    """A document of estimates with odd amounts in its tables and lists, or with damaged text."""
    source = draw(st.sampled_from(sorted((_HOME / "tests" / "estimates").glob("*.md"))))
    raw = source.read_bytes()
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(raw))
    lines = raw.decode().splitlines()
    for _ in range(draw(st.integers(1, 4))):
        cells = [
            draw(_WORDS | st.sampled_from(("Total", "Service", "Monthly cost", "**Total (Prod)**"))),
            draw(_AMOUNTS),
        ]
        shape = draw(
            st.sampled_from(
                (
                    "| {} | {} |",
                    "- {}: {}",
                    "# {} {}",
                    "{} {}",
                    "> {} {}",
                    "|---|---|",
                    "```{}{}",
                    "<td>{}{}",
                    "- " * 200 + "{}{}",
                    "|" * 50,
                )
            )
        )
        lines.insert(
            draw(st.integers(0, len(lines))),
            shape.format(*(cell.replace("{", "") for cell in cells)) if "{" in shape else shape,
        )
    return "\n".join(lines).encode("utf-8", errors="replace")
