"""A workflow command of GitHub Actions, with everything in it escaped."""

from __future__ import annotations

from finops.output.values import printable

_IN_MESSAGE = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_IN_PROPERTY = (*_IN_MESSAGE, (":", "%3A"), (",", "%2C"))


def workflow_command(level: str, file: str, line: object, title: str, message: str) -> str:
    """One annotation: `level` is error, warning or notice; without a file it stands on the whole run."""
    place = f"file={_escaped(file, _IN_PROPERTY)}," + (f"line={line}," if line else "") if file else ""
    return f"::{level} {place}title={_escaped(title, _IN_PROPERTY)}::{_escaped(message, _IN_MESSAGE)}\n"


def _escaped(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    text = printable(text)
    for character, code in pairs:
        text = text.replace(character, code)
    return text
