"""finops report."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import AsOf, ConfigFile, Db, ExportName, From, Last, Metric, Output, Period, To, Where
from finops.cli.reading import asked, opened
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.report.model import Report

FormName = Literal["html", "md", "json"]
Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    FormName | None,
    typer.Option("--format", help="A page, Markdown or JSON. Default: what FILE ends in, else html."),
]
For = Annotated[
    Literal["finance", "engineering", "leadership"] | None,
    typer.Option("--for", help="The sections that matter to them, in their order. Default: all sections."),
]
Owner = Annotated[str | None, typer.Option("--owner", metavar="TEAM", help="Only what the owner tag says is theirs.")]
Env = Annotated[str | None, typer.Option("--env", metavar="NAME", help="Only this environment.")]
AllOwners = Annotated[
    Path | None, typer.Option("--all-owners", metavar="DIR", help="Write one report per owner into this folder.")
]
Advice = Annotated[
    bool | None,
    typer.Option(
        "--advice/--no-advice", help="With advice, or without. Default: with it up to 2 million rows of the bill."
    ),
]
# What a file is written as, by how its name ends.
_FORMS: dict[str, FormName] = {".md": "md", ".json": "json"}


def run(
    cadence: Cadence = "weekly",
    for_: For = None,
    owner: Owner = None,
    env: Env = None,
    all_owners: AllOwners = None,
    advice: Advice = None,
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
    from finops.config import db_path, load_settings
    from finops.output.report_text import summary_lines
    from finops.sections.case import Wanted
    from finops.sections.gather import report

    ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
    wanted = Wanted(cadence, for_, owner, env, advice)
    settings, database, open_part = load_settings(config), db_path(db), partial(opened, db=db, config=config)
    if all_owners:
        _refuse(owner, output)
        from finops.sections.owners import reports

        for name, made in reports(open_part, database, settings, ask, wanted):
            _write(made, form or "html", all_owners / f"{name}.{form or 'html'}")
            print(all_owners / f"{name}.{form or 'html'}", file=sys.stderr)
        return
    made, facts = report(open_part, database, settings, ask, wanted)
    _write(made, form or _FORMS.get(output.suffix if output else "", "html"), output)
    said = summary_lines(facts) if output is None else [str(output), *summary_lines(facts)]
    print("\n".join(said), file=sys.stderr)


def _refuse(owner: str | None, output: Path | None) -> None:
    if owner or output:
        option = "--owner" if owner else "--output"
        raise UsageError(f"--all-owners writes a file per owner; it takes no {option}", option, "leave one of them out")


def _write(made: Report, form: FormName, output: Path | None) -> None:
    from finops.output import report_html, report_json, report_md, write
    from finops.output.destination import destination

    if form == "json":
        write(report_json.document(made), form, output)
        return
    text = report_md.render(made) if form == "md" else report_html.render(made)
    with destination(output) as out:
        out.write(text)
