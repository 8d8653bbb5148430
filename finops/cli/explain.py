"""finops explain."""

from typing import Annotated

import typer

from finops.cli.options import ConfigFile, Db, Format, Output

Name = Annotated[str, typer.Argument(metavar="NAME", help="A metric, a model, or MODEL.COLUMN.")]


def run(name: Name, form: Format = "table", output: Output = None, db: Db = None, config: ConfigFile = None) -> None:
    """Explain a metric, a model or a column: formula, checks, deliveries."""
    from finops.catalog import Problem, deliveries
    from finops.config import db_path
    from finops.document import with_problems
    from finops.explain import explain
    from finops.output import write

    path = db_path(db)
    loaded = deliveries(path) if path.exists() else []
    document = explain(name, loaded)
    if not loaded:
        nothing = Problem("nothing_loaded", "nothing is loaded, so nothing was computed yet", str(path))
        document = with_problems(document, nothing)
    write(document, form, output)
