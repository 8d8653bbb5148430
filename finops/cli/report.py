"""finops report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import AsOf, ConfigFile, Db, ExportName, From, Last, Metric, Output, Period, To, Where
from finops.cli.progress import Progress, say
from finops.cli.reading import asked, opened
from finops.errors import UsageError
from finops.output.report_forms import FormName, file_name, form_of, require, write_report

if TYPE_CHECKING:
    from finops.report.model import Report

Cadence = Annotated[
    Literal["weekly", "monthly"],
    typer.Argument(help="The last whole week against the four before, or the last month against three."),
]
Form = Annotated[
    FormName | None,
    typer.Option(
        "--format",
        help="A page, Markdown, HTML for mail programs, JSON, a PDF by an installed Chromium, a workbook, or a folder "
        "of tables as CSV or Parquet. Default: what FILE ends in, else html.",
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
        "--advice/--no-advice",
        help="With advice, or without. Default: with what finops recommend found before on this bill, else with it up "
        "to 2 million rows.",
    ),
]


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
    chosen = form_of(form, output)
    require(chosen, output or all_owners)
    if all_owners:
        _refuse(owner, output)
        from finops.sections.owners import reports

        _make_folder(all_owners)
        with reports(open_part, database, settings, ask, wanted) as of_owners:
            _write_all(of_owners, chosen, all_owners)
        return
    made, facts = report(open_part, database, settings, ask, wanted)
    write_report(made, chosen, output)
    said = summary_lines(facts) if output is None else [str(output), *summary_lines(facts)]
    print("\n".join(said), file=sys.stderr)


def _write_all(of_owners: Mapping[str, Callable[[], Report]], form: FormName, folder: Path) -> None:
    """Make and write one report after the other; each file is told once it is whole."""
    with Progress(len(of_owners), counted=True) as progress:
        for name, make in of_owners.items():
            progress.step(name, 0)
            file = folder / file_name(name, form)
            write_report(make(), form, file)
            say(f"{file}")
            progress.step("", 1)


def _refuse(owner: str | None, output: Path | None) -> None:
    if owner or output:
        option = "--owner" if owner else "--output"
        raise UsageError(f"--all-owners writes a file per owner; it takes no {option}", option, "leave one of them out")


def _make_folder(folder: Path) -> None:
    from finops.output.destination import reported

    with reported(folder):
        folder.mkdir(parents=True, exist_ok=True)
