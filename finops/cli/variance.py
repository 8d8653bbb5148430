"""finops variance."""

from typing import Annotated

import typer

from finops.cli.options import (
    ConfigFile,
    Db,
    ExportName,
    From,
    GithubFormat,
    Last,
    Metric,
    Output,
    Period,
    To,
    Where,
)
from finops.cli.reading import asked, label_tags, opened
from finops.errors import UsageError

Env = Annotated[str | None, typer.Option("--env", metavar="NAME", help="Only the lines of this environment.")]
Why = Annotated[
    bool, typer.Option("--why", help="Split the change between two spans of days into its causes, adding up exactly.")
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="SPAN",
        help="With --why: previous (the default), 2026-08, 2026-08-01..2026-09-01 (end excluded), or estimates.",
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="DIM", help="With --why: environment (the default), tag:KEY or cost_category:NAME."),
]

Budgets = Annotated[bool, typer.Option("--budgets", help="Hold the budgets of the settings against the bill instead.")]
Aws = Annotated[bool, typer.Option("--aws", help="With --budgets: those of AWS Budgets as well; AWS is asked.")]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile for --aws.")]


def run(
    env: Env = None,
    budgets: Budgets = False,
    aws: Aws = False,
    profile: Profile = None,
    why: Why = False,
    against: Against = None,
    by: By = None,
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    form: GithubFormat = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Hold the estimates of documents against the bill, line by line; or say why cost changed."""
    from finops.variance.why.asking import checked

    if budgets:
        from finops.cli.budgets import show_budgets

        checked(False, form, by, None, last, from_, to, against)
        show_budgets(env, period, metric, where, export, form, output, db, config, aws, profile)
        return
    if aws:
        raise UsageError("--aws asks for budgets", fix="finops variance --budgets --aws")
    from finops.output import write
    from finops.output.why_document import document
    from finops.variance.document import variance
    from finops.variance.why.against_estimates import against_estimates
    from finops.variance.why.answer import why as explained
    from finops.variance.why.asking import ESTIMATES, split_of

    split = split_of(by, env)
    words = checked(why, form, by, period, last, from_, to, against)
    estimates = not why or words.against == ESTIMATES
    # All months are opened: those before give the weekdays their profile, or are what is held against.
    needed = label_tags(config) if estimates else split.word
    with opened(asked(metric or "amortized", where=where, export=export, by=needed), db, config) as ledger:
        if not why:
            write(variance(ledger, period, env), form, output)
        elif estimates:
            write(document(against_estimates(ledger, period, env)), form, output)
        else:
            write(document(explained(ledger, words, split, env)), form, output)
