"""What every verb promises, and what `finops` does before and after any of them."""

import importlib
import inspect
import os
import subprocess
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import finops.cli
from finops import __version__
from finops.cli import main
from finops.cli.app import load
from finops.cli.options import ConfigFile, Db, Format, Period, Where
from finops.cli.verbs import VERBS, module_of
from finops.errors import DataError

HEAVY = ["duckdb", "sqlglot", "jinja2", "rich", "boto3", "botocore", "pandas", "pyspark", "plotly", "pyarrow"]
PRESENT = [verb for verb in VERBS if find_spec(module_of(verb))]
FULL = Path("/dev/full")

PlayVerb = Callable[[Callable[..., Any]], None]


@pytest.fixture
def play_spend(monkeypatch: pytest.MonkeyPatch) -> PlayVerb:
    """Lets a function take the part of the verb `spend`."""

    def put(function: Callable[..., Any]) -> None:
        module = types.ModuleType(module_of("spend"))
        module.run = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module_of("spend"), module)

    return put


def python(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, as a person's shell would."""
    return subprocess.run([sys.executable, *words], text=True, stderr=subprocess.PIPE, check=False, **options)


# --- the verbs ---------------------------------------------------------------------------------


def test_every_module_that_can_run_is_a_verb_of_the_table() -> None:
    files = Path(finops.cli.__file__).parent.glob("*.py")
    runnable = {f"finops.cli.{path.stem}" for path in files if "\ndef run(" in path.read_text()}
    assert runnable <= set(map(module_of, VERBS))


@pytest.mark.parametrize("verb", PRESENT)
def test_the_help_of_the_table_is_the_first_line_of_the_verbs_docstring(verb: str) -> None:
    documentation = inspect.getdoc(importlib.import_module(module_of(verb)).run) or ""
    assert documentation.partition("\n")[0] == VERBS[verb]


@pytest.mark.parametrize("verb", PRESENT)
def test_every_verb_takes_the_database_and_the_settings(verb: str) -> None:
    declared = {name: option for option in load(verb).params for name in option.opts}
    assert (declared["--db"].envvar, declared["--config"].envvar) == ("FINOPS_DB", "FINOPS_CONFIG")


@pytest.mark.parametrize("verb", PRESENT)
def test_every_option_of_every_verb_says_what_it_is_for(verb: str) -> None:
    assert [option.name for option in load(verb).params if not option.help] == []


@pytest.mark.parametrize("verb", PRESENT)
def test_the_help_of_a_verb_goes_to_stdout(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    printed = capsys.readouterr()
    assert f"finops {verb}" in printed.out
    assert printed.err == ""


def test_no_verb_imports_a_heavy_library_before_it_needs_it() -> None:
    modules = ["finops.cli.app", *(module_of(verb) for verb in PRESENT)]
    script = f"import sys, {', '.join(modules)}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    ran = python("-c", script, stdout=subprocess.PIPE)
    assert (ran.stdout, ran.stderr) == ("\n", "")


# --- help and version --------------------------------------------------------------------------


def test_help_lists_every_verb_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert [verb for verb, line in VERBS.items() if f"{verb} {line}" not in words] == []


def test_help_imports_no_verb_and_no_heavy_library() -> None:
    script = "import sys; from finops.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = set(python("-c", script, stdout=subprocess.DEVNULL).stderr.split())
    assert "finops.cli.app" in loaded
    assert loaded & {*HEAVY, *map(module_of, VERBS)} == set()


def test_version_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"finops {__version__}\n"


def test_the_module_runs_like_the_program() -> None:
    ran = python("-m", "finops", "--version", stdout=subprocess.PIPE)
    assert (ran.returncode, ran.stdout) == (0, f"finops {__version__}\n")


def test_without_a_verb_the_help_is_shown_and_it_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Usage: finops" in printed.err
    assert printed.err.splitlines()[-1] == "error: no verb given"


# --- usage errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["spnd"], ["error: no such verb: spnd", "  where: finops", "  try: finops spend"]),
        (["zzzz"], ["error: no such verb: zzzz", "  where: finops", "  try: finops --help"]),
        (
            ["--versoin"],
            [
                "error: no such option: --versoin",
                "  where: finops",
                "  try: --version or put it behind the verb",
            ],
        ),
        (
            ["spend", "--perod"],
            ["error: no such option: --perod", "  where: finops spend", "  try: --period"],
        ),
        (
            ["spend", "--period"],
            [
                "error: option '--period' requires an argument",
                "  where: finops spend",
                "  try: finops spend --help",
            ],
        ),
        (
            ["spend", "--format", "xml"],
            [
                "error: invalid value for '--format': 'xml' is not one of 'table', 'json', 'csv', 'md'",
                "  where: finops spend",
                "  try: finops spend --help",
            ],
        ),
        (
            ["spend", "more"],
            [
                "error: got unexpected extra argument(s) (more)",
                "  where: finops spend",
                "  try: finops spend --help",
            ],
        ),
    ],
    ids=" ".join,
)
def test_a_slip_on_the_command_line_is_answered_in_three_lines(
    words: list[str], lines: list[str], play_spend: PlayVerb, capsys: pytest.CaptureFixture[str]
) -> None:
    def spend(period: Period = None, format: Format = "table") -> None:
        """Stands in for the verb."""

    play_spend(spend)
    assert main(words) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()) == ("", lines)


def test_shared_options_reach_the_verb(play_spend: PlayVerb, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def spend(where: Where = None, db: Db = None, config: ConfigFile = None) -> None:
        seen.update(where=where, db=db, config=config)

    play_spend(spend)
    monkeypatch.setenv("FINOPS_DB", "from-the-environment.duckdb")
    assert main(["spend", "--where", "region=us-east-1", "--where", "tag:Owner=a,b", "--config", "f.toml"]) == 0
    assert seen == {
        "where": ["region=us-east-1", "tag:Owner=a,b"],
        "db": Path("from-the-environment.duckdb"),
        "config": Path("f.toml"),
    }


# --- exit codes --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [None, 0, 1, 3])
def test_what_a_verb_returns_is_the_exit_code(code: int | None, play_spend: PlayVerb) -> None:
    play_spend(lambda: code)
    assert main(["spend"]) == (code or 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [(DataError("broken"), 3), (KeyboardInterrupt(), 130), (ValueError("broken"), 3), (MemoryError(), 3)],
    ids=["data", "interrupt", "fault", "memory"],
)
def test_what_was_printed_stays_and_the_error_comes_last(
    error: BaseException, code: int, play_spend: PlayVerb, capsys: pytest.CaptureFixture[str]
) -> None:
    def spend() -> None:
        print("some data")
        print("some talk", file=sys.stderr)
        raise error

    play_spend(spend)
    assert main(["spend"]) == code
    printed = capsys.readouterr()
    assert printed.out == "some data\n"
    talk, first, *rest = printed.err.splitlines()
    assert (talk, first[:7]) == ("some talk", "error: ")
    assert len(rest) <= 2


@pytest.mark.parametrize("words", [["--debug", "spend"], ["spend", "--debug"], ["spend"]])
def test_the_traceback_is_shown_with_debug_on_either_side_of_the_verb(
    words: list[str], play_spend: PlayVerb, capsys: pytest.CaptureFixture[str]
) -> None:
    def spend() -> None:
        raise DataError("broken")

    play_spend(spend)
    assert main(words) == 3
    assert ("Traceback" in capsys.readouterr().err) == ("--debug" in words)


def test_debug_behind_a_double_dash_is_an_argument_like_any_other(play_spend: PlayVerb) -> None:
    seen: list[str] = []

    def spend(path: str) -> None:
        seen.append(path)

    play_spend(spend)
    assert main(["spend", "--", "--debug"]) == 0
    assert seen == ["--debug"]


def test_a_reader_that_went_away_ends_the_program_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = python("-m", "finops", "--help", stdout=writing)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_stdout_is_an_error_of_the_disk() -> None:
    with FULL.open("w") as full:
        ran = python("-m", "finops", "--help", stdout=full)
    assert (ran.returncode, ran.stderr.splitlines()[0]) == (4, "error: no space left on the disk")
