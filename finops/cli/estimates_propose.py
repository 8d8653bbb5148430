"""finops estimates propose."""

from finops.cli.options import ConfigFile, Db, ExportName, Metric, Output, Period, Where
from finops.cli.reading import asked, label_tags, opened


def run(
    period: Period = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Propose a document whose costs are those of the bill, as a unified diff."""
    from finops.cli.progress import say
    from finops.output import tell
    from finops.output.destination import destination
    from finops.variance.propose import propose

    ask = asked(metric or "amortized", where=where, export=export, by=label_tags(config))
    with opened(ask, db, config) as ledger:
        diff, problems = propose(ledger, period)
    with destination(output) as out:
        out.write(diff)
    tell(problems)
    if not diff:
        say("nothing to change: the documents agree with the bill")
