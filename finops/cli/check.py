"""finops check."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import ConfigFile, Db, Output, Period, Where
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.document import Document

CheckFormatName = Literal["table", "json", "csv", "md", "junit", "sarif", "github"]
FORMATS = ("table", "json", "csv", "md", "junit", "sarif", "github")
# What is said of failures on stderr; all of them are in the rows.
_SAID = 10

CheckFormat = Annotated[
    CheckFormatName,
    typer.Option("--format", help="How to print the results; junit, sarif and github are for CI."),
]
Save = Annotated[
    list[str] | None,
    typer.Option("--save", metavar="FORMAT=FILE", help="Write the same results to a file as well; may be repeated."),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", metavar="GATE[,GATE...]", help="What may fail, instead of [check] fail_on."),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Fail only for what this earlier JSON does not have."),
]
MinImpact = Annotated[
    str | None, typer.Option("--min-impact", metavar="AMOUNT", help="Fail only for what costs at least this much.")
]
SoftFail = Annotated[
    bool, typer.Option("--soft-fail", help="Exit 0 for a breach. What could not be checked still fails.")
]
Mask = Annotated[bool, typer.Option("--mask", help="Print no whole account id or access key.")]


def run(
    fail_on: FailOn = None,
    baseline: Baseline = None,
    min_impact: MinImpact = None,
    soft_fail: SoftFail = False,
    mask: Mask = False,
    save: Save = None,
    period: Period = None,
    where: Where = None,
    form: CheckFormat = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> int:
    """Check the bill for CI: budgets, estimates, anomalies, tag coverage, new gaps, the export, its age."""
    from finops.check import Case, check, exit_code
    from finops.check.baseline import read_baseline
    from finops.check.gates import parse_gates
    from finops.check.mask import masked
    from finops.cli.boundary import as_finops_error
    from finops.config import db_path, load_settings, now
    from finops.output import write
    from finops.output.github_check import tell_github

    settings = load_settings(config)
    gates = parse_gates(fail_on or (), settings.check)
    files = [_file(text) for text in save or ()]
    least = _amount(min_impact) if min_impact is not None else settings.check.min_impact or Decimal(0)
    case = Case(
        database=db_path(db),
        settings=settings,
        now=now(),
        period=period,
        where=tuple(where or ()),
        min_impact=least,
        known=read_baseline(baseline) if baseline else None,
    )
    document, judged = check(case, gates, as_finops_error)
    shown = masked(document) if mask else document
    write(shown, form, output)
    for name, path in files:
        write(shown, name, path)
    if form == "github" or "github" in dict(files):
        tell_github(shown)
    _conclude(shown, told=form == "table" and output is None)
    return exit_code(judged, soft_fail)


def _conclude(document: Document, told: bool) -> None:
    """The failures in words for whoever sees nothing but the log, unless they were told on stdout."""
    from finops.cli.progress import say
    from finops.output.verdict_words import line

    rows = [dict(zip(document.rows.names, row, strict=True)) for row in document.rows.read(None)]
    aimless = dict.fromkeys(str(row["check"]) for row in rows if row["state"] == "no target" and row["gate"])
    if aimless:
        say(f"note: nothing says how these should be, so they cannot fail: {', '.join(aimless)}")
    failing = [] if told else [row for row in rows if row["verdict"] == "fails"]
    for row in failing[:_SAID]:
        say(line(row))
    if len(failing) > _SAID:
        say(f"and {len(failing) - _SAID} more")
    if document.totals["passed"] and not told:
        say(f"passed: {document.totals['ok']} results are as they should be")


def _file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path or name not in FORMATS:
        raise UsageError(f"{text} is no FORMAT=FILE", "--save", f"--save junit=finops.xml ({', '.join(FORMATS)})")
    return name, Path(path)


def _amount(text: str) -> Decimal:
    if text.replace(".", "", 1).isdecimal():
        return Decimal(text)
    raise UsageError(f"{text} is no amount", where="--min-impact", fix="--min-impact 10")
