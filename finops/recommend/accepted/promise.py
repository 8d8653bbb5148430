"""Advice that is accepted: found by its id among all that is advised today, with what the bill showed before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from finops.document import Rows
from finops.errors import DataError, UsageError
from finops.recommend.accepted.days import Place, complete_days, mean_day
from finops.recommend.accepted.entry import Baseline, Entry, Line
from finops.recommend.accepted.held_days import covered_days, unused
from finops.recommend.accepted.kinds import kind_of
from finops.recommend.accepted.members import lines_of, members
from finops.recommend.held import held
from finops.recommend.hours import complete_span
from finops.recommend.review.asked import Advice

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.document import Document
    from finops.usage import Usage

    Opened = Callable[[], AbstractContextManager[Usage]]

# How many days a mean day is of.
BASELINE_DAYS = 30
_TERMS = ("plan_type", "term", "payment_option", "hourly_commitment", "instance_family")
_EXACT = Decimal("1e-10")


@dataclass(frozen=True)
class Acceptance:
    """What a person says when advice is accepted: which, since when, why."""

    prefixes: Sequence[str]
    on: date
    note: str = ""


def promises(opened: Opened, settings: Settings, asked: Acceptance, inventory: Path | None = None) -> list[Entry]:
    """An entry for each piece of advice of today; `opened` opens the rows of the bill.

    Raises UsageError where no or several ids begin so or where one saves nothing, DataError where no day before is
    loaded.
    """
    found = _found(opened, settings, asked.prefixes, inventory)
    for one in found:
        require_saving(one)
    with opened() as usage:
        days = [day for day in complete_days(complete_span(usage.deliveries)) if day < asked.on][-BASELINE_DAYS:]
        if not days:
            what = f"no complete day before {asked.on} is loaded: there is nothing to hold later bills against"
            raise DataError(what, "--on", "load an earlier month")
        for one in found:
            _require_members(usage, settings, one)
        return [_entry(usage, settings, one, asked, days) for one in found]


def require_saving(advice: Advice) -> None:
    """Raises UsageError for advice to leave things as they are."""
    if advice.saving is not None and advice.saving <= 0:
        raise UsageError(
            f"the advice {advice.id} saves nothing: {advice['action']}", "ID", "accept what saves something"
        )


def _require_members(usage: Usage, settings: Settings, advice: Advice) -> None:
    """Raises UsageError for a group of instances that later bills cannot tell: no tag says who belongs to it."""
    if kind_of(advice).scope == "group" and not members(usage, settings, advice.id, _place(advice)):
        group = advice["resource_id"]
        what = f"no later bill tells who belongs to {group}: its instances are alike, and no tag names them"
        fix = "tag them, as with a Name of runners or an Auto Scaling group: then it is a group by that name"
        raise UsageError(what, advice.id, fix)


def _place(advice: Advice) -> Place:
    account, region, service, resource = (
        str(advice[name] or "") for name in ("account", "region", "service", "resource_id")
    )
    return Place(account, region, service, resource, advice["operation"])


def _found(opened: Opened, settings: Settings, prefixes: Sequence[str], inventory: Path | None) -> list[Advice]:
    """The advice whose ids begin so: verbs are asked one by one, the cheapest first, until all are found."""
    found: dict[str, Advice] = {}
    for make in (_waste, partial(_lifecycle, inventory), partial(_hourly, _spot), partial(_hourly, _commitments)):
        with opened() as usage:
            rows = _advice(make(usage, settings))
        found |= {prefix: one for prefix in prefixes if (one := _one(rows, prefix))}
        if len(found) == len(set(prefixes)):
            return list({one.id: one for one in found.values()}.values())
    missing = next(prefix for prefix in prefixes if prefix not in found)
    fix = "finops recommend --format csv lists ids, recommend commitments those of every offer"
    raise UsageError(f"nothing is advised today under the id {missing}", "ID", fix)


def _advice(document: Document | None) -> list[Advice]:
    rows = document.rows if document else Rows.of((), [])
    return [Advice(dict(zip(rows.names, row, strict=True))) for row in rows.read(None)]


def _one(rows: Sequence[Advice], prefix: str) -> Advice | None:
    of = [one for one in rows if one.id == prefix] or [one for one in rows if one.id.startswith(prefix)]
    if len(of) > 1:
        raise UsageError(f"{len(of)} ids begin with {prefix}", "ID", f"more of it, such as {of[0].id}")
    return of[0] if of else None


def _waste(usage: Usage, settings: Settings) -> Document:
    from finops.recommend.waste import waste
    from finops.usage import price_book

    return waste(usage, settings, price_book(usage))


def _lifecycle(inventory: Path | None, usage: Usage, settings: Settings) -> Document:
    from finops.recommend.lifecycle import lifecycle
    from finops.recommend.lifecycle_prices import StoragePrices
    from finops.usage import price_book

    return lifecycle(usage, StoragePrices.of(price_book(usage)), settings, inventory)


def _hourly(make: Callable[[Usage, Settings], Document], usage: Usage, settings: Settings) -> Document | None:
    """The document of a verb that needs hours; None of a bill by the day, on which it refuses to advise."""
    try:
        return make(usage, settings)
    except UsageError:
        return None


def _spot(usage: Usage, settings: Settings) -> Document:
    from finops.recommend.hours import hourly_facts
    from finops.recommend.spot import spot
    from finops.recommend.spot_prices import spot_book
    from finops.recommend.spot_rerun import Pool
    from finops.usage import price_book

    facts, problems = hourly_facts(usage)
    book = price_book(usage)
    return spot(usage, settings, Pool(facts, held(usage.connection), book), spot_book(usage, book), problems)


def _commitments(usage: Usage, settings: Settings) -> Document:
    from finops.recommend.choosing import Question
    from finops.recommend.commitments import commitments
    from finops.recommend.hours import hourly_facts
    from finops.usage import price_book

    facts, problems = hourly_facts(usage)
    question = Question(facts, held(usage.connection), price_book(usage), settings)
    return commitments(usage, question, problems)[0]


def _entry(usage: Usage, settings: Settings, advice: Advice, asked: Acceptance, days: Sequence[date]) -> Entry:
    terms = {name: str(advice[name]) for name in _TERMS if advice[name] is not None}
    texts = {
        name: str(advice[name] or "")
        for name in ("account", "region", "service", "resource_id", "owner", "action", "basis")
    }
    return Entry(
        id=advice.id,
        kind=advice.kind,
        **texts,
        certainty=str(advice["class"]),
        currency=usage.currency,
        accepted_on=asked.on,
        note=asked.note,
        promised=advice.saving,
        promised_low=advice["saving_low"],
        promised_high=advice["saving_high"],
        baseline=_baseline(usage, settings, advice, days),
        terms=terms,
        operation=advice["operation"],
    )


def _baseline(usage: Usage, settings: Settings, advice: Advice, days: Sequence[date]) -> Baseline:
    kind = kind_of(advice)
    known = tuple(sorted(one.arn for one in held(usage.connection))) if kind.scope == "bought" else ()
    lines: tuple[Line, ...] = ()
    why = ""
    place = _place(advice)
    if kind.scope in ("resource", "place", "tasks", "group"):
        daily = lines_of(usage, settings, kind, advice.id, place, days)
        lines, why = mean_day(daily, len(days)), daily.why
    elif kind.scope == "held":
        lines = _idle_before(usage, advice, days)
    return Baseline(days[0], days[-1] + timedelta(days=1), len(days), lines, known, why)


def _idle_before(usage: Usage, advice: Advice, days: Sequence[date]) -> tuple[Line, ...]:
    covered = covered_days(usage, days)
    found = [one for one in held(usage.connection) if one.arn == advice["resource_id"]]
    costs = [unused(one, covered, day) for one in found for day in days if one.start is None or one.start.date() < day]
    if not costs:
        return ()
    mean = (sum(costs, Decimal(0)) / len(costs)).quantize(_EXACT)
    return (Line("unused", mean, mean, None),)
