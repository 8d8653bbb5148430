"""The error boundary: any exception becomes at most three lines on stderr and a documented exit code."""

import errno
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer

from finops.errors import DataError, EngineError, FinopsError, Interrupted, UsageError

# What a shell reports for a program that a closed pipe has stopped: 128 + SIGPIPE.
BROKEN_PIPE_EXIT = 141

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_DISK_FAILED = {
    errno.ENOSPC: "no space left on the disk",
    errno.EFBIG: "a file grew over the size limit of this process",
    errno.EDQUOT: "the disk quota is used up",
    errno.EIO: "the disk failed to read or write",
    errno.EROFS: "the disk is read-only",
}
_ENGINES = {"duckdb", "_duckdb", "boto3", "botocore", "pyspark", "py4j"}
_RUN_DEBUG = "run again with --debug to see the traceback"


def report(error: BaseException, debug: bool = False) -> int:
    """Tell a person about an error and return its exit code; `debug` puts the traceback before it."""
    if isinstance(error, BrokenPipeError):
        # The reader has seen enough: a Unix tool ends here without a word.
        _discard_stdout()
        return BROKEN_PIPE_EXIT
    told = as_finops_error(error)
    _flush_stdout()
    # Where nobody listens on stderr, the exit code still tells. (print would fall back to stdout.)
    if sys.stderr is not None:
        with suppress(OSError):
            _tell(told, traceback_of=error if debug else None)
    return told.exit_code


def as_finops_error(error: BaseException) -> FinopsError:
    """Any exception in the words, and with the exit code, that the person at the terminal gets."""
    for kinds, translate in _TRANSLATIONS:
        if isinstance(error, kinds):
            return translate(error)
    engine = type(error).__module__.partition(".")[0] in _ENGINES
    return _engine_error(error) if engine else _own_failure(error)


def _tell(told: FinopsError, traceback_of: BaseException | None) -> None:
    if traceback_of is not None:
        traceback.print_exception(traceback_of)
    print("\n".join(told.lines()), file=sys.stderr, flush=True)


def _usage_error(error: Any) -> FinopsError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "finops"
    near = list(getattr(error, "possibilities", None) or ())
    what = (error.message if near else error.format_message()).replace("Value error, ", "")
    if getattr(error, "option_name", None) and context and context.parent is None:
        near.append("put it behind the verb")
    fix = " or ".join(near) or f"{command} --help"
    return UsageError(_lower_first(what).rstrip("."), where=command, fix=fix)


def _os_error(error: Any) -> FinopsError:
    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
    if error.errno in _DISK_FAILED:
        fix = "free some space, or name another disk"
        return EngineError(_DISK_FAILED[error.errno], where=file or "the output or a temporary file", fix=fix)
    if file is None:
        return _own_failure(error)
    what = _lower_first(error.strerror or "cannot use a file")
    return DataError(what, where=file, fix="check the path and its permissions")


def _runtime_error(error: RuntimeError) -> FinopsError:
    # DuckDB tells of Ctrl-C in these words, not with a class of its own.
    return Interrupted() if str(error) == "Query interrupted" else _own_failure(error)


def _engine_error(error: BaseException) -> FinopsError:
    if type(error).__name__ == "InterruptException":
        return Interrupted()
    if "No space left on device" in str(error):
        return EngineError(_DISK_FAILED[errno.ENOSPC], where=_first_line(error), fix="free some space")
    return EngineError(f"an engine failed: {_first_line(error)}", where=_raised_at(error), fix=_RUN_DEBUG)


def _out_of_memory(error: BaseException) -> FinopsError:
    return FinopsError("finops ran out of memory", where=_raised_at(error), fix="load fewer periods at once")


def _own_failure(error: BaseException) -> FinopsError:
    what = f"finops itself failed: {type(error).__name__}: {_first_line(error)}"
    return FinopsError(what, where=_raised_at(error), fix=_RUN_DEBUG)


# The first row of which the error is an instance translates it.
_TRANSLATIONS: tuple[tuple[type | tuple[type, ...], Callable[[Any], FinopsError]], ...] = (
    (FinopsError, lambda error: error),
    (typer.TyperException, _usage_error),
    ((KeyboardInterrupt, typer.Abort), lambda error: Interrupted()),
    (RuntimeError, _runtime_error),
    (OSError, _os_error),
    (MemoryError, _out_of_memory),
)


def _raised_at(error: BaseException) -> str | None:
    """The innermost line of finops itself on the way to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE + os.sep)]
    for frame in (ours or frames)[-1:]:
        return f"{os.path.relpath(frame.filename, os.path.dirname(_PACKAGE))}:{frame.lineno}"
    return None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or "no message"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _flush_stdout() -> None:
    """What was printed comes before the error; what can no longer be printed is not tried again."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        _discard_stdout()


def _discard_stdout() -> None:
    # Python flushes stdout once more at exit: that would print a second error and end in 120.
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
