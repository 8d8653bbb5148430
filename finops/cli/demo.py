"""finops demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db

Shape = Annotated[
    str | None,
    typer.Option(
        "--export", metavar="SHAPE", help="Only write an export: legacy-csv, cur2-parquet, focus, ...; or invoice."
    ),
]
Months = Annotated[int, typer.Option("--months", help="How many months; the last one is still open.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to.")]
Delivery = Annotated[
    str,
    typer.Option("--delivery", metavar="first|last", help="The tree before or after a month was restated."),
]


def run(
    export: Shape = None,
    months: Months = 3,
    out: Out = Path("finops-demo"),
    delivery: Delivery = "last",
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Make a believable company's bill and show a report of it."""
    if export == "invoice":
        _write_invoices(out, months, delivery)
    elif export:
        _write_kit(export, out, months, delivery)
    else:
        _show(out, months)


def _write_kit(shape: str, out: Path, months: int, delivery: str) -> None:
    from finops.cli.progress import say
    from finops.ingest.demo import write_export

    folder = write_export(shape, out, months, delivery)
    say(f"what it must sum to: {out / 'truth.json'}")
    print(folder)


def _write_invoices(out: Path, months: int, delivery: str) -> None:
    from finops.ingest.demo import write_invoices

    print(write_invoices(out, months, delivery))


def _show(out: Path, months: int) -> None:
    from finops.cli.progress import say
    from finops.demo import run_demo

    demo = run_demo(out, months, say)
    print("\n".join(demo.summary))
    print(f"\nreport: {demo.report}")
    options = f"--db {demo.database} --config {demo.settings}"
    say("\nnext:")
    for verb in ("tag-gaps", "variance", "anomalies"):
        say(f"  finops {verb} {options}")
