"""From an address to an answer: one question of the page, one opening of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finops import __version__
from finops.availability import with_notes
from finops.catalog import deliveries
from finops.config import db_path, load_settings
from finops.dimensions import where_text
from finops.errors import UsageError
from finops.explore import lines, slices
from finops.explore.command import commands, lines_command
from finops.explore.menu import menu
from finops.explore.question import Question, parse
from finops.explore.statement import lines_statements, statement
from finops.reader import Ask, Ledger, open_ledger


@dataclass(frozen=True)
class Served:
    """The ledger that is shown: database and settings as the person named them, None where they did not."""

    db: Path | None = None
    config: Path | None = None

    @property
    def database(self) -> Path:
        """Where the database is."""
        return db_path(self.db)

    @contextmanager
    def ledger(self, ask: Ask) -> Iterator[Ledger]:
        """The ledger for one question, by the settings of this moment; its SQL reaches nothing but its own files."""
        with open_ledger(self.database, load_settings(self.config), ask) as ledger:
            yield with_notes(ledger)


def answer(served: Served, path: str, query: str) -> Mapping[str, Any] | None:
    """What the page shows for an address below /api/; None where there is no such address. Raises FinopsError."""
    found = _ANSWERS.get(path)
    return found(served, query) if found else None


def _menu(served: Served, query: str) -> dict[str, Any]:
    if query:
        raise UsageError("the menu takes no question")
    currencies = sorted({one.currency for one in deliveries(served.database)})
    where = where_text("currency", currencies[:1]) if len(currencies) > 1 else None
    with served.ledger(Ask(where=(where,) if where else ())) as ledger:
        return {**menu(ledger), "where": [where] if where else [], "name": served.database.name, "version": __version__}


def _spend(served: Served, query: str) -> dict[str, Any]:
    question = parse(query)
    with served.ledger(question.ask()) as ledger:
        return {
            **slices.answer(ledger, question),
            "command": commands(question, served.db, served.config),
            "sql": _sql(ledger, served, question),
        }


def _lines(served: Served, query: str) -> dict[str, Any]:
    question = parse(query)
    with served.ledger(question.ask()) as ledger:
        return {
            **lines.answer(ledger, served.database, question),
            "command": lines_command(question, served.db, served.config),
            "sql": {"text": lines_statements(ledger, served.database, question), "why": ""},
        }


def _sql(ledger: Ledger, served: Served, question: Question) -> dict[str, str]:
    try:
        return {"text": statement(ledger, served.database, question), "why": ""}
    except UsageError as error:
        return {"text": "", "why": error.what}


_ANSWERS: Mapping[str, Callable[[Served, str], dict[str, Any]]] = {
    "/api/menu": _menu,
    "/api/spend": _spend,
    "/api/lines": _lines,
}
