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

FormName = Literal["html", "md", "json", "pdf"]
Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    FormName | None,
    typer.Option(
        "--format",
        help="A page, Markdown, JSON, or a PDF by an installed Chromium. Default: what FILE ends in, else html.",
    ),
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
_FORMS: dict[str, FormName] = {".md": "md", ".json": "json", ".pdf": "pdf"}


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
    chosen: FormName = form or _FORMS.get(output.suffix if output else "", "html")
    if chosen == "pdf":
        _require_paper(output or all_owners)
    if all_owners:
        _refuse(owner, output)
        from finops.sections.owners import reports

        _make_folder(all_owners)
        for name, made in reports(open_part, database, settings, ask, wanted):
            file = all_owners / f"{name}.{chosen}"
            _write(made, chosen, file)
            print(file, file=sys.stderr)
        return
    made, facts = report(open_part, database, settings, ask, wanted)
    _write(made, chosen, output)
    said = summary_lines(facts) if output is None else [str(output), *summary_lines(facts)]
    print("\n".join(said), file=sys.stderr)


def _require_paper(target: Path | None) -> None:
    """What a PDF needs, asked before anything is computed for it."""
    from finops.output.report_pdf import require_browser

    if target is None:
        raise UsageError("a PDF is a file", "--format pdf", "-o report.pdf")
    require_browser()


def _refuse(owner: str | None, output: Path | None) -> None:
    if owner or output:
        option = "--owner" if owner else "--output"
        raise UsageError(f"--all-owners writes a file per owner; it takes no {option}", option, "leave one of them out")


def _make_folder(folder: Path) -> None:
    from finops.output.destination import reported

    with reported(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _write(made: Report, form: FormName, output: Path | None) -> None:
    from finops.output import report_html, report_json, report_md, report_pdf, write
    from finops.output.destination import destination
    from finops.output.strictly import note

    if form == "json":
        write(report_json.document(made), form, output)
        return
    if form == "pdf" and output is not None:
        report_pdf.write_pdf(made, output)
        return
    text = report_md.render(made) if form == "md" else report_html.render(made)
    with destination(output) as out:
        out.write(text)
    note(report.problems)
