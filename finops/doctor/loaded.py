"""Checks of the ledger: is everything there, is it fresh, is it final where it should be."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from finops.catalog import Delivery
from finops.choose import of_another_version
from finops.doctor.case import Case
from finops.doctor.check import Verdict, ok, problem, several, unchecked
from finops.doctor.holdings import Holdings, missing_months, newest_charge
from finops.errors import FinopsError

# AWS writes an export anew at least once a day, and usage may take another day to be in it.
FRESH_HOURS = Decimal(48)
# AWS invoices a month in the first days of the next one; its guide calls the files final two weeks after month's end.
_INVOICED_BY_DAY = 15

_Rule = Callable[[Case, Holdings], Verdict]


def database(case: Case) -> Verdict:
    """There is a database, it can be read, and something is in it."""
    found = case.holdings
    if isinstance(found, FinopsError):
        return problem(f"{found.what} ({case.database})", found.fix or "finops ingest FOLDER")
    names = sorted({one.export for one in found.counted})
    months = f"{found.periods[0]} to {found.periods[-1]}" if len(found.periods) > 1 else found.periods[0]
    return ok(f"{case.database}: {months} from {several(names)}")


def with_holdings(rule: _Rule) -> Callable[[Case], Verdict]:
    """A check of what is loaded: where nothing is, it cannot be made."""

    def check(case: Case) -> Verdict:
        found = case.holdings
        return unchecked("nothing is loaded") if isinstance(found, FinopsError) else rule(case, found)

    return check


def files(case: Case, held: Holdings) -> Verdict:
    """Every delivery in the catalog still has its files in the store, whole, and as this version makes them."""
    other = [one for one in held.counted if of_another_version(one)]
    if other and not held.lost:
        return problem(f"another version of finops loaded {_named(other)}", "finops db upgrade")
    if held.damaged and not held.lost:
        said = f"the files of {_named(held.damaged)} are damaged: they are not what was written"
        return problem(said, "finops db upgrade, or ingest that period again")
    if not held.lost:
        return ok("every delivery has its files beside the database")
    return problem(f"the files of {_named(held.lost)} are gone from the store", _ingest(held.lost[0]))


def freshness(case: Case, held: Holdings) -> Verdict:
    """Each payer's newest charge is as recent as it can be."""
    ends = {payer: newest_charge(group) for payer, group in held.by_payer.items()}
    unknown = sorted(payer for payer, end in ends.items() if end is None)
    if unknown:
        return unchecked(f"no charge of payer {several(unknown)} is of a single day, so its age is unknown")
    payer, end = min(((payer, end) for payer, end in ends.items() if end), key=lambda one: one[1])
    hours, limit = _hours(case.now - end), _limit(case)
    whose = f"of payer {payer} " if len(ends) > 1 else ""
    said = f"newest charge {whose}ends {end:%Y-%m-%d %H:%M} UTC, {hours} h ago (limit {limit} h)"
    return ok(said) if hours <= limit else problem(said, _ingest(held.by_payer[payer][-1]))


def months(case: Case, held: Holdings) -> Verdict:
    """No billing period is missing between a payer's first and last."""
    missing = {payer: list(missing_months(group)) for payer, group in held.by_payer.items()}
    lacking = [f"{several(found)} of payer {payer}" for payer, found in missing.items() if found]
    if not lacking:
        return ok("no month is missing between the first and the last")
    payer = next(payer for payer, found in missing.items() if found)
    return problem(f"missing: {'; '.join(lacking)}", _ingest(held.by_payer[payer][-1]))


def closed_months(case: Case, held: Holdings) -> Verdict:
    """A month that AWS has invoiced by now is loaded with its invoice ids."""
    due = [one for one in held.counted if case.now.date() > _invoiced_by(one.period)]
    late, unknown = [one for one in due if one.final is False], [one for one in due if one.final is None]
    if late:
        return problem(f"still estimated though invoiced by now: {_named(late)}", _ingest(late[0]))
    if unknown:
        return unchecked(
            f"no invoice ids in {_named(unknown)}", "add bill_invoice_id (InvoiceId) to the export's query"
        )
    return ok(f"invoiced: {several([one.period for one in due])}" if due else "no loaded month is invoiced yet")


def vouched(case: Case, held: Holdings) -> Verdict:
    """A manifest says that each delivery is complete."""
    loose = [one for one in held.counted if not one.vouched]
    if not loose:
        return ok("a manifest vouches for every delivery")
    return problem(
        f"nothing vouches that these are complete: {_named(loose)}", "ingest the folder that has the manifest"
    )


def _limit(case: Case) -> Decimal:
    if isinstance(case.settings, FinopsError):
        return FRESH_HOURS
    given = case.settings.check.max_age_hours
    return FRESH_HOURS if given is None else given


def _hours(age: timedelta) -> int:
    # Rounded up: what is a minute too old is too old.
    return max(0, -int(-age // timedelta(hours=1)))


def _invoiced_by(period: str) -> date:
    year, month = (int(part) for part in period.split("-"))
    return date(year + month // 12, month % 12 + 1, _INVOICED_BY_DAY)


def _named(deliveries: Sequence[Delivery]) -> str:
    return several([f"{one.export} {one.period}" for one in deliveries])


def _ingest(delivery: Delivery) -> str:
    return f"finops ingest {shlex.quote(delivery.source)}"
