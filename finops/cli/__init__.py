"""The command line. `main` is the only way in and the one place where an exception becomes an exit code."""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; `argv` is what follows the program's name.

    0 clean, 1 the gate failed, 2 usage or configuration, 3 the data cannot be trusted or finops itself
    failed, 4 AWS, an engine or the disk failed, 130 interrupted, 141 the reader of a pipe went away.
    """
    debug, args = _take_debug(sys.argv[1:] if argv is None else argv)
    # Imported inside the boundary, so that Ctrl-C while Python still imports is an interrupt like any other.
    try:
        from finops.cli.app import execute

        return execute(args)
    except (Exception, KeyboardInterrupt) as error:
        from finops.cli.boundary import report

        return report(error, debug=debug)


def _take_debug(argv: Sequence[str]) -> tuple[bool, list[str]]:
    """`--debug` counts anywhere before a bare `--`, ahead of the verb or behind it."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    options = [word for word in argv[:end] if word != "--debug"]
    return len(options) < end, [*options, *argv[end:]]
