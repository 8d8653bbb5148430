"""finops explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import (
    AsOf,
    ConfigFile,
    Db,
    ExportName,
    Format,
    From,
    Inventory,
    Last,
    Metric,
    Output,
    Period,
    To,
    Where,
)

if TYPE_CHECKING:
    from finops.document import Document

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A metric, a model, MODEL.COLUMN, or the id of a finding or of advice.")
]


def run(
    name: Name,
    period: Period = None,
    last: Last = None,
    from_: From = None,
    to: To = None,
    metric: Metric = None,
    where: Where = None,
    export: ExportName = None,
    as_of: AsOf = None,
    inventory: Inventory = None,
    form: Format = "table",
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Explain a metric, a model, a column, a finding or advice: formula, settings, rows, prices, deliveries."""
    from finops.cli.explaining import Asked, explain_id
    from finops.cli.reading import asked, opened
    from finops.config import db_path
    from finops.errors import UsageError
    from finops.evidence.document import is_finding_id
    from finops.output import write

    if is_finding_id(name):
        ask = asked(metric or "amortized", period, last, from_, to, where, export, as_of=as_of)
        with opened(ask, db, config) as ledger:
            write(explain_id(Asked(name, ledger, db_path(db), export, inventory)), form, output)
        return
    given = {"--period": period, "--last": last, "--from": from_, "--to": to, "--metric": metric, "--where": where,
             "--export": export, "--as-of": as_of, "--inventory": inventory}  # fmt: skip
    unfitting = next((option for option, value in given.items() if value), None)
    if unfitting:
        raise UsageError(f"{unfitting} is for the id of a finding, and {name} is none", fix=f"finops explain {name}")
    write(_named(name, db_path(db)), form, output)


def _named(name: str, path: Path) -> Document:
    from finops.catalog import Problem, deliveries
    from finops.document import with_problems
    from finops.explain import explain

    loaded = deliveries(path) if path.exists() else []
    document = explain(name, loaded)
    if loaded:
        return document
    return with_problems(
        document, Problem("nothing_loaded", "nothing is loaded, so nothing was computed yet", str(path))
    )
