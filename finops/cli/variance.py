"""finops variance."""

from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, ExportName, GithubFormat, Metric, Output, Period, Where
from finops.cli.reading import asked, label_tags, opened
from finops.errors import UsageError

Env = Annotated[str | None, typer.Option("--env", metavar="NAME", help="Only the lines of this environment.")]

Budgets = Annotated[bool, typer.Option("--budgets", help="Hold the budgets of the settings against the bill instead.")]
Aws = Annotated[bool, typer.Option("--aws", help="With --budgets: those of AWS Budgets as well; AWS is asked.")]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile for --aws.")]


def run(
    env: Env = None,
    budgets: Budgets = False,
    aws: Aws = False,
    profile: Profile = None,
    period: Period = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    form: GithubFormat = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Hold the estimates of documents against the bill, line by line."""
    if budgets:
        from finops.cli.budgets import show_budgets

        show_budgets(env, period, metric, where, export, form, output, db, config, aws, profile)
        return
    if aws:
        raise UsageError("--aws asks for budgets", fix="finops variance --budgets --aws")
    from finops.output import write
    from finops.variance.document import variance

    # All months are opened: those before give the weekdays their profile.
    ask = asked(metric or "amortized", where=where, export=export, by=label_tags(config))
    with opened(ask, db, config) as ledger:
        write(variance(ledger, period, env), form, output)
