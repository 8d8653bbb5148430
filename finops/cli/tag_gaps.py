"""finops tag-gaps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli.options import (
    AsOf,
    ConfigFile,
    Db,
    ExportName,
    Format,
    From,
    Last,
    Metric,
    Output,
    Period,
    To,
    Where,
)
from finops.cli.reading import asked, opened
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.document import Document
    from finops.reader import Ledger

FailUnder = Annotated[
    str | None,
    typer.Option("--fail-under", metavar="PERCENT", help="Exit 1 when a required tag covers less than this."),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", metavar="CAUSE[,CAUSE...]", help="Exit 1 when a gap with this cause costs something."),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="Exit 1 only for gaps that this earlier JSON or CSV does not have."
    ),
]
Infer = Annotated[
    bool, typer.Option("--infer", help="Suggest missing values, with the precision measured on known ones.")
]
Live = Annotated[bool, typer.Option("--live", help="Ask AWS which gaps are fixed there and only not on the bill yet.")]
Fix = Annotated[
    list[str] | None,
    typer.Option(
        "--fix",
        metavar="KIND[,KIND...]",
        help="Write fixes as files, executing nothing: cli, csv, terraform, tag-policy, scp.",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the files of --fix.")]


def run(
    fail_under: FailUnder = None,
    fail_on: FailOn = None,
    baseline: Baseline = None,
    infer: Infer = False,
    live: Live = False,
    fix: Fix = None,
    out: Out = Path("fixes"),
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    as_of: AsOf = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Show which required tags are missing or wrong, why, what it costs and who can fix it."""
    from finops.gaps.gate import failing, parse_causes, read_baseline
    from finops.output import write
    from finops.output.fixes import parse_kinds
    from finops.tag_gaps import require_resources, tag_gaps, with_live

    percent = _percent(fail_under)
    causes = parse_causes(fail_on or ())
    kinds = parse_kinds(fix or ())
    known = read_baseline(baseline) if baseline else set()
    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    with opened(ask, db, config) as ledger:
        for option, given in (("--infer", infer), ("--live", live), ("--fix", bool(kinds))):
            if given:
                require_resources(ledger, option)
        document = tag_gaps(ledger, infer)
        if live:
            from finops.aws.door import open_door

            document = with_live(document, ledger, open_door())
        write(document, form, output)
        if kinds:
            _write_fixes(ledger, kinds, out)
        found = failing(ledger, causes, known) if causes or baseline else []
        currency = ledger.currency
    _gate(document, percent, found, currency, "new since the baseline" if baseline else "")


def _write_fixes(ledger: Ledger, kinds: list[str], out: Path) -> None:
    from finops.cli.progress import say
    from finops.gaps.fixable import fixable
    from finops.output.fixes import write_fixes

    for path in write_fixes(kinds, fixable(ledger), ledger.settings.tags, out):
        say(f"wrote {path}")
    say("nothing was executed")


def _gate(document: Document, percent: Decimal | None, found: list[dict[str, Any]], currency: str, since: str) -> None:
    """End in 1 when a gate fails, in 3 when nobody can tell."""
    from finops.cli.progress import say

    failed = _coverage_failures(document, percent) if percent is not None else []
    for row in found:
        what = " ".join(part for part in ("failed:", row["tag"], row["cause"], since) if part)
        failed.append(
            f"{what}: {row['findings']:,} finding{'' if row['findings'] == 1 else 's'}, {row['cost']:,.2f} {currency}"
        )
    for line in failed:
        say(line)
    if failed:
        raise typer.Exit(1)


def _coverage_failures(document: Document, percent: Decimal) -> list[str]:
    from finops.tag_gaps import below

    failing = below(document, percent)
    if any(coverage is None for _, coverage in failing):
        raise DataError(
            "coverage cannot be told: nothing that was charged could carry a tag",
            where="--fail-under",
            fix="choose a period or --where that holds usage of resources",
        )
    return [f"failed: {tag} covers {coverage}% of taggable cost, less than {percent}%" for tag, coverage in failing]


def _percent(text: str | None) -> Decimal | None:
    if text is None:
        return None
    if text.replace(".", "", 1).isdecimal() and Decimal(text) <= 100:
        return Decimal(text)
    raise UsageError(f"{text} is no percentage", where="--fail-under", fix="--fail-under 95")
