"""Talk on stderr while work goes on: lines for everyone, a bar where a person watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


def say(text: str) -> None:
    """One line to stderr; control characters from file names do not reach the terminal."""
    print("".join(c if c.isprintable() or c == "\n" else "?" for c in text), file=sys.stderr, flush=True)


class Progress:
    """A bar over bytes, or over things that are counted, with the time left; drawn only when stderr is a terminal."""

    def __init__(self, total: int, *, counted: bool = False) -> None:
        self._total = total
        self._counted = counted
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            done = MofNCompleteColumn() if self._counted else DownloadColumn()
            columns = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("reading", total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, text: str, size: int) -> None:
        """Something was done: `text` names it unless blank, `size` is how much of the total that was."""
        if self._bar is not None:
            self._bar.update(self._task, description=text or None, advance=size)

    def skip(self, size: int) -> None:
        """These bytes will not be read any more."""
        self.step("", size)
