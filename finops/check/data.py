"""Is there a ledger at all, whole, and young enough? Without that no other check means anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from finops.check.case import Case
from finops.check.result import Result, ok, unchecked
from finops.doctor.holdings import Holdings, newest_charge, read_holdings
from finops.errors import DataError

# AWS writes an export anew at least once a day, and usage may take another day to be in it.
DEFAULT_MAX_AGE_HOURS = Decimal(48)


def whole(case: Case) -> Iterator[Result]:
    """Every delivery that counts still has its files."""
    held = read_holdings(case.database)
    if held.lost:
        lost = ", ".join(f"{one.export} {one.period}" for one in held.lost)
        raise DataError(f"the files of {lost} are gone from the store", str(case.database), "ingest it again")
    months = held.periods
    span = f"{months[0]} to {months[-1]}" if len(months) > 1 else months[0]
    yield ok("data", "ledger", f"every file is there: {span}")
    loose = [f"{one.export} {one.period}" for one in held.counted if not one.vouched]
    if loose:
        words = f"no manifest vouches that these are complete: {', '.join(loose)}"
        yield Result("data", "completeness", "notice", words, next_step="ingest the folder that has the manifest")


def fresh(case: Case) -> Iterator[Result]:
    """Each payer's newest charge is young enough. What is too old, or of unknown age, could not be checked."""
    held = read_holdings(case.database)
    given = case.settings.check.max_age_hours
    limit = DEFAULT_MAX_AGE_HOURS if given is None else given
    for payer in sorted(held.by_payer):
        yield _age(case, held, payer, limit)


def _age(case: Case, held: Holdings, payer: str, limit: Decimal) -> Result:
    end = newest_charge(held.by_payer[payer])
    source = held.by_payer[payer][-1].source
    if end is None:
        why = DataError("no charge is of a single day, so nobody knows how old the data are", fix="ingest daily data")
        return unchecked("stale", why, payer)
    hours = max(0, -int(-(case.now - end) // timedelta(hours=1)))
    words = f"the newest charge ends {end:%Y-%m-%d %H:%M} UTC, {hours} hours ago; at most {limit} are allowed"
    if hours > limit:
        return unchecked("stale", DataError(words, fix=f"finops ingest {source}"), payer)
    return ok("stale", payer, words, value=f"{hours} h", limit=f"{limit} h")
