"""finops report."""

import sys
from typing import Annotated, Literal

import typer

from finops.cli.options import AsOf, ConfigFile, Db, ExportName, From, Last, Metric, Output, Period, To, Where
from finops.cli.reading import asked, opened

Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    Literal["html", "md"] | None,
    typer.Option("--format", help="A page, or Markdown. Default: md where FILE ends in .md, else html."),
]


def run(
    cadence: Cadence = "weekly",
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    as_of: AsOf = None,
    form: Form = None,
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Write the weekly or monthly cost report."""
    from finops.output.destination import destination
    from finops.output.report_text import summary_lines
    from finops.output.strictly import note
    from finops.report.facts import build

    if form is None:
        form = "md" if output is not None and output.suffix == ".md" else "html"
    if form == "html":
        from finops.output.report_html import render
    else:
        from finops.output.report_md import render
    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    with opened(ask, db, config) as ledger:
        facts = build(ledger, cadence)
    text = render(facts)
    with destination(output) as out:
        out.write(text)
    said = summary_lines(facts) if output is None else [str(output), *summary_lines(facts)]
    print("\n".join(said), file=sys.stderr)
    note(facts.problems)
