"""The Typer program, made from the table of verbs. Only the module of the verb that runs is imported."""

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from finops import __version__
from finops.cli.verbs import VERBS, module_of
from finops.errors import UsageError

PROGRAM = "finops"
_STRICT = "finops.strict"
_HAVE_CODES_OF_THEIR_OWN = ("check", "doctor", "reconcile")
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class VerbGroup(TyperGroup):
    """The verbs by name and line of help; the one that is called replaces its placeholder."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The name, the command and the remaining words. Raises UsageError when there is no such verb."""
        seconds = _second_words(args[0])
        for count in (2, 1):
            name = " ".join(args[:count])
            # a verb with second words takes no argument: what follows is one of them, or a mistake
            if name in VERBS and not (count == 1 and seconds and args[1:2] and not args[1].startswith("-")):
                return name, load(name), args[count:]
        if seconds and args[1:2] in (["--help"], ["-h"]):
            print("\n".join(f"{PROGRAM} {args[0]} {word}: {VERBS[f'{args[0]} {word}']}" for word in seconds))
            raise typer.Exit
        raise _no_such_verb(" ".join(args[:2])) if seconds else _no_such_verb(args[0])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of verbs into the help, no line of it cut short."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


class VerbCommand(TyperCommand):
    """One verb, which names itself in every usage error (Typer forgets to in some)."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words left over after the options. Raises Typer's usage errors, always with the context."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def invoke(self, ctx: Any) -> Any:
        """What the verb returns. Raises DataError where --strict was asked for and the data gave rise to a note."""
        if not ctx.meta.get(_STRICT):
            return super().invoke(ctx)
        from finops.output.strictly import strictly

        with strictly():
            return super().invoke(ctx)


def execute(argv: Sequence[str]) -> int:
    """Parse the words after the program's name, run the verb, return its exit code (None counts as 0)."""
    program = build()
    program._main_shell_completion({}, PROGRAM)
    if not argv:
        _help_on_stderr(program)
        raise UsageError("no verb given")
    # Typer's own main turns a broken pipe into exit code 1, which here means a failed gate.
    try:
        with program.make_context(PROGRAM, list(argv)) as context:
            code = program.invoke(context)
    except typer.Exit as done:
        code = done.exit_code
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def build() -> Any:
    """The command behind `finops`, without importing any verb."""
    # Rich markup takes two thirds of the start-up time of a Typer program, and this help is plain text.
    app = typer.Typer(
        cls=VerbGroup,
        callback=_root,
        help="Attribute every dollar of AWS spend to a tag, or to a named reason why it cannot be.",
        epilog="'finops VERB --help' shows the options of a verb.",
        rich_markup_mode=None,
        context_settings=_CONTEXT,
        subcommand_metavar="VERB [ARGS]...",
    )
    for name, line in VERBS.items():
        app.command(name, help=line)(_placeholder)
    return typer.main.get_command(app)


def load(verb: str) -> Any:
    """The command of one verb of the table; imports its module."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    function = importlib.import_module(module_of(verb)).run
    epilog = "--debug shows the traceback of an error."
    app.command(verb, cls=VerbCommand, context_settings=_CONTEXT, epilog=epilog)(function)
    command: Any = typer.main.get_command(app)
    if verb not in _HAVE_CODES_OF_THEIR_OWN and any(one.name == "form" for one in command.params):
        command.params.append(_strict())
    return command


def _strict() -> Any:
    """The option of every verb that reads; no verb has to know of it."""
    app = typer.Typer(add_completion=False)
    app.command()(_only_strict)
    return next(one for one in typer.main.get_command(app).params if one.name == "strict")


def _only_strict(
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            expose_value=False,
            callback=lambda context, wanted: context.meta.update({_STRICT: wanted}),
            help="Exit with 3 where anything has to be noted about the data.",
        ),
    ] = False,
) -> None:
    """Only declares the option, as Typer reads them."""


def _print_version(wanted: bool) -> None:
    # A callback of the option, because Typer asks for a verb before it calls a function.
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; also behind the verb.")
    ] = False,
) -> None:
    """Declares the program's own options; `finops.cli.main` has taken --debug before Typer sees it."""


def _placeholder() -> None:
    raise AssertionError("resolve_command puts the verb's own function here")


def _help_on_stderr(program: Any) -> None:
    with program.make_context(PROGRAM, [], resilient_parsing=True) as context:
        print(program.get_help(context), end="\n\n", file=sys.stderr)


def _second_words(first: str) -> list[str]:
    """The second words of the verbs that begin with a word."""
    return [second for name in VERBS for word, _, second in [name.partition(" ")] if word == first and second]


def _no_such_verb(word: str) -> UsageError:
    if seconds := _second_words(word.partition(" ")[0]):
        first = word.partition(" ")[0]
        what = f"no such verb: {word}" if " " in word else f"{first} needs a second word"
        return UsageError(what, where=PROGRAM, fix=" or ".join(f"{PROGRAM} {first} {second}" for second in seconds))
    near = get_close_matches(word, VERBS, n=1)
    fix = f"{PROGRAM} {near[0]}" if near else f"{PROGRAM} --help"
    return UsageError(f"no such verb: {word}", where=PROGRAM, fix=fix)
