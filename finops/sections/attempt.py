"""A section that fails says so and why; it never fails the report, and it never hides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from finops.errors import FinopsError, Interrupted
from finops.report.model import Section


def attempted(key: str, title: str, make: Callable[[], Section]) -> Section:
    """The section, or why there is none. Only a person who stops the run stops it."""
    try:
        return make()
    except Interrupted:
        raise
    except FinopsError as error:
        return failed(key, title, error)
    except Exception as error:
        # whatever an engine or a mistake of ours throws here, the other sections still answer
        return failed(key, title, FinopsError(f"{type(error).__name__}: {error}".splitlines()[0]))


def failed(key: str, title: str, error: FinopsError) -> Section:
    """The section that could not be computed."""
    # a place on this machine is nothing for those whom the report is forwarded to
    where = f" ({error.where})" if error.where and not Path(error.where).is_absolute() else ""
    told = f"Could not be computed: {error.what}{where}."
    return Section(key, title, (told, f"Try: {error.fix}.") if error.fix else (told,), state="failed")


def not_set(key: str, title: str, text: str) -> Section:
    """The section whose input the settings do not name."""
    return Section(key, title, (text,), state="not set")


def not_kept(key: str, title: str) -> Section:
    """The section that is made from the hours of the bill, in a report of an earlier ledger."""
    text = "The hours of a replaced delivery are not kept: this is not told of an earlier ledger."
    return Section(key, title, (text,), state="left out")


def left_out(key: str, title: str) -> Section:
    """The section that is of the whole estate, in a report of a part of it."""
    text = "This is told of the whole estate only; the report without a filter has it."
    return Section(key, title, (text,), state="left out")
