"""On which line of a TOML text each key stands. tomllib does not say, and an error should."""

import re
import tomllib

Path = tuple[str | int, ...]
"""The way to a value: names of keys, and positions in arrays."""

_Tokens = list[tuple[str, int]]
_END_OF_SCALAR = frozenset({",", "]", "}", "\n"})
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5} | "(?:\\.|[^"\\])*" | '[^']*'
      | \#[^\n]* | \n | [\[\]{}=,.] | [^\s\[\]{}=,.\#"']+''',
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) where each key, table and array element of a valid TOML text begins."""
    found: dict[Path, int] = {}
    tokens = _tokens(text)
    table: Path = ()
    sizes: dict[Path, int] = {}
    at = 0
    while at < len(tokens):
        token, line = tokens[at]
        if token == "\n":
            at += 1
        elif token == "[":
            nested = tokens[at + 1][0] == "["
            names, at = _key(tokens, at + 1 + nested)
            table = _header(names, nested, sizes)
            for path in (table, table[:-1]) if nested else (table,):
                found.setdefault(path, line)
            at += 1 + nested
        else:
            at = _pair(tokens, at, table, found)
    return found


def nearest_line(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of the closest thing around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _tokens(text: str) -> _Tokens:
    tokens: _Tokens = []
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if not match[0].startswith("#"):
            tokens.append((match[0], line))
    return tokens


def _header(names: list[str], nested: bool, sizes: dict[Path, int]) -> Path:
    """The path of a `[table]` or `[[array]]` header; a name on the way means an array's newest element."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in sizes:
            path = (*path, sizes[path] - 1)
    path = (*path, names[-1])
    if not nested:
        return path
    sizes[path] = sizes.get(path, 0) + 1
    return (*path, sizes[path] - 1)


def _key(tokens: _Tokens, at: int) -> tuple[list[str], int]:
    names = [_name(tokens[at][0])]
    while tokens[at + 1][0] == ".":
        at += 2
        names.append(_name(tokens[at][0]))
    return names, at + 1


def _name(token: str) -> str:
    return str(tomllib.loads(f"key = {token}")["key"]) if token[0] in "\"'" else token


def _pair(tokens: _Tokens, at: int, table: Path, found: dict[Path, int]) -> int:
    line = tokens[at][1]
    names, at = _key(tokens, at)
    path = table
    for name in names:
        path = (*path, name)
        found.setdefault(path, line)
    return _value(tokens, at + 1, path, found)


def _value(tokens: _Tokens, at: int, path: Path, found: dict[Path, int]) -> int:
    """Pass over the value that starts at a token, noting the keys inside; returns what follows it."""
    opening = tokens[at][0]
    if opening not in "[{":
        while at < len(tokens) and tokens[at][0] not in _END_OF_SCALAR:
            at += 1
        return at
    at, size = at + 1, 0
    while tokens[at][0] not in "]}":
        if tokens[at][0] in ",\n":
            at += 1
        elif opening == "{":
            at = _pair(tokens, at, path, found)
        else:
            found[(*path, size)] = tokens[at][1]
            at = _value(tokens, at, (*path, size), found)
            size += 1
    return at + 1
