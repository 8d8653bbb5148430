"""What has an id that `finops explain ID` knows. A new kind of finding is a line in FINDINGS, all else one below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.document import Document
    from finops.evidence.subject import Kind
    from finops.reader import Ledger


@dataclass(frozen=True)
class Asked:
    """The id, or the beginning of one, and where to look for it."""

    name: str
    ledger: Ledger
    database: Path
    export: str | None
    inventory: Path | None


Explainer = Callable[[Asked], "Document | None"]


def kinds() -> tuple[Kind, ...]:
    """The rules whose findings have ids."""
    from finops.evidence.gap import GAP
    from finops.evidence.residency import RESIDENCY

    return GAP, RESIDENCY


def _finding(asked: Asked) -> Document | None:
    from finops.evidence.document import explain_finding

    return explain_finding(asked.ledger, asked.database, kinds(), asked.name)


def _advice(asked: Asked) -> Document | None:
    """Advice is on all that is loaded, whatever the question about findings was."""
    from finops.recommend.everything import everything
    from finops.recommend.explained import explained
    from finops.usage import open_usage, price_book

    settings = asked.ledger.settings
    with open_usage(asked.database, asked.export) as usage:
        book = price_book(usage)
        found = everything(usage, settings, book, asked.inventory)
        return explained(usage, found, settings, book, asked.name)


EXPLAINERS: tuple[Explainer, ...] = (_finding, _advice)


def explain_id(asked: Asked) -> Document:
    """The document of whatever has the id. Raises UsageError when nothing has, and says what could not be read."""
    from finops.errors import DataError
    from finops.evidence.document import no_such_id

    unread = ""
    for explainer in EXPLAINERS:
        try:
            document = explainer(asked)
        except DataError as error:
            if asked.inventory:
                raise
            unread = str(error)
            continue
        if document is not None:
            return document
    raise no_such_id(asked.ledger, asked.name, unread)
