"""A Markdown document as what can hold a cost: tables, list items, lines of prose, YAML entries; with line numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from finops.estimates.amounts import plain_direction
from finops.estimates.text import SourceText

if TYPE_CHECKING:
    from markdown_it.token import Token

_STRUCK = re.compile(r"~~(?=\S).*?\S~~")
_TAG = re.compile(r"<br\s*/?>|</?[A-Za-z][^<>]*>")
_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*\)")
_MARKUP = re.compile(r"\*\*|__|`|\\(?=[^\w\s])|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|(?<!\w)_(?=\w)|(?<=\w)_(?!\w)")
_BOX = re.compile(r"^\[[ xX]\]\s+")
_BOLD_LINE = re.compile(r"^(\*\*|__)(?P<text>[^*_]+)\1:?$")
_YAML = frozenset({"yaml", "yml"})
_CELL_END = re.compile(r"(?<!\\)\|")

Kind = Literal["item", "prose", "yaml", "html", "code"]


@dataclass(frozen=True)
class Line:
    """A line that may hold a figure. `block` numbers the list, paragraph or fence it is part of.

    `path` are the YAML keys above it; `key` is its own. `language` is that of a fence.
    """

    kind: Kind
    text: str
    number: int
    block: int
    headings: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    key: str = ""
    language: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table; `ragged` when it has more cells than the table has columns."""

    cells: tuple[str, ...]
    number: int
    ragged: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its header and the headings above it, the outermost first."""

    header: Row
    rows: tuple[Row, ...]
    block: int
    headings: tuple[str, ...] = ()


def read_blocks(source: SourceText) -> Iterator[Line | Table]:
    """The tables and lines of a Markdown document, in order, plain of markup."""
    from markdown_it import MarkdownIt

    # Inside a line only figures are looked for, so the parsing of emphasis and links is left out.
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable("inline")
    tokens = parser.parse("\n".join(source.lines))
    yield from _walk(tokens, source)


def plain(text: str) -> str:
    """A text without Markdown or HTML markup and without what is struck out."""
    if not _NEEDS_CLEANING.search(text):
        return text.strip()
    text = _STRUCK.sub("", text)
    text = _TAG.sub(lambda tag: "; " if tag[0].startswith("<br") else "", text)
    text = _MARKUP.sub("", _LINK.sub(r"\1", text))
    return plain_direction(html.unescape(text)).strip()


_NEEDS_CLEANING = re.compile(r"[*_`~<&\[\\\u200b-\u200f\u061c\ufeff]")


def _walk(tokens: Sequence[Token], source: SourceText) -> Iterator[Line | Table]:
    headings: dict[int, str] = {}
    at = block = items = 0
    while at < len(tokens):
        token = tokens[at]
        above = tuple(headings[level] for level in sorted(headings))
        if token.type == "heading_open":
            level = int(token.tag[1:])
            headings = {other: text for other, text in headings.items() if other < level}
            headings[level] = plain(tokens[at + 1].content)
            yield Line("prose", headings[level], _first(token), block, above)
        elif token.type == "table_open":
            end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
            block += 1
            yield replace(_table(tokens[at:end], source), block=block, headings=above)
            at = end
        elif token.type in ("bullet_list_open", "ordered_list_open", "paragraph_open") and not items:
            block += 1
        elif token.type in ("fence", "code_block", "html_block"):
            block += 1
            yield from _fenced(token, block, above)
        if token.type.endswith("_list_open") or token.type.endswith("_list_close"):
            items += token.nesting
        if token.type == "inline" and tokens[at - 1].type == "paragraph_open":
            bold = None if items else _BOLD_LINE.match(token.content.strip())
            if bold and not re.search(r"[0-9]", bold["text"]):
                headings = {level: text for level, text in headings.items() if level < _BOLD} | {_BOLD: bold["text"]}
            yield from _lines(token, "item" if items else "prose", block, above)
        at += 1


# A line in bold is a heading below all others.
_BOLD = 7


def _lines(token: Token, kind: Kind, block: int, headings: tuple[str, ...]) -> Iterator[Line]:
    for offset, text in enumerate(token.content.split("\n")):
        cleaned = plain(_BOX.sub("", text.strip()))
        yield Line(kind, cleaned, _first(token) + offset, block, headings)


def _table(tokens: Sequence[Token], source: SourceText) -> Table:
    rows: list[Row] = []
    cells: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            cells, number = [], _first(token)
        elif token.type == "inline":
            cells.append(plain(token.content))
        elif token.type == "tr_close":
            rows.append(Row(tuple(cells), number, _cell_count(source.lines[number - 1]) > len(cells)))
    return Table(rows[0], tuple(rows[1:]), 0)


def _cell_count(line: str) -> int:
    inner = line.strip().lstrip("> ").strip()
    inner = inner.removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return len(_CELL_END.findall(inner)) + 1


def _fenced(token: Token, block: int, headings: tuple[str, ...]) -> Iterator[Line]:
    language = token.info.strip().split(" ")[0].lower() if token.type == "fence" else ""
    lines = token.content.split("\n")
    first = _first(token) + (token.type == "fence")
    if language in _YAML:
        yield from _yaml(lines, first, block, headings)
        return
    kind: Kind = "html" if token.type == "html_block" else "code"
    for offset, text in enumerate(lines):
        yield Line(kind, text.strip(), first + offset, block, headings, language=language)


_ENTRY = re.compile(r"^(?P<indent>\s*)(?P<dash>-\s+)?(?P<key>[^\s#:][^:#]*?)\s*:(?:\s+(?P<value>.*))?$")


def _yaml(lines: Sequence[str], first: int, block: int, headings: tuple[str, ...]) -> Iterator[Line]:
    """Entries `key: value` with the keys above them, by indentation; whatever else is there as it stands."""
    above: list[tuple[int, str]] = []
    for offset, text in enumerate(lines):
        content = re.sub(r"(?:^|\s)#.*$", "", text).rstrip()
        if not content.strip():
            continue
        indent = len(content) - len(content.lstrip())
        above = [(other, key) for other, key in above if other < indent]
        path = tuple(key for _, key in above)
        entry = _ENTRY.match(content)
        if not entry:
            yield Line("yaml", plain(content.strip().removeprefix("- ")), first + offset, block, headings, path)
            continue
        key, value = entry["key"].strip("\"' "), (entry["value"] or "").strip()
        if value:
            yield Line("yaml", value.strip("\"'"), first + offset, block, headings, path, key)
        else:
            above.append((indent + len(entry["dash"] or ""), key))


def _first(token: Token) -> int:
    assert token.map is not None
    return token.map[0] + 1
