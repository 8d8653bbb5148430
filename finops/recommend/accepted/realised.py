"""What accepted advice saved so far: its days since, held against the mean day before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.recommend.accepted.arithmetic import Saved, runs, saved
from finops.recommend.accepted.days import NO_PRICE, Place, complete_days
from finops.recommend.accepted.entry import Entry
from finops.recommend.accepted.held_days import (
    bought_since,
    covered_days,
    lacks_prices,
    net_saving,
    runs_on,
    unused,
    used_share,
)
from finops.recommend.accepted.kinds import Kind, check_of
from finops.recommend.accepted.members import lines_of
from finops.recommend.accepted.status import RECENT_DAYS, Status, due, judged, recent
from finops.recommend.held import held
from finops.recommend.hours import complete_span

if TYPE_CHECKING:
    from finops.config.settings import Settings
    from finops.usage import Usage


@dataclass(frozen=True)
class Series:
    """What each day since saved. `why` it cannot be told, `untaken`: nothing was bought, `more`: what else to say."""

    days: Sequence[Saved] = ()
    why: str = ""
    untaken: str = ""
    more: str = ""


@dataclass(frozen=True)
class Realised:
    """What an entry saved: over `days` complete days since, and a month by the last week. None is not known.

    `other` is what changed beside it, of advice to use less the change of rates, of other advice the change of use, and
    `by_commitments` what these took off more than before. `due` is the promise over the days, at the use of each.
    """

    entry: Entry
    status: Status
    reason: str
    days: int
    own: Decimal | None = None
    monthly: Decimal | None = None
    other: Decimal | None = None
    by_commitments: Decimal | None = None
    due: Decimal | None = None
    kind: Kind = field(default_factory=lambda: Kind("", "", "", "", ""))


def realised(usage: Usage, settings: Settings, entries: Sequence[Entry]) -> list[Realised]:
    """Each entry with its status."""
    complete = complete_days(complete_span(usage.deliveries))
    return [_of_entry(usage, settings, one, [day for day in complete if day > one.accepted_on]) for one in entries]


def _of_entry(usage: Usage, settings: Settings, entry: Entry, days: Sequence[date]) -> Realised:
    kind = check_of(entry.kind, entry.service, entry.resource_id)
    if not kind.scope:
        return Realised(entry, "could not check", kind.why, len(days), kind=kind)
    if entry.currency != usage.currency:
        why = f"it was promised in {entry.currency}, the bill is in {usage.currency}"
        return Realised(entry, "could not check", why, len(days), kind=kind)
    if not days:
        return Realised(entry, "waiting", f"no complete day after {entry.accepted_on} is loaded", 0, kind=kind)
    series = _series(usage, settings, entry, kind, days)
    if series.why:
        return Realised(entry, "could not check", series.why, len(days), kind=kind)
    if series.untaken:
        owed = due(entry.promised, [Decimal(1)] * len(days)) if entry.promised is not None else None
        return Realised(entry, "not taken", series.untaken, len(days), Decimal(0), Decimal(0), due=owed, kind=kind)
    return _judged(entry, kind, series)


def _judged(entry: Entry, kind: Kind, series: Series) -> Realised:
    own = [one.own for one in series.days]
    if not own:
        return Realised(entry, "waiting", series.more, 0, kind=kind)
    beside = (_sum([one.other for one in series.days]), _sum([one.by_commitments for one in series.days]))
    levels = [one.level for one in series.days]
    status: Status = "could not check"
    reason, owed = "no saving was promised that it could be held against", None
    if entry.promised is not None and entry.promised > 0:
        status, reason = judged(own, levels, entry.promised, entry.promised_low)
        owed = due(entry.promised, levels)
    reason = "; ".join(part for part in (reason, series.more) if part)
    return Realised(entry, status, reason, len(own), sum(own, Decimal(0)), recent(own), *beside, owed, kind)


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    return None if None in values else sum((one for one in values if one is not None), Decimal(0))


def _series(usage: Usage, settings: Settings, entry: Entry, kind: Kind, days: Sequence[date]) -> Series:
    if kind.scope == "bought":
        return _of_bought(usage, entry, days)
    if entry.baseline.why:
        return Series(why=entry.baseline.why)
    if not entry.baseline.lines or not entry.baseline.cost:
        return Series(why="the bill shows no cost of it before it was accepted")
    if kind.scope == "held":
        return _of_held(usage, entry, days)
    return _of_lines(usage, settings, entry, kind, days)


def _of_lines(usage: Usage, settings: Settings, entry: Entry, kind: Kind, days: Sequence[date]) -> Series:
    place = Place(entry.account, entry.region, entry.service, entry.resource_id, entry.operation)
    daily = lines_of(usage, settings, kind, entry.id, place, days)
    if daily.why:
        return Series(why=daily.why)
    if kind.level and not any(runs(kind, daily.lines.get(day, ())) for day in days[-RECENT_DAYS:]):
        return Series(why=f"nothing of it ran on the last {min(len(days), RECENT_DAYS)} days: what does its work now?")
    found = [saved(kind, entry.baseline.lines, daily.lines.get(day, ())) for day in days]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return Series(why="the bill has no quantity of it before it was accepted")
    return Series(known)


def _of_bought(usage: Usage, entry: Entry, days: Sequence[date]) -> Series:
    found = bought_since(usage, entry)
    if not found:
        return Series(untaken=f"nothing like it began on the bill since {entry.accepted_on}")
    covered = covered_days(usage, days)
    if lacks_prices(found, covered):
        return Series(why=NO_PRICE)
    ran = [day for day in days if any(runs_on(one, day) for one in found)]
    hourly = sum((one.hourly for one in found), Decimal(0))
    share = used_share(found, covered, ran)
    used = "no whole day of it is loaded" if share is None else f"{share:.1f} % used"
    more = f"{hourly:.5f} an hour bought, {entry.terms.get('hourly_commitment', '?')} advised, {used}"
    return Series([Saved(net_saving(found, covered, day)) for day in ran], more=more)


def _of_held(usage: Usage, entry: Entry, days: Sequence[date]) -> Series:
    found = [one for one in held(usage.connection) if one.arn == entry.resource_id]
    if not found:
        return Series(why="the commitment is not on the bill any more")
    (one,) = found
    covered = covered_days(usage, days)
    ran = [day for day in days if runs_on(one, day)]
    if not ran:
        return Series(why="the commitment has ended")
    return Series([Saved(entry.baseline.cost - unused(one, covered, day)) for day in ran])
