"""The tables of docs/spark.md. A run replaces the rows of its own size and engine; those of other runs stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spark.md"
ENGINES = {"duckdb": "DuckDB", "spark": "Spark"}
# Under these heads; the first two of the one table and the first of the other say what a row is about.
MEASURED = (
    "rows", "engine", "day", "machine", "others", "seconds", "µs a row", "processor seconds", "peak memory",
    "bare scan", "ratio",
)  # fmt: skip
COMPARED = ("compared", "rows of marts", "differences", "day")
Cells = tuple[str, ...]
# A change of a tenth is none.
_FLAT = 0.1


def updated(page: str, measured: Iterable[Cells], compared: Iterable[Cells] = ()) -> str:
    """The page with these rows in its tables."""
    runs = _merged(page, "engines", measured, about=2)
    pairs = _merged(page, "differences", compared, about=1)
    growth = "".join(f"\n\n{said}" for said in [_growth(runs)] if said)
    page = _put(page, "engines", f"{table(MEASURED, runs)}{growth}")
    return _put(page, "differences", table(COMPARED, pairs))


def table(heads: Sequence[str], rows: Iterable[Cells]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, ["---"] * len(heads), *rows])


def _merged(page: str, name: str, new: Iterable[Cells], about: int) -> list[Cells]:
    """The rows of a table, those of the same subject replaced, by size and then by name."""
    rows: Mapping[Cells, Cells] = {cells[:about]: cells for cells in [*_rows(page, name), *new]}
    return sorted(rows.values(), key=lambda cells: (_number(cells[0]), cells[1] if about > 1 else ""))


def _rows(page: str, name: str) -> list[Cells]:
    found = _block(name).search(page)
    lines = found[1].splitlines() if found else []
    tabled = [line for line in lines if line.startswith("| ")]
    return [tuple(line.strip("| ").split(" | ")) for line in tabled[2:]]


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- measured: {name} -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)


def _put(page: str, name: str, text: str) -> str:
    return _block(name).sub(lambda _: f"{text}\n", page, count=1)


def _number(text: str) -> int:
    """The number of rows that a cell begins with; what has none comes first."""
    found = re.match(r"[\d,]+", text)
    return int(found[0].replace(",", "")) if found else 0


def _growth(runs: Sequence[Cells]) -> str:
    """How the seconds of a row change from the smallest to the largest size of each engine."""
    said = []
    for engine in ENGINES.values():
        own = [dict(zip(MEASURED, cells, strict=True)) for cells in runs if cells[1] == engine]
        if len(own) > 1:
            ratio = float(own[-1]["µs a row"]) / float(own[0]["µs a row"])
            word = "as many" if abs(ratio - 1) <= _FLAT else "fewer" if ratio < 1 else "more"
            sizes = f"from {own[0]['rows']} to {own[-1]['rows']} rows"
            said.append(f"{engine}: {sizes} a row takes {ratio:.2f} times the seconds: {word}.")
    return "\n".join(said)
