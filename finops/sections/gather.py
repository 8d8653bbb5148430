"""One report, whole: its ledgers opened, its sections made and put in order for who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from finops.anomalies.levels import asked_by
from finops.dimensions import where_text
from finops.errors import UsageError
from finops.output.report_text import document
from finops.report.facts import build
from finops.report.model import Report, Section
from finops.sections import advice, anomalies, commitments, promises, units, why
from finops.sections.attempt import attempted
from finops.sections.case import Case, Wanted
from finops.sections.order import arranged

if TYPE_CHECKING:
    from finops.budgets.read import Open
    from finops.config.settings import Settings
    from finops.reader import Ask, Ledger
    from finops.report.facts import ReportFacts

Opened = TypeVar("Opened")

_MORE: tuple[tuple[str, str, Callable[[Case], Section]], ...] = (
    (promises.KEY, promises.TITLE, promises.promises),
    (anomalies.KEY, anomalies.TITLE, anomalies.anomalies),
    (advice.KEY, advice.TITLE, advice.advice),
    (commitments.KEY, commitments.TITLE, commitments.commitments),
    (units.KEY, units.TITLE, units.units),
)


def report(open_part: Open, database: Path, settings: Settings, ask: Ask, wanted: Wanted) -> tuple[Report, ReportFacts]:
    """The whole report and the facts it begins with.

    `open_part` opens the ledger for a question. Raises what opening the ledger raises; a section that fails is told.
    """
    with opened_case(open_part, database, settings, ask, wanted) as case:
        return of_case(case), case.facts


@contextmanager
def opened_case(open_part: Open, database: Path, settings: Settings, ask: Ask, wanted: Wanted) -> Iterator[Case]:
    """The ledgers of one report: the part that was asked for, and all days of it and of the whole.

    Raises UsageError for an environment that is not in the settings, or an owner without cost.
    """
    every_day = all_days(ask)
    part = narrowed(every_day, settings, wanted)
    with ExitStack() as stack:
        history = stack.enter_context(by_all(open_part, settings, part))
        if wanted.owner:
            _require_cost(history, settings, wanted.owner)
        asked = history
        if every_day != ask:
            asked = stack.enter_context(by_all(open_part, settings, narrowed(ask, settings, wanted)))
        estate = history if part == every_day else stack.enter_context(by_all(open_part, settings, every_day))
        yield Case(wanted, ask, build(asked, wanted.cadence), history, estate, open_part, database)


def of_case(case: Case) -> Report:
    """Every section that who reads it wants, in their order."""
    base = document(case.facts)
    made = {section.key: section for section in base.sections}
    made[why.KEY] = why.changes(case, made.get(why.KEY))
    for key, title, make in _MORE:
        made[key] = attempted(key, title, partial(make, case))
    return replace(base, sections=arranged(made, case.wanted.audience))


@contextmanager
def by_all(
    open_part: Callable[[Ask], AbstractContextManager[Opened]], settings: Settings, ask: Ask
) -> Iterator[Opened]:
    """What `open_part` opens, ready for everything that is watched where its months have it."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_part(replace(ask, by=asked_by(settings))))
        except UsageError:
            # of Cost Explorer, which was asked for less, or a question that does not fit: then this says so
            opened = stack.enter_context(open_part(ask))
        yield opened


def all_days(ask: Ask) -> Ask:
    """The same question of every day that is loaded."""
    return replace(ask, period=None, last=None, start=None, end=None)


def narrowed(ask: Ask, settings: Settings, wanted: Wanted) -> Ask:
    """The question of the part that is one owner's, or of one environment.

    Raises UsageError for an environment that is not in the settings.
    """
    _require_environment(settings, wanted.environment)
    where = list(ask.where)
    if wanted.environment:
        where.append(where_text("environment", [wanted.environment]))
    if wanted.owner:
        where.append(where_text(f"tag:{settings.owners.tag}", [wanted.owner]))
    return replace(ask, where=tuple(where))


def _require_environment(settings: Settings, name: str | None) -> None:
    known = [one.name for one in settings.environments]
    if name and name not in known:
        fix = f"one of {', '.join(known)}" if known else "[environments.prod] in finops.toml"
        raise UsageError(f"no environment is called {name}", f"--env {name}", fix)


def _require_cost(ledger: Ledger, settings: Settings, owner: str) -> None:
    """A report of nobody's cost would say nothing was spent."""
    if not ledger.rows("select 1 from daily_cost limit 1"):
        tag = settings.owners.tag
        raise UsageError(
            f"no cost carries {tag}={owner}", f"--owner {owner}", f"finops spend --by tag:{tag} lists them"
        )
