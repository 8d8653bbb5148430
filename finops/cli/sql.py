"""finops sql."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from finops.cli.options import ConfigFile, Db, Output
from finops.errors import UsageError

ModelName = Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model, as --list names it.")]
Dialect = Annotated[Literal["duckdb", "spark", "athena"], typer.Option("--dialect", help="The engine to print it for.")]
All = Annotated[bool, typer.Option("--all", help="athena: every view from an export's table to the marts, in order.")]
Write = Annotated[
    Path | None, typer.Option("--write", metavar="DIR", help="With --all: one numbered file a view, in this folder.")
]
Source = Annotated[
    str | None,
    typer.Option("--source", metavar="TABLE", help="With --all: the export's table. [default: cur or focus]"),
]
ShapeName = Annotated[
    Literal["cur", "focus"] | None, typer.Option("--shape", help="With --all: CUR 2.0 or FOCUS. [default: cur]")
]
List = Annotated[bool, typer.Option("--list", help="List the models and what each is for.")]


def run(
    model: ModelName = None,
    dialect: Dialect = "duckdb",
    list_: List = False,
    all_: All = False,
    write: Write = None,
    source: Source = None,
    shape: ShapeName = None,
    output: Output = None,
    db: Db = None,
    config: ConfigFile = None,
) -> None:
    """Print the SQL of a model in the dialect of an engine."""
    from finops.models import model as model_named
    from finops.output.destination import destination
    from finops.transpile import sql_in

    _require_one_question(model, list_, all_)
    if all_:
        _write_views(dialect, shape or "cur", source, write, output)
        return
    _refuse({"--write": write, "--source": source, "--shape": shape})
    text = _listed() if model is None else sql_in(model_named(model), dialect)
    with destination(output) as out:
        out.write(text)
    if model and dialect != "duckdb":
        _warn(model, dialect)


def _require_one_question(model: str | None, list_: bool, all_: bool) -> None:
    if [model is not None, list_, all_].count(True) != 1:
        raise UsageError("name one model, or ask for --list or --all", fix="finops sql --list")


def _refuse(options: dict[str, object]) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name} belongs to --all", fix=f"finops sql --all --dialect athena {name}")


def _write_views(
    dialect: str, shape: Literal["cur", "focus"], source: str | None, folder: Path | None, output: Path | None
) -> None:
    """Print the views of a Glue database, or write each into a file of its own."""
    from finops.output.destination import destination
    from finops.transpile import athena_views

    if dialect != "athena":
        raise UsageError("--all gives the views of a Glue database", f"--dialect {dialect}", "--dialect athena")
    if folder and output:
        raise UsageError("--write and --output exclude each other", fix="use one of them")
    views = athena_views(shape, source or shape)
    if folder is None:
        with destination(output) as out:
            out.write(";\n\n".join(view.statement.rstrip() for view in views) + ";\n")
        return
    _make(folder)
    for number, view in enumerate(views, start=1):
        with destination(folder / f"{number:02d}_{view.name}.sql") as out:
            out.write(view.statement)


def _make(folder: Path) -> None:
    from finops.errors import EngineError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"the folder cannot be made: {error.strerror}", str(folder)) from error


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
