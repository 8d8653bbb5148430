"""A document as lines of text, numbered as an editor numbers them, its characters mended where needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from finops.errors import DataError

LARGEST = 4 * 1024 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")
# What Windows-1252 leaves undefined, programs map to the control character of the same number.
_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_CP1252 = {bytes([code]).decode("cp1252"): code for code in range(256) if code not in _UNDEFINED}
_CP1252 |= {chr(code): code for code in _UNDEFINED}
# The first byte of a UTF-8 sequence, as Windows-1252 shows it, and at least one more behind it.
_TRACE = re.compile("[\u00c2-\u00f4][^\x00-\x7f]")


@dataclass(frozen=True)
class SourceText:
    """A document: `name` as messages call it, its lines, and the same lines as they stand in the file."""

    name: str
    lines: tuple[str, ...]
    raw: tuple[str, ...]

    @property
    def mended(self) -> tuple[int, ...]:
        """The lines (from 1) whose characters had been decoded wrongly once."""
        pairs = enumerate(zip(self.lines, self.raw, strict=True), start=1)
        return tuple(number for number, (line, raw) in pairs if line != raw)


def read_text(path: Path) -> SourceText:
    """Read a document. Raises DataError when it is absent, too large, or no UTF-8 text."""
    name = str(path)
    try:
        with path.open("rb") as handle:
            data = handle.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"cannot read the document: {(error.strerror or 'unreadable').lower()}", name) from error
    if len(data) > LARGEST:
        raise DataError(f"the document is larger than {LARGEST // 1024**2} MiB", name, "name the part with the costs")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError("the document is not UTF-8 text", f"{name}:{line}", "save it as UTF-8") from error
    if "\x00" in text:
        raise DataError("the document is not text: it holds a NUL character", name, "save it as UTF-8")
    return from_string(text, name)


def from_string(text: str, name: str) -> SourceText:
    """The same from text that is held already."""
    raw = tuple(_LINE_END.split(text))
    return SourceText(name, tuple(map(mend, raw)), raw)


def mend(line: str) -> str:
    """A line whose UTF-8 was once read as Windows-1252, as it was before; any other line as it is.

    Nothing is guessed: the whole line has to be valid UTF-8 once its characters are bytes again.
    """
    if not _TRACE.search(line) or any(character not in _CP1252 for character in line):
        return line
    try:
        return bytes(_CP1252[character] for character in line).decode("utf-8")
    except UnicodeDecodeError:
        return line
