"""The errors a person sees, each with its exit code.

Whoever finds the problem raises one of these; `finops.cli` prints it and exits. Nothing else exits.
"""

from typing import ClassVar


class FinopsError(Exception):
    """What is wrong, where, and what to try: at most three lines to the person who reads it."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The error as one to three lines of text; a part never spills over into a second line."""
        parts = (("error: ", self.what), ("  where: ", self.where), ("  try: ", self.fix))
        return [label + _one_line(text) for label, text in parts if text]


class UsageError(FinopsError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = 2


class ConfigError(UsageError):
    """finops.toml or an environment variable is wrong."""


class DataError(FinopsError):
    """The data cannot be trusted: missing, partial, stale or inconsistent."""


class EngineError(FinopsError):
    """AWS, an engine or the disk failed."""

    exit_code = 4


class Interrupted(FinopsError):
    """A person stopped the run."""

    exit_code = 130

    def __init__(
        self,
        what: str = "interrupted; nothing was changed beyond what was reported as done",
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what, where, fix)


def _one_line(text: str) -> str:
    # Names from files and bills may hold escape codes that a terminal would obey.
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
