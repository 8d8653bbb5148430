"""The examples of docs/notebooks.md: each is run on the demo company's bill, and stands there with what it printed."""

from __future__ import annotations

import ast
import atexit
import contextlib
import io
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from finops.cli import main
from finops.ingest.demo import settings_toml, write_export

CELLS = {
    "connect": """
import finops

ledger = finops.connect("finops.duckdb", config="finops.toml")
ledger
""",
    "spend": """
october = ledger.spend(by="service", period="2026-10", metric="amortized")
october.head(3)
""",
    "sum": """
october["cost"].sum(), october.attrs["currency"], october.attrs["final"]
""",
    "problems": """
[problem["code"] for problem in october.attrs["problems"]]
""",
    "where": """
by_week = ledger.spend(by=["week", "tag:Environment"], where={"service": ["AmazonEC2", "AmazonRDS"]})
by_week.pivot(index="week", columns="tag:Environment", values="cost").iloc[1:4, :3]
""",
    "gaps": """
gaps = ledger.tag_gaps(last="4w")
gaps.groupby(["tag", "cause"])["cost"].sum().sort_values(ascending=False).head(3)
""",
    "coverage": """
ledger.coverage(last="4w")[["tag", "taggable_cost", "gap_cost", "coverage"]]
""",
    "findings": """
found = ledger.findings()
found[found["rule"] == "anomaly"][["cause", "service", "first_day", "cost"]].head(2)
""",
    "advice": """
advice = ledger.advice()
advice[["action", "saving_in_sequence", "class"]].head(3)
""",
    "close": """
with finops.connect("finops.duckdb", config="finops.toml") as ledger:
    total = ledger.spend()["cost"][0]
total
""",
}


def notebook(name: str) -> str:
    """One example with what it prints, as Markdown. Those before it on the page have been run."""
    printed = _outputs()[name]
    return f"```python\n{CELLS[name].strip()}\n```" + (f"\n\n```\n{printed}\n```" if printed else "")


@cache
def _outputs() -> dict[str, str]:
    import pandas as pd

    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    with contextlib.chdir(folder.name), pd.option_context("display.width", 110, "display.max_columns", 8):
        _write_ledger()
        names: dict[str, Any] = {}
        return {name: _run(code, names) for name, code in CELLS.items()}


def _write_ledger() -> None:
    Path("finops.toml").write_text(settings_toml(), encoding="utf-8")
    export = write_export("cur2-parquet", Path("export"))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if main(["ingest", str(export), "--db", "finops.duckdb"]):
            raise SystemExit("the demo's bill was not loaded")


def _run(code: str, names: dict[str, Any]) -> str:
    """What the last expression of a cell shows."""
    *before, last = ast.parse(code.strip()).body
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "cell", "exec"), names)
        return ""
    shown = repr(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    return "\n".join(line.rstrip() for line in shown.splitlines())
