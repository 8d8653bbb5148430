"""What a person sees of an error, and which exit code a program sees."""

import builtins
import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.cli.boundary import as_finops_error, report
from finops.errors import ConfigError, DataError, EngineError, FinopsError, Interrupted, UsageError

BUILTIN_EXCEPTIONS = [
    kind
    for kind in vars(builtins).values()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, BaseExceptionGroup | UnicodeError)
]


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (FinopsError, 3),
        (UsageError, 2),
        (ConfigError, 2),
        (DataError, 3),
        (EngineError, 4),
        (Interrupted, 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind: type[FinopsError], exit_code: int) -> None:
    assert kind("broken").exit_code == exit_code


def test_an_error_says_what_is_wrong_then_where_then_what_to_try() -> None:
    error = DataError("the gzip ends early", where="part-1.csv.gz", fix="copy the file again")
    assert error.lines() == [
        "error: the gzip ends early",
        "  where: part-1.csv.gz",
        "  try: copy the file again",
    ]


def test_what_is_not_known_takes_no_line() -> None:
    assert FinopsError("broken").lines() == ["error: broken"]
    assert FinopsError("broken", fix="mend it").lines() == ["error: broken", "  try: mend it"]


@given(what=st.text(), where=st.none() | st.text(), fix=st.none() | st.text())
def test_an_error_is_never_longer_than_three_lines(what: str, where: str | None, fix: str | None) -> None:
    assert 1 <= len(str(DataError("!" + what, where, fix)).splitlines()) <= 3


@pytest.mark.parametrize("kind", BUILTIN_EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_no_exception_ends_in_the_exit_code_of_a_failed_gate(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    code = report(kind("first line\nsecond line"))
    assert code == (141 if kind is BrokenPipeError else 3)
    assert len(capsys.readouterr().err.splitlines()) == (0 if kind is BrokenPipeError else 2)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_failing_disk_is_named_with_the_file(number: int) -> None:
    error = as_finops_error(OSError(number, "words of the system", "/data/finops.duckdb"))
    assert (type(error), error.where) == (EngineError, "/data/finops.duckdb")


def test_no_space_left_is_said_in_so_many_words() -> None:
    assert "no space left" in as_finops_error(OSError(errno.ENOSPC, "")).what


def test_a_file_that_cannot_be_read_is_bad_data_and_is_named() -> None:
    error = as_finops_error(PermissionError(errno.EACCES, "Permission denied", b"/data/cur"))
    assert error.lines()[:2] == ["error: permission denied", "  where: /data/cur"]
    assert error.exit_code == 3


def test_an_engine_that_fails_is_not_blamed_on_finops() -> None:
    import duckdb

    error = as_finops_error(duckdb.CatalogException("Catalog Error: no such table\nLINE 1: ..."))
    assert (error.exit_code, error.what) == (4, "an engine failed: Catalog Error: no such table")


def test_an_engine_without_disk_space_says_so() -> None:
    import duckdb

    error = as_finops_error(duckdb.IOException("Could not write file: No space left on device"))
    assert (error.exit_code, error.what) == (4, "no space left on the disk")


def test_a_query_that_a_person_stopped_is_an_interrupt() -> None:
    import duckdb

    for stopped in (
        KeyboardInterrupt(),
        RuntimeError("Query interrupted"),
        duckdb.InterruptException("INTERRUPT"),
    ):
        assert as_finops_error(stopped).exit_code == 130


def test_a_fault_of_finops_itself_names_the_line_and_how_to_learn_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        DataError(7).lines()  # type: ignore[arg-type]
    except AttributeError as fault:
        report(fault)
    first, where, fix = capsys.readouterr().err.splitlines()
    assert first.startswith("error: finops itself failed: AttributeError: ")
    assert where.startswith("  where: finops/errors.py:")
    assert fix == "  try: run again with --debug to see the traceback"


def test_the_traceback_comes_before_the_error_and_only_when_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(DataError("broken"))
    assert capsys.readouterr().err == "error: broken\n"
    report(DataError("broken"), debug=True)
    assert capsys.readouterr().err.splitlines()[-1] == "error: broken"


def test_an_error_is_reported_even_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("sys.stdout", None)
    assert report(DataError("broken")) == 3
