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
) -> None:
    """Print the budgets of the settings against the bill."""
    from finops.budgets.document import budgets_held
    from finops.cli.reading import asked, opened
    from finops.config import db_path
    from finops.output import write

    ask = asked(metric or "amortized", where=where, export=export)
    with opened(ask, db, config) as ledger:
        document, _ = budgets_held(ledger, partial(opened, db=db, config=config), db_path(db), period, env)
        write(document, form, output)
