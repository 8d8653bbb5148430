"""From the options of a reading verb to an open ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from finops.config import db_path, load_settings
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.reader import Ask, Ledger


def asked(
    metric: str,
    period: str | None = None,
    last: str | None = None,
    start: str | None = None,
    end: str | None = None,
    where: Sequence[str] | None = None,
    export: str | None = None,
    by: str | None = None,
    as_of: str | None = None,
) -> Ask:
    """The options as one question. Raises UsageError for a day that is none."""
    from finops.reader import Ask

    return Ask(
        period=period,
        last=last,
        start=_day(start, "--from"),
        end=_day(end, "--to"),
        metric=metric,
        where=tuple(where or ()),
        export=export,
        by=by,
        as_of=as_of,
    )


@contextmanager
def opened(ask: Ask, db: Path | None, config: Path | None) -> Iterator[Ledger]:
    """The ledger that answers `ask`, with the settings of the verb.

    Raises DataError when nothing is loaded, UsageError for a question that does not fit the data.
    """
    from finops.availability import with_notes
    from finops.reader import open_ledger

    with open_ledger(db_path(db), load_settings(config), ask) as ledger:
        yield with_notes(ledger)


def label_tags(config: Path | None) -> str:
    """What estimates are told apart by: the environment, and the tags that labels of the settings ask for."""
    keys = dict.fromkeys(key for label in load_settings(config).labels for key in label.tags)
    return ",".join(["environment", *(f'"tag:{key}"' for key in keys)])


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is not a day", where=option, fix=f"{option} 2026-10-01") from error
