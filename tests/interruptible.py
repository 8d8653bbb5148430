"""A finops that Ctrl-C ends wherever the tests run: what a shell starts in the background inherits that it does not."""

from __future__ import annotations

import sys

_CODE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from finops.cli import main
sys.exit(main(sys.argv[1:]))
"""


def interruptible(*words: str) -> list[str]:
    """The words of a process that runs a verb."""
    return [sys.executable, "-c", _CODE, *words]
