"""What `finops variance --budgets` does."""

from __future__ import annotations

from functools import partial
from pathlib import Path


def show_budgets(
    env: str | None,
    period: str | None,
    metric: str | None,
    where: list[str] | None,
    export: str | None,
    form: str,
    output: Path | None,
    db: Path | None,
    config: Path | None,
    aws: bool,
    profile: str | None,
) -> None:
    """Print the budgets of the settings against the bill, with `aws` those of AWS Budgets below."""
    from finops.budgets.document import budgets_held
    from finops.cli.reading import asked, opened
    from finops.config import db_path, today
    from finops.output import write

    ask = asked(metric or "amortized", where=where, export=export)
    with opened(ask, db, config) as ledger:
        document, _ = budgets_held(ledger, partial(opened, db=db, config=config), db_path(db), period, env)
        if aws:
            from finops.aws.door import open_door
            from finops.budgets.document import with_aws
            from finops.budgets.from_aws import aws_budgets

            document = with_aws(document, *aws_budgets(open_door(profile), ledger.currency, today()))
        write(document, form, output)
