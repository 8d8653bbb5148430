"""Billing periods, and time as whole hours since 1970 in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from finops.errors import UsageError
from finops.ingest.demo.estate import estate

HOURS_A_DAY = 24
MAX_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Period:
    """One billing period as one delivery of it saw it; hours are half-open, `cutoff` ends the data."""

    key: str
    start: int
    end: int
    cutoff: int
    final: bool
    delivery: str

    @property
    def discounted(self) -> bool:
        """Does the period have discounts, and so net columns?"""
        return self.start >= hour_of(estate().discounts_start)


def hour_of(moment: date) -> int:
    """Hours since 1970 of a date (its midnight) or of a datetime with a zone."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return int(moment.timestamp()) // 3600


def moment(hour: int) -> datetime:
    """The UTC time of an hour since 1970."""
    return datetime.fromtimestamp(hour * 3600, UTC)


@cache
def iso(hour: int) -> str:
    """The UTC time as reservations and savings plans spell it: 2026-08-01T00:00:00.000Z."""
    return f"{moment(hour):%Y-%m-%dT%H:%M:%S.000Z}"


def weekday(hour: int) -> int:
    """0 for Monday to 6 for Sunday: 1970 began on a Thursday."""
    return (hour // HOURS_A_DAY + 3) % 7


def months_since(hour: int, year: int, month: int) -> int:
    """Whole calendar months from the given month to the month of `hour`; negative before it."""
    when = moment(hour)
    return (when.year - year) * 12 + when.month - month


def periods(months: int, delivery: str = "last") -> list[Period]:
    """The newest delivery of each of `months` billing periods; or, of the restated one, the first."""
    if not 1 <= months <= MAX_MONTHS:
        raise UsageError(f"the demo estate has 1 to {MAX_MONTHS} months, not {months}", fix="--months 3")
    year, month = (int(part) for part in str(estate().open_month["key"]).split("-"))
    last = year * 12 + month - 1
    return [period(number, delivery) for number in range(last - months + 1, last + 1)]


def deliveries(newest: Period) -> list[Period]:
    """Every delivery of a period up to `newest`, in order."""
    if newest.key == estate().restated["key"] and newest.delivery == "last":
        return [period(_month_number(newest.key), "first"), newest]
    return [newest]


def period(number: int, delivery: str) -> Period:
    """The period of month `number` (year * 12 + month - 1)."""
    start, end = _month_start(number), _month_start(number + 1)
    key = f"{number // 12}-{number % 12 + 1:02d}"
    company = estate()
    if key == company.open_month["key"]:
        return Period(key, start, end, hour_of(company.open_month["cutoff"]), False, "last")
    if key == company.restated["key"] and delivery == "first":
        return Period(key, start, end, hour_of(company.restated["cutoff"]), False, "first")
    return Period(key, start, end, end, True, "last")


def _month_start(number: int) -> int:
    return hour_of(date(number // 12, number % 12 + 1, 1))


def _month_number(key: str) -> int:
    year, month = key.split("-")
    return int(year) * 12 + int(month) - 1
