"""The tables of measured engines: what a run adds to the page, and what it leaves as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.catalog import deliveries
from tests.bench import engines
from tests.bench.engines_page import COMPARED, MEASURED, updated

PAGE = """before
<!-- measured: differences -->
<!-- end -->
between
<!-- measured: engines -->
<!-- end -->
behind
"""


def run(rows: str, engine: str, micros: str = "1.0", day: str = "2026-11-20") -> tuple[str, ...]:
    known = {"rows": rows, "engine": engine, "day": day, "µs a row": micros}
    return tuple(known.get(head, "-") for head in MEASURED)


def rows_of(page: str, about: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith(about)]


def test_a_run_replaces_its_own_size_and_engine_and_leaves_the_others() -> None:
    first = [run("2,000", "DuckDB"), run("2,000", "Spark"), run("10", "Spark")]
    page = updated(PAGE, first, [("2,000 lines", "7", "0", "2026-11-20")])
    again = updated(page, [run("2,000", "DuckDB", day="2026-11-21")])
    told = [line.split(" | ")[:3] for line in rows_of(again, "| ")[2 + 1 + 2 :]]
    assert told == [
        ["| 10", "Spark", "2026-11-20"],
        ["| 2,000", "DuckDB", "2026-11-21"],
        ["| 2,000", "Spark", "2026-11-20"],
    ]
    assert rows_of(again, "| 2,000 lines") == ["| 2,000 lines | 7 | 0 | 2026-11-20 |"]
    assert rows_of(again, "be") == ["before", "between", "behind"]


def test_what_was_compared_is_in_the_order_of_its_size() -> None:
    pairs = [(what, "1", "0", "2026-11-20") for what in ("10,000 lines", "2,000 lines", "the demo")]
    page = updated(PAGE, [], pairs)
    page = updated(page, [], [("2,000 lines", "1", "3", "2026-11-21")])
    table = [line.split(" | ")[0] for line in rows_of(page, "| ")]
    assert table[: 2 + 3] == [f"| {COMPARED[0]}", "| ---", "| the demo", "| 2,000 lines", "| 10,000 lines"]
    assert "| 2,000 lines | 1 | 3 | 2026-11-21 |" in page


@pytest.mark.parametrize(
    ("micros", "said"),
    [
        ("4.0", "DuckDB: from 10 to 100 rows a row takes 2.00 times the seconds: more."),
        ("1.0", "DuckDB: from 10 to 100 rows a row takes 0.50 times the seconds: fewer."),
        ("2.1", "DuckDB: from 10 to 100 rows a row takes 1.05 times the seconds: as many."),
    ],
)
def test_how_a_row_fares_in_a_larger_bill_is_said_of_an_engine_with_two_sizes(micros: str, said: str) -> None:
    page = updated(PAGE, [run("100", "DuckDB", micros), run("10", "DuckDB", "2.0"), run("10", "Spark")])
    assert said in page
    assert "Spark:" not in page


def test_copies_of_a_file_are_one_delivery_of_one_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "spark.md"
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(engines, "PAGE", page)
    words = ["--folder", str(tmp_path), "--rows", "2000", "--copies", "3", "--engines", "duckdb", "--write"]
    engines.main(words)
    (row,) = rows_of(page.read_text(encoding="utf-8"), "| 6,000 | DuckDB")
    assert row in capsys.readouterr().out
    (one,) = deliveries(tmp_path / "work-duckdb" / "finops.duckdb")
    assert one.rows == 6_000
