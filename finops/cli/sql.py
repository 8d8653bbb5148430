"""finops sql."""

from typing import Annotated, Literal

import typer

from finops.cli.options import ConfigFile, Db, Output
from finops.errors import UsageError

ModelName = Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model, as --list names it.")]
Dialect = Annotated[Literal["duckdb", "spark", "athena"], typer.Option("--dialect", help="The engine to print it for.")]
List = Annotated[bool, typer.Option("--list", help="List the models and what each is for.")]


def run(
    model: ModelName = None,
    dialect: Dialect = "duckdb",
    list_: List = False,
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Print the SQL of a model in the dialect of an engine."""
    from finops.models import model as model_named
    from finops.output.destination import destination
    from finops.transpile import sql_in

    if list_ == (model is not None):
        raise UsageError("name one model, or ask for --list", fix="finops sql --list")
    text = _listed() if model is None else sql_in(model_named(model), dialect)
    with destination(output) as out:
        out.write(text)
    if model and dialect != "duckdb":
        _warn(model, dialect)


def _warn(name: str, dialect: str) -> None:
    """Say what of a model may mean something else on the engine it is printed for."""
    from finops.cli.progress import say
    from finops.engines.portable import refusals
    from finops.models import model

    for refusal in refusals(model(name).sql):
        say(f"note: {name} is made for DuckDB, and may differ on {dialect}: {refusal.construct}: {refusal.reason}")


def _listed() -> str:
    from finops.models import load_models

    models = sorted(load_models().values(), key=lambda one: (one.folder, one.name))
    width = max(len(one.name) for one in models)
    folder = max(len(one.folder) for one in models)
    return "".join(f"{one.folder:{folder}}  {one.name:{width}}  {one.purpose}\n" for one in models)
