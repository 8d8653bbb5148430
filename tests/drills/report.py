"""The table of a run of drills, on the terminal and in docs/drills.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.drills.tally import Tally

PAGE = Path(__file__).resolve().parents[2] / "docs" / "drills.md"
_HEADS = ("drill", "inputs", "wrong sums", "tracebacks", "lost deliveries", "seconds", "processor", "note")
_BLOCK = re.compile(r"(?<=\n## The last run\n\n).*", re.S)


@dataclass(frozen=True)
class Done:
    """A drill that was run, and how many seconds it took, by the clock and of the processor."""

    tally: Tally
    seconds: float
    processor: float


def table(done: Sequence[Done]) -> str:
    """One row for each drill and one for all of them, in Markdown."""
    rows = [_row(one) for one in done]
    sums = [sum(int(row[column]) for row in rows) for column in range(1, 7)]
    lines = [_HEADS, ("---", *("---:",) * 6, "---"), *rows, ("all", *map(str, sums), "")]
    return "\n".join(_line(cells) for cells in lines)


def row(done: Done) -> str:
    """The row of one drill, in Markdown."""
    return _line(_row(done))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(one: Done) -> tuple[str, ...]:
    tally = one.tally
    found = (len(tally.wrong_sums), len(tally.tracebacks), len(tally.lost))
    note = f"**not tried: {tally.skipped}**" if tally.skipped else tally.note
    took = (f"{one.seconds:.0f}", f"{one.processor:.0f}")
    return (tally.drill, str(tally.inputs), *map(str, found), *took, note)


def write(done: Sequence[Done], seed: int, machine: str, whole: bool) -> None:
    """Put the table into the page, with the day and the size of the machine, and whether that was all of it."""
    part = "" if whole else "\nTried in part: not every drill, or with other numbers of inputs than `make drills` has."
    said = f"{machine}; seed {seed}.{part}\n\n{table(done)}\n"
    PAGE.write_text(_BLOCK.sub(lambda _: said, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
